/**
 * What others tell of a day.
 *
 * - Statement (账单): a file that a channel, a bank or a platform makes of one day: an *original*, kept as it
 *   came and named by its hash.
 * - Scope: what one statement is of: a kind, an account and a date.
 * - Version: each different file that was accepted for a scope has a number; the highest is the current one.
 * - Refused: a file that breaks a promise it makes of itself. It is kept as evidence, and nothing of it is
 *   used.
 * - Empty: accepted without a file, because nothing was published for a day on which nothing happened.
 */
import type { FundFlowStatement, Statement, StatementLine, StatementTraits } from "../channels/index.ts";
import { HOUR, MINUTE } from "../kernel/clock.ts";
import type { Id } from "../kernel/ids.ts";
import type { Currency } from "../kernel/money.ts";

export const STATEMENT_KINDS = ["trade", "fund", "bank", "sales", "commission"] as const;
export type StatementKind = (typeof STATEMENT_KINDS)[number];

export const STATEMENT_SOURCES = ["download", "upload", "none_published"] as const;
/** `none_published`: there is no file, since the channel publishes none for a day without trades. */
export type StatementSource = (typeof STATEMENT_SOURCES)[number];

/** What one statement is of. */
export type Scope = {
  readonly kind: StatementKind;
  /** The contract; null for a bank's. */
  readonly channelAccountId: Id | null;
  /** Of kind `bank`, the number of the account; of kind `fund`, the account at the channel; else empty. */
  readonly account: string;
  /** The business date of whoever makes it, `yyyy-mm-dd`. */
  readonly statementDate: string;
};

/**
 * What a file is read by, kept with it so that it is read alike for ever; but a channel's newer reader takes
 * the place of an older one when the file is compared.
 */
export type Reading = {
  readonly reader: "channel" | "camt053" | "mapping";
  /** Of `channel`: its name, and whom the credentials made us there when it came. */
  readonly channel?: string;
  readonly holder?: Readonly<Record<string, string>>;
  /** Of `channel`: the version of its reader; absent: 1. */
  readonly version?: number;
  /** Of `mapping`. */
  readonly mapping?: { readonly name: string; readonly version: number };
};

export type StatementTotal = {
  readonly currency: Currency;
  /** `payment`, `refund`, `dispute`; of kind `fund` and `bank` `in`, `out`; else as the mapping names it. */
  readonly kind: string;
  readonly count: number;
  /** In minor units; of kind `fund` in millionths of the major unit. Signs as the merchant sees them. */
  readonly amount: bigint;
  readonly settleAmount: bigint;
  readonly fee: bigint;
};

/** One file that came, or the word that there is none. */
export type StatementRecord = Scope & {
  readonly id: Id;
  readonly state: "accepted" | "refused";
  /** From 1 for each scope; null while refused. */
  readonly version: number | null;
  /** SHA-256 of the original. */
  readonly hash: Buffer;
  readonly bytes: bigint;
  readonly source: StatementSource;
  readonly reading: Reading;
  readonly lines: number;
  /** Of a refused one: the line, 0 for the file as a whole. */
  readonly faultLine: number | null;
  readonly faultReason: string | null;
  readonly notes: readonly string[];
  readonly receivedAt: Date;
  readonly receivedBy: Id | null;
};

export type ScopeState =
  /** There is a current version. */
  | "accepted"
  /** There is none, and what came last was refused. */
  | "refused"
  /** It is asked for, or nobody has been told to. */
  | "expected"
  /** Accepted as empty: nothing was published, and nothing happened. */
  | "none_published";

/** The totals of trade lines, by currency and kind, in an order of their own. */
export function totalsOfTrades(lines: readonly StatementLine[]): StatementTotal[] {
  return sumUp(
    lines.map(({ currency, kind, amount, settleAmount, fee }) => [currency, kind, amount, settleAmount, fee]),
  );
}

/** The totals of an account's movements: what came in and what went out, in millionths. */
export function totalsOfFunds({ currency, lines }: FundFlowStatement): StatementTotal[] {
  return sumUp(
    lines.map(({ direction, amountMillionths }) => [
      currency,
      direction,
      amountMillionths,
      amountMillionths,
      0n,
    ]),
  );
}

type Figure = readonly [currency: Currency, kind: string, amount: bigint, settleAmount: bigint, fee: bigint];

/** Sums by currency and kind, sorted by both. */
export function sumUp(figures: readonly Figure[]): StatementTotal[] {
  const sums = createSums();
  for (const figure of figures) sums.add(figure);
  return sums.totals();
}

/** The same of figures that come one by one. */
function createSums() {
  const sums = new Map<string, { -readonly [Part in keyof StatementTotal]: StatementTotal[Part] }>();
  return {
    add: ([currency, kind, amount, settleAmount, fee]: Figure) => {
      const key = `${currency} ${kind}`;
      const sum = sums.get(key) ?? { currency, kind, count: 0, amount: 0n, settleAmount: 0n, fee: 0n };
      sum.count += 1;
      sum.amount += amount;
      sum.settleAmount += settleAmount;
      sum.fee += fee;
      sums.set(key, sum);
    },
    totals: (): StatementTotal[] =>
      [...sums].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, sum]) => sum),
  };
}

/** What reading an original gave, whatever its kind. */
export type Content = {
  readonly lines: number;
  readonly notes: readonly string[];
  readonly totals: readonly StatementTotal[];
};

/** What lines come to that are not held. Throws what reading them throws. */
export async function contentOfLines(lines: AsyncIterable<StatementLine>): Promise<Content> {
  const sums = createSums();
  let count = 0;
  for await (const { currency, kind, amount, settleAmount, fee } of lines) {
    sums.add([currency, kind, amount, settleAmount, fee]);
    count += 1;
  }
  return { lines: count, notes: [], totals: sums.totals() };
}

export function contentOfTrades({ lines, notes }: Statement): Content {
  return { lines: lines.length, notes: notes ?? [], totals: totalsOfTrades(lines) };
}

export function contentOfFunds(statement: FundFlowStatement): Content {
  return { lines: statement.lines.length, notes: statement.notes ?? [], totals: totalsOfFunds(statement) };
}

/** A channel's statement that is expected: asked for from its time of publication until it is there. */
export type StatementFetch = Scope & {
  readonly id: Id;
  readonly channelAccountId: Id;
  readonly state: "waiting" | "done";
  readonly publishedAt: Date;
  /** Null when it is done. */
  readonly dueAt: Date | null;
  readonly asked: number;
  /** How often the channel has said, from its time of publication on, that there is none. */
  readonly noneTold: number;
  /** What stood against it the last time. */
  readonly detail: string | null;
  readonly statementId: Id | null;
  readonly createdAt: Date;
  readonly doneAt: Date | null;
};

/** One that is not there so long after its time is late. No fault of ours, and somebody should know. */
export const LATE_MS = HOUR;

/** What asking once more has shown. */
export type Asking = {
  readonly asked: number;
  readonly noneTold: number;
  readonly dueAt: Date;
  /** The channel has said often enough that there is none, so that the books may confirm it. */
  readonly maybeEmpty: boolean;
};

/**
 * After one more asking at `now` that gave no statement. @param isNone the channel says that there is none
 */
export function afterAsking(
  fetch: Pick<StatementFetch, "asked" | "noneTold" | "publishedAt">,
  { gapsMs, emptyAfterAsking }: StatementTraits,
  isNone: boolean,
  now: Date,
): Asking {
  const gap = gapsMs[Math.min(fetch.asked, gapsMs.length - 1)] ?? HOUR;
  const noneTold = fetch.noneTold + (isNone && now >= fetch.publishedAt ? 1 : 0);
  return {
    asked: fetch.asked + 1,
    noneTold,
    // Whole minutes: many accounts are asked for together, and what waits for them is woken once.
    dueAt: new Date(Math.ceil((now.getTime() + gap) / MINUTE) * MINUTE),
    maybeEmpty: isNone && noneTold >= emptyAfterAsking,
  };
}
