/** What a contract said of its costs when it mattered: the rule that priced an order, or those of a date. */
import type { Channels } from "../channels/index.ts";
import type { Db } from "../kernel/database.ts";
import { formatId, type Id, parseId } from "../kernel/ids.ts";
import type { Currency } from "../kernel/money.ts";
import { type ScheduleKind, type Terms, versionAt } from "./model.ts";
import { findSchedule, schedulesOf } from "./store.ts";

/** A rule of costs as it was. */
export type CostClause = {
  /** As an order keeps it: `fsc_…`, with the card type where its rule was used, or `account_rate`. */
  readonly rule: string;
  readonly version: number;
  /** Null: every method without a schedule of its own. */
  readonly method: string | null;
  /** Of a schedule's version. */
  readonly terms: Terms | null;
  /** The single rate, where no schedule says. */
  readonly rateMillionths: bigint | null;
};

export type ClausesDeps = { readonly db: Db; readonly channels: Pick<Channels, "costRatesOf"> };

const COST: ScheduleKind = "cost";

/** The rule that an order keeps, and its version, which never changes. */
export type Priced = { readonly rule: string; readonly version: number };

/** Money of no known order, or of one that nothing priced yet. */
export type Unpriced = {
  readonly currency: Currency;
  /** Null: not known, so each method's rule may have priced it. */
  readonly method: string | null;
  /** The channel's business date, by which a version is in force. */
  readonly date: string;
  /** By it a single rate is. */
  readonly at: Date;
};

/** What `Fees.costClausesOf` gives. */
export async function costClauses(
  deps: ClausesDeps,
  channelAccountId: Id,
  of: Priced | Unpriced,
): Promise<readonly CostClause[]> {
  if ("date" in of) return clausesOn(deps, channelAccountId, of);
  const clause = await clauseOf(deps, channelAccountId, of);
  return clause === null ? [] : [clause];
}

async function clauseOf(
  { db, channels }: ClausesDeps,
  channelAccountId: Id,
  { rule, version }: Priced,
): Promise<CostClause | null> {
  if (rule === "account_rate") {
    const rates = await channels.costRatesOf(channelAccountId);
    const rateMillionths = rates.findLast(({ revision }) => revision <= version)?.rateMillionths ?? null;
    return { rule, version, method: null, terms: null, rateMillionths };
  }
  const [name = ""] = rule.split(":");
  const id = parseId("fsc", name);
  const schedule = id === null ? null : await findSchedule(db, COST, id);
  const kept = schedule?.versions.find((one) => one.version === version);
  if (schedule === null || kept === undefined) return null;
  return { rule, version, method: schedule.method, terms: kept.terms, rateMillionths: null };
}

/** The method's own before that of all others; of an unknown method every one. */
async function clausesOn(
  { db, channels }: ClausesDeps,
  channelAccountId: Id,
  { currency, method, date, at }: Unpriced,
): Promise<readonly CostClause[]> {
  const schedules = (await schedulesOf(db, null, channelAccountId)).filter(
    (one) => one.currency === currency,
  );
  const inForce = schedules.flatMap((schedule): CostClause[] => {
    const found = versionAt(schedule.versions, date);
    if (found === null || found.terms === null) return [];
    const { version, terms } = found;
    return [
      { rule: formatId("fsc", schedule.id), version, method: schedule.method, terms, rateMillionths: null },
    ];
  });
  const ofAll = inForce.filter((clause) => clause.method === null);
  const ofMethods = inForce.filter(
    (clause) => clause.method !== null && (method === null || clause.method === method),
  );
  if (method !== null && ofMethods.length > 0) return ofMethods;
  if (ofAll.length > 0) return [...ofMethods, ...ofAll];
  const rates = await channels.costRatesOf(channelAccountId);
  const rate = rates.findLast((one) => one.at <= at) ?? rates[0];
  if (rate === undefined) return ofMethods;
  const { revision, rateMillionths } = rate;
  return [
    ...ofMethods,
    { rule: "account_rate", version: revision, method: null, terms: null, rateMillionths },
  ];
}
