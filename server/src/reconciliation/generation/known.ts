/** What the books know of a line that nothing of its day explains. */
import type { Db } from "../../kernel/database.ts";
import { type Id, parseChannelNumber } from "../../kernel/ids.ts";
import type { TheirRow } from "../engine/rows.ts";
import { findMissed, findOrders, findRefunds, findTrades, type Known, type Question } from "./known-store.ts";

export type { Known } from "./known-store.ts";

/** A line without a movement, and the scope that it was compared in. */
export type Unexplained = Question & { readonly row: TheirRow };

export type Standing =
  | { readonly standing: "unknown" }
  /** Ours, but without the money. */
  | { readonly standing: "not_booked"; readonly known: Known }
  /** An earlier day matched it with another line, so this one is one too many. */
  | { readonly standing: "had_before"; readonly known: Known }
  /**
   * An earlier day missed it, and this line comes late; or what the line is of is ours, and the line is not.
   */
  | { readonly standing: "about"; readonly known: Known };

const ASKED_AT_ONCE = 1_000;

/** How each line stands, in their order. */
export async function standingsOf(db: Db, lines: readonly Unexplained[]): Promise<readonly Standing[]> {
  const standings: Standing[] = [];
  for (let at = 0; at < lines.length; at += ASKED_AT_ONCE) {
    standings.push(...(await ask(db, lines.slice(at, at + ASKED_AT_ONCE))));
  }
  return standings;
}

async function ask(db: Db, lines: readonly Unexplained[]): Promise<readonly Standing[]> {
  const own = new Map<Unexplained, Known>();
  const about = new Map<Unexplained, Known>();
  await fill(own, lines, refundOf, (asked) => findRefunds(db, asked));
  const payments = lines.filter(({ row }) => row.kind === "payment");
  await fill(own, payments, orderOf, (asked) => findOrders(db, asked));
  const others = lines.filter((line) => line.row.kind !== "payment" && !own.has(line));
  await fill(about, others, orderOf, (asked) => findOrders(db, asked));
  const byTrade = lines.filter((line) => !own.has(line) && !about.has(line));
  await fill(about, byTrade, tradeOf, (asked) => findTrades(db, asked));
  const missed = await missedOf(db, own);
  return lines.map((line): Standing => {
    const known = own.get(line);
    if (known !== undefined) {
      if (!known.booked) return { standing: "not_booked", known };
      return { standing: missed.has(line) ? "about" : "had_before", known };
    }
    const of = about.get(line);
    return of === undefined ? { standing: "unknown" } : { standing: "about", known: of };
  });
}

/** Asks about those lines that have such a number, and keeps what is found. */
async function fill<Asked extends Question>(
  into: Map<Unexplained, Known>,
  lines: readonly Unexplained[],
  numberOf: (line: Unexplained) => Asked | null,
  find: (asked: readonly Asked[]) => Promise<readonly Known[]>,
): Promise<void> {
  const asking = lines.flatMap((line) => {
    const asked = numberOf(line);
    return asked === null ? [] : [{ line, asked }];
  });
  if (asking.length === 0) return;
  for (const known of await find(asking.map(({ asked }) => asked))) {
    const line = asking[Number(known.place) - 1]?.line;
    if (line !== undefined) into.set(line, known);
  }
}

function refundOf(line: Unexplained) {
  const { row } = line;
  const refundId: Id | null = row.kind === "refund" ? parseChannelNumber("rfd", row.refundNo) : null;
  if (refundId === null) return null;
  const kinds = row.amount > 0n ? "refund_returned" : "refund_accepted break_refund_theirs";
  return { ...questionOf(line), refundId, refundNo: row.refundNo, kinds };
}

function orderOf(line: Unexplained) {
  const attemptId = parseChannelNumber("att", line.row.orderNo);
  return attemptId === null ? null : { ...questionOf(line), attemptId, orderNo: line.row.orderNo };
}

function tradeOf(line: Unexplained) {
  const { tradeNo } = line.row;
  return tradeNo === "" ? null : { ...questionOf(line), tradeNo };
}

function questionOf({ channelAccountId, channelDate, closedThrough }: Unexplained): Question {
  return { channelAccountId, channelDate, closedThrough };
}

async function missedOf(db: Db, own: ReadonlyMap<Unexplained, Known>): Promise<ReadonlySet<Unexplained>> {
  const booked = [...own].filter(([, known]) => known.booked);
  if (booked.length === 0) return new Set();
  const asked = booked.map(([line, { paymentId, refundId }]) => ({
    ...questionOf(line),
    paymentId,
    refundId,
  }));
  const places = await findMissed(db, asked);
  return new Set(booked.filter((_, index) => places.has(index + 1)).map(([line]) => line));
}
