import type {
  BindOutcome,
  CallEnd,
  FinishOutcome,
  ShareOrder,
  ShareOutcome,
  ShareReturnOrder,
} from "../port.ts";
import { fenOf } from "./amount.ts";
import { type Answer, refused } from "./answer.ts";
import { type Fields, objectOf, textOr } from "./outcomes.ts";
import { beijingDate, parseRfc3339 } from "./time.ts";

// Pure: what a believed answer says of profit sharing. `at` is when it arrived.
//
// A split is told per receiver: PENDING, SUCCESS, or CLOSED with a reason, after which the amount is frozen
// still. What comes back is PROCESSING, SUCCESS or FAILED.

/** A rule of the moment (too soon after the payment, too often): it may, later. */
const LATER: ReadonlySet<string> = new Set(["RULE_LIMIT"]);

export function bindOf(answer: Answer): CallEnd<BindOutcome> {
  if (answer.code === null) return { end: "answered", value: { outcome: "bound" } };
  return no(answer);
}

/** Of the call that splits, or of a query for it. */
export function shareOf(
  answer: Answer,
  share: ShareOrder,
  at: Date,
  isQuery: boolean,
): CallEnd<ShareOutcome> {
  if (isQuery && answer.code === "RESOURCE_NOT_EXISTS") return notFound;
  if (answer.code !== null) return no(answer);
  const { body } = answer;
  if (body.out_order_no !== share.channelShareNo) return about("another share");
  const receivers = Array.isArray(body.receivers) ? body.receivers.map(objectOf) : [];
  const { type, account } = share.receiver;
  const found = receivers.find((one) => one.type === type && one.account === account);
  if (found === undefined) return about("other receivers");
  if (fenOf(found.amount) !== share.amount) return about("another amount");
  return resultOf(found, textOr(body.order_id, null), at);
}

/** Of the call that takes back, or of a query for it. */
export function returnOf(
  answer: Answer,
  given: ShareReturnOrder,
  at: Date,
  isQuery: boolean,
): CallEnd<ShareOutcome> {
  if (isQuery && answer.code === "RESOURCE_NOT_EXISTS") return notFound;
  if (answer.code !== null) return no(answer);
  const { body } = answer;
  if (body.out_return_no !== given.channelReturnNo) return about("another return");
  if (fenOf(body.amount) !== given.amount) return about("another amount");
  return resultOf(body, textOr(body.return_id, null), at);
}

export function finishOf(answer: Answer, finishNo: string): CallEnd<FinishOutcome> {
  if (answer.code !== null) return no(answer);
  if (answer.body.out_order_no !== finishNo) return about("another call");
  switch (answer.body.state) {
    case "FINISHED":
      return { end: "answered", value: { outcome: "finished" } };
    case "PROCESSING":
      return { end: "answered", value: { outcome: "pending" } };
    default:
      return { end: "unknown", reason: `the state ${JSON.stringify(answer.body.state)} is not known` };
  }
}

const notFound = { end: "answered", value: { outcome: "not_found" } } as const;

function about(what: string): { readonly end: "unknown"; readonly reason: string } {
  return { end: "unknown", reason: `the answer is about ${what}` };
}

function no(answer: Answer): Extract<CallEnd<never>, { end: "refused" }> {
  return { ...refused(answer), retryable: LATER.has(answer.code ?? "") };
}

function resultOf(fields: Fields, channelOwnNo: string | null, at: Date): CallEnd<ShareOutcome> {
  switch (fields.result) {
    case "SUCCESS": {
      const channelDate = beijingDate(parseRfc3339(fields.finish_time) ?? at);
      return { end: "answered", value: { outcome: "done", channelOwnNo, channelDate } };
    }
    case "PENDING":
    case "PROCESSING":
      return { end: "answered", value: { outcome: "pending", channelOwnNo } };
    case "CLOSED":
    case "FAILED": {
      const code = textOr(fields.fail_reason, "CLOSED");
      const message = MESSAGES[code] ?? "WeChat Pay did not move the money.";
      return { end: "answered", value: { outcome: "failed", code, message } };
    }
    default:
      return { end: "unknown", reason: `the result ${JSON.stringify(fields.result)} is not known` };
  }
}

/** WeChat Pay's reasons (分账失败原因) in words that say what to do. */
const MESSAGES: Readonly<Record<string, string>> = {
  ACCOUNT_ABNORMAL: "The receiver's account is not in order; ask the receiver to settle it with WeChat Pay.",
  NO_RELATION: "The receiver is not bound to the merchant any more; add it again.",
  RECEIVER_HIGH_RISK: "WeChat Pay holds the receiver for risky; choose another.",
  RECEIVER_REAL_NAME_NOT_VERIFIED: "The receiver has not proved its name at WeChat Pay; ask it to.",
  NO_AUTH: "The merchant may not split; ask WeChat Pay for the permission.",
  RECEIVER_RECEIPT_LIMIT: "The receiver has reached its limit of the month; choose another or wait.",
  PAYER_ACCOUNT_ABNORMAL: "The merchant's account is not in order; settle it with WeChat Pay.",
  PAYEE_NOT_ENOUGH: "The receiver's balance does not cover what it should give back.",
};
