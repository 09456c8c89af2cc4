import type { Channels } from "../../channels/index.ts";
import { SECOND } from "../../kernel/clock.ts";
import type { Cell } from "../../kernel/database.ts";
import { type Problem, problem } from "../../kernel/errors.ts";
import type { Id } from "../../kernel/ids.ts";
import { creditLineOf, type MerchantIdentity } from "../../merchants/index.ts";
import type { Calls } from "../attempt/calls.ts";
import type { Refund } from "../model.ts";
import type { WishResult } from "../outcome/commands.ts";
import type { Door } from "../outcome/door.ts";
import { canonical, differingFields } from "../payment/request.ts";
import type { Payments } from "../payment/service.ts";
import type { CreateRefund } from "./request.ts";
import { refundById } from "./store.ts";

export type RefundsDeps = {
  readonly cell: Cell;
  readonly channels: Pick<Channels, "account">;
  readonly payments: Pick<Payments, "get">;
  readonly door: Door;
  readonly calls: Calls;
};

export type Refunds = {
  /**
   * Puts the money aside and sends the refund to the channel. The same request again returns the same refund
   * as it now is. Refusals, in this order: `not_found`, `number_reused`, `payment_not_refundable`,
   * `refund_window_over`, `refund_parts_exhausted`, `refund_exceeds_payment`, `payment_disputed`,
   * `insufficient_balance`.
   */
  create(
    identity: Pick<MerchantIdentity, "merchant">,
    paymentId: Id,
    body: CreateRefund,
  ): Promise<{ readonly refund: Refund; readonly isNew: boolean }>;
  /** Throws `not_found` for anything that is not this merchant's. */
  get(merchantId: Id, refundId: Id): Promise<Refund>;
};

export function createRefundsService(deps: RefundsDeps): Refunds {
  return {
    create: (identity, paymentId, body) => create(deps, identity, paymentId, body),
    get: async (merchantId, refundId) => {
      const refund = await refundById(deps.cell.db, refundId);
      if (refund === null || refund.merchantId !== merchantId) throw problem("not_found");
      return refund;
    },
  };
}

async function create(
  deps: RefundsDeps,
  { merchant }: Pick<MerchantIdentity, "merchant">,
  paymentId: Id,
  body: CreateRefund,
): Promise<{ refund: Refund; isNew: boolean }> {
  const { payment, attempts } = await deps.payments.get(merchant.id, paymentId);
  const success = attempts.find((attempt) => attempt.id === payment.successAttemptId);
  if (success === undefined) {
    throw problem("payment_not_refundable", { detail: `the payment is ${payment.status}` });
  }
  const account = await deps.channels.account(success.channelAccountId);
  if (account === null)
    throw new Error(`the attempt ${success.id} names a channel account that is not there`);
  const id = deps.cell.newId();
  const done = await deps.door.submit({
    kind: "refund",
    paymentId,
    merchantId: merchant.id,
    channelAccountId: account.id,
    refund: {
      id,
      merchantRefundNo: body.merchant_refund_no,
      amount: body.amount === undefined ? null : BigInt(body.amount),
      reason: body.reason ?? null,
      request: canonical(body),
      creditLine: creditLineOf(merchant, payment.currency),
      feeReturned: account.feeReturnedOnRefund,
      windowDays: account.refundWindowDays,
      partsMax: account.refundPartsMax,
      spacingMs: account.refundSpacingSeconds * SECOND,
    },
  });
  const wish = done.wish as WishResult;
  if (!wish.done) throw refusal(wish, body);
  const refund = done.refunds.find((known) => known.id === wish.refund?.id) ?? (wish.refund as Refund);
  if (wish.existing === true) return { refund, isNew: false };
  // Where the channel wants its parts apart, the worker sends it when its turn has come.
  if (wish.queued === true) return { refund, isNew: true };
  const sent = await deps.calls.refund(refund, success, "buyer");
  return { refund: sent.refunds.find((known) => known.id === refund.id) ?? refund, isNew: true };
}

function refusal(wish: Extract<WishResult, { done: false }>, body: CreateRefund): Problem {
  switch (wish.refusal) {
    case "number_reused": {
      const fields = wish.refund === undefined ? [] : differingFields(wish.refund.request, canonical(body));
      const what = fields.length === 0 ? "payment" : fields.join(", ");
      return problem("number_reused", {
        field: fields[0] ?? "merchant_refund_no",
        detail: `${body.merchant_refund_no} was used with a different ${what}`,
        members: { fields: fields.length === 0 ? ["payment"] : fields },
      });
    }
    case "refund_exceeds_payment":
      return problem("refund_exceeds_payment", {
        field: "amount",
        detail: `${wish.left ?? 0n} is left of the payment`,
        members: { amount_left: Number(wish.left ?? 0n) },
      });
    case "payment_disputed":
      return problem("payment_disputed", {
        field: "amount",
        detail: `${wish.left ?? 0n} of the payment is neither refunded nor disputed`,
        members: { amount_left: Number(wish.left ?? 0n) },
      });
    case "payment_not_refundable":
    case "refund_window_over":
    case "refund_parts_exhausted":
    case "insufficient_balance":
      return problem(wish.refusal);
    default:
      return problem("conflict");
  }
}
