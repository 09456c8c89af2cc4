import { Problem, problem } from "../../kernel/errors.ts";
import { formatId, type Id } from "../../kernel/ids.ts";
import type { Currency } from "../../kernel/money.ts";
import { lockDay, postWithHolds } from "../../ledger/index.ts";
import type { Merchant, MerchantIdentity } from "../../merchants/index.ts";
import type { Actor } from "../../operators/index.ts";
import { canonical, differingFields } from "../../payments/index.ts";
import { type PayeeCurrency, termsOfAll, usableBankAccounts } from "../accounts/store.ts";
import { lockBatch, updateBatch, without } from "../batch/store.ts";
import type { PayoutsDeps } from "../deps.ts";
import { type BankAccount, DEFAULT_TERMS, type Payee, type Payout, type PayoutTerms } from "../model.ts";
import { isSameName } from "../names.ts";
import { type KnownPayee, requireCurrency } from "../payees/payee.ts";
import { insertWithHolds } from "./insert.ts";
import { lockPayouts, payoutById, payoutByNumber } from "./store.ts";
import { rejectUnsent } from "./unsent.ts";
import type { CreatePayout } from "./wire.ts";

export type Wish = {
  readonly number: string;
  readonly request: string;
  readonly settlementId: Id | null;
  readonly amount: bigint;
  readonly currency: Currency;
  readonly remark: string | null;
};

/**
 * Puts a payout's money aside. Refusals, in this order: `number_reused`, `currency_not_supported`,
 * `forbidden` (suspended), `bank_account_not_verified`, `insufficient_balance`.
 */
export async function createPayout(
  deps: PayoutsDeps,
  { merchant }: Pick<MerchantIdentity, "merchant">,
  body: CreatePayout,
): Promise<{ payout: Payout; isNew: boolean }> {
  const request = canonical(body);
  const number = body.merchant_payout_no;
  const earlier = await sameAsBefore(deps, merchant.id, number, request);
  if (earlier !== null) return { payout: earlier, isNew: false };
  const wish: Wish = {
    number,
    request,
    settlementId: null,
    amount: BigInt(body.amount),
    currency: body.currency,
    remark: body.remark ?? null,
  };
  const destination = await destinationOf(deps, merchant, wish.currency);
  const payout = newPayout(deps, ownPayee(merchant.id), wish, destination);
  const inserted = await deps.cell.transact(async (tx) => {
    const done = await insertWithHolds(deps, tx, [payout], payout.createdAt);
    const short = done.short.get(payout.id);
    if (short !== undefined) throw shortOf(short);
    return done;
  });
  if (!inserted.duplicates.has(payout.id)) return { payout, isNew: true };
  const winner = await sameAsBefore(deps, merchant.id, number, request);
  if (winner === null) throw new Error(`the payout ${number} vanished between two statements`);
  return { payout: winner, isNew: false };
}

/** The payout that was asked for by the same words. Throws `number_reused` for other words. */
export async function sameAsBefore(
  deps: PayoutsDeps,
  payeeId: Id,
  number: string,
  request: string,
): Promise<Payout | null> {
  const earlier = await payoutByNumber(deps.cell.db, payeeId, number);
  if (earlier === null) return null;
  const fields = differingFields(earlier.request, request);
  if (fields.length === 0) return earlier;
  throw problem("number_reused", {
    field: fields[0] as string,
    detail: `${number} was used with a different ${fields.join(", ")}`,
    members: { fields },
  });
}

export function shortOf(short: bigint) {
  return problem("insufficient_balance", {
    field: "amount",
    detail: `the available balance, less what is held, is short of ${short} (the payout's fee included)`,
    members: { short: Number(short) },
  });
}

/** A merchant as the payee of its own money. */
export function ownPayee(merchantId: Id): Payee {
  return { payeeKind: "merchant", payeeId: merchantId };
}

export type Destination = { readonly account: BankAccount; readonly terms: PayoutTerms };

/**
 * Where a merchant's payouts go now, and on which terms. Throws `currency_not_supported`, `forbidden`, and
 * `bank_account_not_verified` also where the merchant's registered name has changed since.
 */
export async function destinationOf(
  deps: PayoutsDeps,
  merchant: Merchant,
  currency: Currency,
): Promise<Destination> {
  const [found] = await destinationsOf(deps, [{ merchant, currency }]);
  return orThrow(found);
}

/** As `destinationOf` for many, in their order; what it would throw is given. */
export async function destinationsOf(
  deps: PayoutsDeps,
  wanted: readonly { readonly merchant: Merchant; readonly currency: Currency }[],
): Promise<readonly (Destination | Problem)[]> {
  const payees = wanted.map(({ merchant, currency }) => ({
    payeeId: merchant.id,
    registeredName: merchant.legalName,
    currency,
  }));
  const found = await destinationsOfPayees(deps, payees);
  return wanted.map(({ merchant, currency }, at) => {
    const refusal = refusalOf(() => {
      requireCurrency({ merchant }, currency);
      deps.merchants.requireActive(merchant);
    });
    return refusal ?? (found[at] as Destination | Problem);
  });
}

/** As `destinationOf`, for a payee whose currency was looked at. Throws `bank_account_not_verified`. */
export async function destinationOfPayee(
  deps: PayoutsDeps,
  payee: Omit<KnownPayee, "merchant">,
  currency: Currency,
): Promise<Destination> {
  const [found] = await destinationsOfPayees(deps, [{ ...payee, currency }]);
  return orThrow(found);
}

async function destinationsOfPayees(
  { platform, cell }: PayoutsDeps,
  payees: readonly (PayeeCurrency & Pick<KnownPayee, "registeredName">)[],
): Promise<readonly (Destination | Problem)[]> {
  const keyOf = ({ payeeId, currency }: PayeeCurrency) => `${payeeId} ${currency}`;
  const accounts = await usableBankAccounts(platform.db, payees, cell.clock.now());
  const terms = await termsOfAll(platform.db, payees);
  const [accountOf, termsOfPayee] = [
    new Map(accounts.map((account) => [keyOf(account), account])),
    new Map(terms.map((each) => [keyOf(each), each])),
  ];
  return payees.map((payee) => {
    const account = accountOf.get(keyOf(payee));
    if (account === undefined) return problem("bank_account_not_verified");
    if (!isSameName(account.holderName, payee.registeredName)) {
      return problem("bank_account_not_verified", {
        detail: "the verified account's holder is not the payee's present registered name",
      });
    }
    return { account, terms: termsOfPayee.get(keyOf(payee)) ?? DEFAULT_TERMS };
  });
}

/** What it throws of problems. */
function refusalOf(check: () => void): Problem | null {
  try {
    check();
    return null;
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
}

function orThrow(found: Destination | Problem | undefined): Destination {
  if (found === undefined) throw new Error("a payee has neither a destination nor a refusal");
  if (found instanceof Problem) throw found;
  return found;
}

export function newPayout(
  deps: PayoutsDeps,
  { payeeKind, payeeId }: Payee,
  wish: Wish,
  { account, terms }: Destination,
): Payout {
  return {
    id: deps.cell.newId(),
    payeeKind,
    payeeId,
    merchantPayoutNo: wish.number,
    request: wish.request,
    settlementId: wish.settlementId,
    amount: wish.amount,
    fee: terms.fee,
    currency: wish.currency,
    bankAccountId: account.id,
    holderName: account.holderName,
    bankCode: account.bankCode,
    numberLast: account.numberLast,
    remark: wish.remark,
    state: "created",
    batchId: null,
    failureCode: null,
    failureMessage: null,
    contradicted: false,
    createdAt: deps.cell.clock.now(),
    sentAt: null,
    acceptedAt: null,
    rejectedAt: null,
    succeededAt: null,
    returnedAt: null,
    paidEntry: null,
    returnedEntry: null,
    paidBookedAt: null,
    returnedBookedAt: null,
    dueAt: null,
  };
}

/** Throws `not_found`; `merchantId` null: whoever's it is. */
export async function getPayout(deps: PayoutsDeps, merchantId: Id | null, id: Id): Promise<Payout> {
  const payout = await payoutById(deps.cell.db, id);
  if (payout === null || (merchantId !== null && payout.payeeId !== merchantId)) throw problem("not_found");
  return payout;
}

/**
 * Gives a payout's money back before anybody sends it: an operator alone may, since nothing leaves. It leaves
 * a batch that is only proposed, which is less by it. Throws `not_found`, or `conflict` once its batch is
 * approved.
 */
export async function withdrawPayout(
  deps: PayoutsDeps,
  actor: Actor,
  id: Id,
  reason: string,
): Promise<Payout> {
  const { cell } = deps;
  const known = await getPayout(deps, null, id);
  const isMerchants = known.payeeKind === "merchant";
  const endpoints = await deps.webhooks.endpointsOf(isMerchants ? [known.payeeId] : []);
  const { payout, deliveries } = await cell.transact(async (tx) => {
    const day = await lockDay(tx, cell.cell);
    // Batches are locked before payouts.
    const batch = known.batchId === null ? null : await lockBatch(tx, known.batchId);
    const [locked] = await lockPayouts(tx, [id]);
    if (locked === undefined) throw problem("not_found");
    if (locked.state === "rejected") return { payout: locked, deliveries: [] };
    const isProposed =
      locked.batchId === null || (locked.batchId === batch?.id && batch.state === "proposed");
    if (locked.state !== "created" || !isProposed) {
      throw problem("conflict", { detail: `the payout is ${locked.state} and in a batch` });
    }
    const at = cell.clock.now();
    if (batch !== null && batch.id === locked.batchId) await updateBatch(tx, without(batch, [locked], at));
    const failure = { code: "withdrawn", message: reason };
    const ended = await rejectUnsent(deps, tx, [{ payout: locked, failure }], endpoints);
    await postWithHolds(tx, day, { drafts: [], holds: ended.holds }, at);
    const [payout] = ended.payouts;
    return { payout: payout as Payout, deliveries: ended.deliveries };
  });
  deps.webhooks.deliver(deliveries);
  await deps.operators.auditAlone(actor, {
    action: "payout.withdrawn",
    subject: formatId("pyt", id),
    before: { status: known.state },
    after: { status: payout.state, reason },
  });
  return payout;
}
