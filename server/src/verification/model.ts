/**
 * Trying a contract out before it takes orders.
 *
 * - Verification (验通): one payment of the smallest amount through one channel account, asked about, given
 *   back, and both found in the channel's next bill. Only then may a contract at a real channel be enabled.
 * - Its payment is an ordinary one of the merchant whose contract it is, and so are its refund, its entries
 *   and
 *   its webhooks.
 */
import type { ChannelTraits, Statement, StatementLine } from "../channels/index.ts";
import { channelDateOf } from "../channels/index.ts";
import { DAY, HOUR, plus, SECOND } from "../kernel/clock.ts";
import type { Id } from "../kernel/ids.ts";
import type { Currency } from "../kernel/money.ts";

export const VERIFICATION_STATES = [
  /** The payment is being created. */
  "placing",
  "waiting_for_buyer",
  /** Paid; the refund is on its way to the channel. */
  "refunding",
  "waiting_for_statement",
  "verified",
  "failed",
] as const;
export type VerificationState = (typeof VERIFICATION_STATES)[number];

export type Verification = {
  readonly id: Id;
  readonly channelAccountId: Id;
  readonly merchantId: Id;
  /** The account's when this began; null: begun before it was remembered. */
  readonly counterpartRevision: number | null;
  readonly method: string;
  /** In minor units of `currency`. */
  readonly amount: bigint;
  readonly currency: Currency;
  readonly state: VerificationState;
  readonly paymentId: Id | null;
  readonly refundId: Id | null;
  /** The channel's business date of the payment, `yyyy-mm-dd`. */
  readonly channelDate: string | null;
  readonly refundChannelDate: string | null;
  /** When the channel answered a question with the payment as it was made. */
  readonly askedAt: Date | null;
  /** Whether the channel's own notification arrived; null: not looked at yet. */
  readonly notified: boolean | null;
  readonly paymentBilled: boolean;
  readonly refundBilled: boolean;
  /** What is waited for, or why it failed, for people. */
  readonly detail: string | null;
  readonly startedBy: Id;
  readonly dueAt: Date | null;
  readonly createdAt: Date;
  readonly finishedAt: Date | null;
};

/** While the buyer is awaited and the refund is under way. */
export const SOON_MS = 5 * SECOND;
/** A bill that is not there is asked for again after this. */
export const STATEMENT_GAP_MS = HOUR;
/** A bill that has not listed both by then will not. */
const STATEMENT_PATIENCE_MS = 7 * DAY;

/**
 * The order number of a verification's payment, and its refund's: fixed, so that repeating creates no second.
 */
export function numberOf(id: Id): string {
  return `verify-${id}`;
}

/** The least that an account takes in a currency, where its channel may have a least of that currency. */
export function leastAmount(amountMin: bigint, ofCurrency: bigint | null): bigint {
  return ofCurrency !== null && ofCurrency > amountMin ? ofCurrency : amountMin;
}

/**
 * What a bill says of a verification: whether it lists the payment and the refund; null where it cannot yet.
 */
export type Billed = { readonly payment: boolean; readonly refund: boolean };

/** What is looked for in the bills. */
export type Sought = {
  readonly channelOrderNo: string;
  readonly channelRefundNo: string;
  readonly amount: bigint;
  readonly currency: Currency;
};

/**
 * What a day's bill lists of a payment and its refund; a line with another amount or currency is told as a
 * fault, not as missing.
 */
export function billedIn(
  { lines }: Pick<Statement, "lines">,
  sought: Sought,
): { readonly billed: Billed } | { readonly fault: string } {
  const payment = lines.find((line) => line.kind === "payment" && isOf(line, sought));
  const refund = lines.find(
    (line) => line.kind === "refund" && line.channelRefundNo === sought.channelRefundNo,
  );
  for (const [what, line, amount] of [
    ["payment", payment, sought.amount],
    ["refund", refund, -sought.amount],
  ] as const) {
    if (line === undefined || (line.amount === amount && line.currency === sought.currency)) continue;
    const told = `${line.amount} ${line.currency}`;
    return { fault: `the bill lists the ${what} with ${told} in line ${line.line}, not ${amount}` };
  }
  return { billed: { payment: payment !== undefined, refund: refund !== undefined } };
}

function isOf(line: StatementLine, { channelOrderNo }: Sought): boolean {
  return line.channelOrderNo === channelOrderNo;
}

/** The days whose bills are still to be looked at: those of what is not found, each once. */
export function daysToRead(
  seen: Pick<Verification, "channelDate" | "refundChannelDate" | "paymentBilled" | "refundBilled">,
): readonly string[] {
  const days = [
    seen.paymentBilled ? null : seen.channelDate,
    seen.refundBilled ? null : seen.refundChannelDate,
  ];
  return [...new Set(days.filter((day): day is string => day !== null))].sort();
}

/** Whether a channel's day is over at an instant, so that its bill can be. */
export function isOver(
  traits: Pick<ChannelTraits, "timeZone" | "dayStartMinutes">,
  day: string,
  at: Date,
): boolean {
  return channelDateOf(traits, at) > day;
}

/** Whether the bills have been waited for long enough. */
export function isPatienceOver(seen: Pick<Verification, "createdAt">, at: Date): boolean {
  return at >= plus(seen.createdAt, STATEMENT_PATIENCE_MS);
}
