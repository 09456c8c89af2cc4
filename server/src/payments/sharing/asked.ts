/** What a request says of splitting its money, and the sharing that its success is born with. Pure. */
import type { SharingTraits } from "../../channels/index.ts";
import { DAY, plus } from "../../kernel/clock.ts";
import { channelNumber, type Id } from "../../kernel/ids.ts";
import { readIdField } from "../../operators/index.ts";
import type { ShareRule, SharingContract, SharingRow } from "../../sharing/index.ts";
import type { Attempt, Payment } from "../model.ts";
import { type KeptRequest, readRequest } from "../payment/request.ts";

type ProfitSharing = NonNullable<KeptRequest["profit_sharing"]>;
export type WireRules = Exclude<ProfitSharing, "later">["receivers"];

/** Whether the payment's money is to be split. Most are not, and their requests need not be read for it. */
export function asksForSharing({ request }: Pick<Payment, "request">): boolean {
  return request.includes('"profit_sharing"') && readRequest(request).profit_sharing !== undefined;
}

/** Rules as they came. Throws `invalid_request` naming the field. @param field where they stand */
export function rulesOf(wire: WireRules, field: string): readonly ShareRule[] {
  return wire.map((rule, index) => {
    const receiver = readIdField("rcv", rule.receiver, `${field}.${index}.receiver`);
    return "amount" in rule
      ? { receiver, amount: BigInt(rule.amount) }
      : { receiver, millionths: BigInt(rule.share_millionths) };
  });
}

/** The rules that came with a payment; null: they come later. */
export function planOf({ request }: Pick<Payment, "request">): ProfitSharing | null {
  const asked = readRequest(request).profit_sharing;
  return asked === undefined || asked === "later" ? null : asked;
}

/** The money is let go of so long before the term ends, for the calls that it takes. */
const MARGIN_MS = DAY / 2;

/** The sharing of a success. @param finishId names the call that ends it */
export function bornSharing(
  payment: Payment,
  attempt: Attempt,
  contract: SharingContract,
  traits: Pick<SharingTraits, "startAfterMs"> | null,
  about: { readonly finishId: Id; readonly now: Date },
): SharingRow {
  const { now, finishId } = about;
  const plan = planOf(payment);
  const paidAt = attempt.taken?.paidAt ?? now;
  const termEndsAt = plus(paidAt, contract.termDays * DAY - MARGIN_MS);
  const isByChannel = contract.mode === "channel";
  const waitMs = isByChannel ? (traits?.startAfterMs ?? 0) : 0;
  // Heard of late, its turn has come already: a due time in the past is due now.
  const startsAt = plus(paidAt, waitMs);
  return {
    paymentId: payment.id,
    attemptId: attempt.id,
    merchantId: payment.merchantId,
    channel: attempt.channel,
    channelAccountId: attempt.channelAccountId,
    mode: contract.mode,
    currency: payment.currency,
    state: "open",
    plan: plan === null ? null : JSON.stringify(plan),
    finishWanted: false,
    finishNo: channelNumber("shr", finishId),
    maxMillionths: contract.maxMillionths,
    failureCode: null,
    failureMessage: null,
    tries: 0,
    termEndsAt,
    dueAt: plan === null ? termEndsAt : startsAt,
    createdAt: now,
    finishedAt: null,
  };
}
