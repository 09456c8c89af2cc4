import { problem } from "../../kernel/errors.ts";
import { formatId, type Id } from "../../kernel/ids.ts";
import { type Currency, isCurrency } from "../../kernel/money.ts";
import { lockDay, postWithHolds } from "../../ledger/index.ts";
import { type Merchant, type MerchantIdentity, settlesIn } from "../../merchants/index.ts";
import type { Actor } from "../../operators/index.ts";
import { canonical, differingFields } from "../../payments/index.ts";
import { termsOf, usableBankAccount } from "../accounts/store.ts";
import type { PayoutsDeps } from "../deps.ts";
import { type BankAccount, DEFAULT_TERMS, type Payout, type PayoutTerms } from "../model.ts";
import { isSameName } from "../names.ts";
import { merchantAccount } from "../outcome/postings.ts";
import { insertWithHolds } from "./insert.ts";
import { lockPayouts, payoutById, payoutByNumber, updatePayouts } from "./store.ts";
import { type CreatePayout, presentPayout } from "./wire.ts";

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
  const payout = newPayout(deps, merchant, wish, await destinationOf(deps, merchant, wish.currency));
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

async function sameAsBefore(
  deps: PayoutsDeps,
  merchantId: Id,
  number: string,
  request: string,
): Promise<Payout | null> {
  const earlier = await payoutByNumber(deps.cell.db, merchantId, number);
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
  if (!isCurrency(currency) || !settlesIn(merchant, currency)) {
    const own = merchant.currencies.map((held) => held.currency).join(", ");
    throw problem("currency_not_supported", { field: "currency", detail: `the merchant settles in ${own}` });
  }
  deps.merchants.requireActive(merchant);
  const at = deps.cell.clock.now();
  const account = await usableBankAccount(deps.platform.db, merchant.id, currency, at);
  if (account === null) throw problem("bank_account_not_verified");
  if (!isSameName(account.holderName, merchant.legalName)) {
    throw problem("bank_account_not_verified", {
      detail: "the verified account's holder is not the merchant's present registered name",
    });
  }
  const terms = (await termsOf(deps.platform.db, merchant.id, currency)) ?? DEFAULT_TERMS;
  return { account, terms };
}

export function newPayout(
  deps: PayoutsDeps,
  merchant: Pick<Merchant, "id">,
  wish: Wish,
  { account, terms }: Destination,
): Payout {
  return {
    id: deps.cell.newId(),
    merchantId: merchant.id,
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
  if (payout === null || (merchantId !== null && payout.merchantId !== merchantId))
    throw problem("not_found");
  return payout;
}

/**
 * Gives a payout's money back before anybody sends it: an operator alone may, since nothing leaves. Throws
 * `not_found`, or `conflict` once it is in a batch.
 */
export async function withdrawPayout(
  deps: PayoutsDeps,
  actor: Actor,
  id: Id,
  reason: string,
): Promise<Payout> {
  const { cell } = deps;
  const known = await getPayout(deps, null, id);
  const endpoints = await deps.webhooks.endpointsOf([known.merchantId]);
  const { payout, deliveries } = await cell.transact(async (tx) => {
    const day = await lockDay(tx, cell.cell);
    const [locked] = await lockPayouts(tx, [id]);
    if (locked === undefined) throw problem("not_found");
    if (locked.state === "rejected") return { payout: locked, deliveries: [] };
    if (locked.state !== "created" || locked.batchId !== null) {
      throw problem("conflict", { detail: `the payout is ${locked.state} and in a batch` });
    }
    const at = cell.clock.now();
    const rejected: Payout = {
      ...locked,
      state: "rejected",
      rejectedAt: at,
      failureCode: "withdrawn",
      failureMessage: reason,
    };
    await updatePayouts(tx, [rejected]);
    const recorded = await deps.webhooks.record(tx, endpoints, [
      {
        id: cell.newId(),
        merchantId: rejected.merchantId,
        type: "payout.rejected",
        subjectId: id,
        paymentId: null,
        data: { payout: presentPayout(rejected) },
        createdAt: at,
      },
    ]);
    const account = merchantAccount(locked, "merchant_available");
    await postWithHolds(tx, day, { drafts: [], holds: [{ hold: "release", id, account }] }, at);
    return { payout: rejected, deliveries: recorded };
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
