/**
 * What an account may take in a day and a month, and how long it rests after an order. Pure: the rows are
 * locked by whoever asks.
 */
import { plus, SECOND } from "../../kernel/clock.ts";
import type { Id } from "../../kernel/ids.ts";
import type { Settings } from "../model.ts";
import { quotaDaysAt } from "../windows.ts";

export const PERIODS = ["day", "month", "cool_down"] as const;
export type Period = (typeof PERIODS)[number];

/** One limit that an order of an account counts in. */
export type Demand = {
  readonly channelAccountId: Id;
  readonly period: Period;
  /** The first day of the period, `yyyy-mm-dd`; a cool-down has one row for ever. */
  readonly startsOn: string;
  readonly amountMax: bigint | null;
  readonly countMax: bigint | null;
  readonly coolDownMs: number;
};

/** What was used of one limit. */
export type Use = {
  readonly channelAccountId: Id;
  readonly period: Period;
  readonly startsOn: string;
  readonly usedAmount: bigint;
  readonly usedCount: bigint;
  readonly amountMax: bigint | null;
  readonly countMax: bigint | null;
  readonly lastUsedAt: Date | null;
};

const FOR_EVER = "2000-01-01";

/** The limits that an order of an account counts in at an instant; none for an account without quotas. */
export function demandsOf(
  channelAccountId: Id,
  settings: Settings,
  timeZone: string,
  at: Date,
): readonly Demand[] {
  const { dayAmountMax, dayCountMax, monthAmountMax, monthCountMax, coolDownSeconds } = settings;
  const demands: Demand[] = [];
  const hasDay = dayAmountMax !== null || dayCountMax !== null;
  const hasMonth = monthAmountMax !== null || monthCountMax !== null;
  if (hasDay || hasMonth) {
    const { day, month } = quotaDaysAt(settings, timeZone, at);
    const add = (period: Period, startsOn: string, amountMax: bigint | null, count: number | null) => {
      const countMax = count === null ? null : BigInt(count);
      demands.push({ channelAccountId, period, startsOn, amountMax, countMax, coolDownMs: 0 });
    };
    if (hasDay) add("day", day, dayAmountMax, dayCountMax);
    if (hasMonth) add("month", month, monthAmountMax, monthCountMax);
  }
  if (coolDownSeconds > 0) {
    const limits = { amountMax: null, countMax: null, coolDownMs: coolDownSeconds * SECOND };
    demands.push({ channelAccountId, period: "cool_down", startsOn: FOR_EVER, ...limits });
  }
  return demands;
}

/** Why an order of this amount does not fit beside what was used, or null. */
export function refusalOf(
  demand: Demand,
  use: Pick<Use, "usedAmount" | "usedCount" | "lastUsedAt"> | undefined,
  amount: bigint,
  at: Date,
): "quota_used" | "cooling_down" | null {
  const { usedAmount, usedCount, lastUsedAt } = use ?? { usedAmount: 0n, usedCount: 0n, lastUsedAt: null };
  if (demand.period === "cool_down") {
    return lastUsedAt !== null && at < plus(lastUsedAt, demand.coolDownMs) ? "cooling_down" : null;
  }
  if (demand.amountMax !== null && usedAmount + amount > demand.amountMax) return "quota_used";
  if (demand.countMax !== null && usedCount + 1n > demand.countMax) return "quota_used";
  return null;
}

/** What names a row. */
export function useKey(use: Pick<Use, "channelAccountId" | "period" | "startsOn">): string {
  return `${use.channelAccountId}/${use.period}/${use.startsOn}`;
}
