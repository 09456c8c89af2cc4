/** Payouts of what partners and receivers are owed: asked for by an operator, sent by two like any other. */
import { problem } from "../../kernel/errors.ts";
import { formatId } from "../../kernel/ids.ts";
import { type Currency, moneyText } from "../../kernel/money.ts";
import type { Actor } from "../../operators/index.ts";
import { canonical } from "../../payments/index.ts";
import type { PayoutsDeps } from "../deps.ts";
import { type Payout, SOURCE_CODES } from "../model.ts";
import { formatPayee, type KnownPayee, requireCurrency } from "../payees/payee.ts";
import { type Destination, destinationOfPayee, newPayout, sameAsBefore } from "../payout/service.ts";
import { insertSources } from "../payout/sources.ts";
import { insertPayouts, payoutByNumber } from "../payout/store.ts";
import { drawFrom, type Owed } from "./draw.ts";
import { type Creditor, lockOwed } from "./store.ts";

export type PayOwed = {
  readonly payoutNo: string;
  readonly currency: Currency;
  /** Null: as much as is owed. */
  readonly amount: bigint | null;
  readonly remark: string | null;
};

export type Owing = {
  readonly payee: KnownPayee;
  readonly creditor: Creditor;
  readonly prepare: () => Promise<void>;
};

/**
 * Makes a payout of what is owed; the same request again gives the same payout, whatever holds by then. What
 * a refund takes back later does not change it: it is carried. `prepare` is called for a new one: it brings
 * up to date what is owed, or refuses. Refusals, in this order: `number_reused`, those of `prepare`,
 * `currency_not_supported`, `bank_account_not_verified`, `nothing_to_pay_out`, `insufficient_balance`,
 * `amount_out_of_range` (below the payee's minimum).
 */
export async function payOwed(
  deps: PayoutsDeps,
  actor: Actor,
  { payee, creditor, prepare }: Owing,
  wanted: PayOwed,
): Promise<{ payout: Payout; isNew: boolean }> {
  const { payoutNo, currency } = wanted;
  const request = requestOf(wanted);
  const earlier = await sameAsBefore(deps, payee.payeeId, payoutNo, request);
  if (earlier !== null) return { payout: earlier, isNew: false };
  await prepare();
  requireCurrency(payee, currency);
  const destination = await destinationOfPayee(deps, payee, currency);
  const made = await deps.cell.transact(async (tx) => {
    // Before the number: its amount is not known sooner, and nobody takes the two the other way round.
    const owed = await lockOwed(tx, creditor, currency);
    // The same request at the same moment has had the lock before, and all that was owed.
    if ((await payoutByNumber(tx, payee.payeeId, payoutNo)) !== null) return null;
    const { sources, amount } = drawn(owed, wanted, destination);
    const wish = { number: payoutNo, request, settlementId: null, amount, currency, remark: wanted.remark };
    const payout = newPayout(deps, payee, wish, destination);
    const written = await insertPayouts(tx, [payout], payout.createdAt);
    if (!written.has(payout.id)) return null;
    const code = SOURCE_CODES[creditor.kind];
    await insertSources(
      tx,
      sources.map((source) => ({ ...source, payoutId: payout.id, code })),
    );
    return payout;
  });
  if (made === null) {
    const winner = await sameAsBefore(deps, payee.payeeId, payoutNo, request);
    if (winner === null) throw new Error(`the payout ${payoutNo} vanished between two statements`);
    return { payout: winner, isNew: false };
  }
  await deps.operators.auditAlone(actor, {
    action: "payout.made",
    subject: formatId("pyt", made.id),
    before: null,
    after: { payee: formatPayee(payee), amount: Number(made.amount), currency },
  });
  return { payout: made, isNew: true };
}

function drawn(owed: readonly Owed[], wanted: PayOwed, { terms, account }: Destination) {
  const { currency, amount } = wanted;
  const shown = (sum: bigint) => moneyText({ amount: sum, currency });
  const found = drawFrom(owed, amount);
  if ("short" in found) {
    const { payable } = found;
    const field = amount === null ? "currency" : "amount";
    const members = { payable: Number(payable) };
    if (payable === 0n) {
      const name = account.holderName;
      throw problem("nothing_to_pay_out", {
        field,
        detail: `${name} is owed nothing in ${currency}`,
        members,
      });
    }
    throw problem("insufficient_balance", {
      field,
      detail: `${shown(payable)} can be paid out at once, of what is owed and not in a payout already`,
      members,
    });
  }
  if (found.amount >= terms.minimum) return found;
  throw problem("amount_out_of_range", {
    field: amount === null ? "currency" : "amount",
    detail: `it would be ${shown(found.amount)}; less than ${shown(terms.minimum)} is not paid out`,
    members: { minimum: Number(terms.minimum), amount: Number(found.amount) },
  });
}

function requestOf({ payoutNo, currency, amount, remark }: PayOwed): string {
  return canonical({
    payout_no: payoutNo,
    currency,
    ...(amount === null ? {} : { amount: Number(amount) }),
    ...(remark === null ? {} : { remark }),
  });
}
