/**
 * Commission statements of a world's channels: reckoned from the channel's own bill of a day, past the
 * platform, with mistakes in them, and corrected later. Pure but for chance.
 */
import type { StatementLine } from "../../server/src/channels/index.ts";
import type { Chance } from "./chance.ts";

/** One row as the channel writes it. */
export type CommissionRow = {
  readonly number: string;
  readonly at: Date;
  /** Minor units that the channel owes us; below zero it takes them back. Never 0. */
  readonly amount: bigint;
  readonly text: string;
  /** False: it is a mistake of the channel's, which finance leaves as a difference. */
  readonly isOwed: boolean;
};

const BEFORE_US = new Date("2026-03-01T04:00:00Z");

export const MISTAKES = ["a number of nobody", "a row twice", "more than the payment"] as const;
export const CORRECTIONS = ["another amount", "a row less", "a row more"] as const;

/** What the channel owes of a day. @param rate millionths of what was paid, and of what went back */
export function rowsOf(lines: readonly StatementLine[], rate: number, luck: Chance): CommissionRow[] {
  return lines.flatMap((line, index) => {
    if (line.kind === "dispute") return [];
    const amount = shareOf(line.amount, rate);
    const { channelOrderNo: ours, channelTradeNo: theirs } = line;
    const number = ours !== "" && luck.hits(0.5) ? ours : theirs;
    return amount === 0n
      ? []
      : [{ number, at: line.createdAt, amount, text: `line ${index + 1}`, isOwed: true }];
  });
}

function shareOf(amount: bigint, rate: number): bigint {
  const size = amount < 0n ? -amount : amount;
  const share = (2n * size * BigInt(rate) + 1_000_000n) / 2_000_000n;
  return amount < 0n ? -share : share;
}

/** With a mistake of the channel's. */
export function mistaken(
  rows: readonly CommissionRow[],
  lines: readonly StatementLine[],
  mistake: (typeof MISTAKES)[number],
  luck: Chance,
): readonly CommissionRow[] {
  const of = luck.pick(rows);
  const payment = lines.find(({ kind, amount }) => kind === "payment" && amount > 0n);
  switch (mistake) {
    case "a number of nobody":
      return [...rows, { ...of, number: `2026${luck.integer(10 ** 9)}`, isOwed: false }];
    case "a row twice":
      return [...rows, { ...of, isOwed: false }];
    case "more than the payment": {
      if (payment === undefined) return rows;
      const { channelTradeNo: number, createdAt: at, amount } = payment;
      return [{ number, at, amount: 3n * amount, text: "a slip", isOwed: false }, ...rows];
    }
  }
}

/** What a corrected version has in place of these. */
export function corrected(
  rows: readonly CommissionRow[],
  correction: (typeof CORRECTIONS)[number],
  luck: Chance,
): readonly CommissionRow[] {
  const owed = rows.filter(({ isOwed }) => isOwed);
  if (correction === "a row more" || owed.length === 0) {
    return [...rows, byLetter(BigInt(luck.between(1, 500)), luck)];
  }
  const of = luck.pick(owed);
  // A mistake that was made with it is mended too.
  const others = rows.filter(({ text }) => text !== of.text);
  if (correction === "a row less") return others;
  const size = of.amount < 0n ? -of.amount : of.amount;
  const other = size === 1n || luck.hits(0.3) ? size + 1n : size - BigInt(luck.between(1, Number(size) - 1));
  return [...others, { ...of, amount: of.amount < 0n ? -other : other }];
}

/** On a payment of before our time: no number of ours, and owed all the same by the channel's letter. */
export function byLetter(amount: bigint, luck: Chance): CommissionRow {
  const number = `OLD-${luck.integer(10 ** 9)}`;
  return { number, at: BEFORE_US, amount, text: "by letter", isOwed: true };
}

/** Of what is owed. */
export function sumOf(rows: readonly { readonly amount: bigint; readonly isOwed?: boolean }[]): bigint {
  return rows.reduce((sum, { amount, isOwed = true }) => sum + (isOwed ? amount : 0n), 0n);
}

const BEIJING_MS = 8 * 3_600_000;
const BOOKED = "返佣";
const TAKEN_BACK = "退佣";

/** How the files are read. */
export const MAPPING = {
  kind: "commission",
  format: "csv",
  header_line: 2,
  preamble: [{ line: 1, before: "date ", after: "", is: "date" }],
  columns: { number: "number", at: "at", kind: "kind", amount: "amount", text: "text" },
  date_format: "yyyy-MM-dd HH:mm:ss",
  kinds: { [BOOKED]: { kind: "commission" }, [TAKEN_BACK]: { kind: "commission_back", negate: true } },
} as const;

/** The file of a date. Both currencies of worlds have two decimals. */
export function fileOf(date: string, rows: readonly CommissionRow[]): string {
  const lines = rows.map(({ number, at, amount, text }) => {
    const [kind, size] = amount < 0n ? [TAKEN_BACK, -amount] : [BOOKED, amount];
    const shown = `${size / 100n}.${String(size % 100n).padStart(2, "0")}`;
    const wall = new Date(at.getTime() + BEIJING_MS).toISOString().slice(0, 19).replace("T", " ");
    return [number, wall, kind, shown, text].join(",");
  });
  return [`date ${date}`, "number,at,kind,amount,text", ...lines, ""].join("\n");
}
