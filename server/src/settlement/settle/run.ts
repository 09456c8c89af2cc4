/** Settling a closed date: every merchant with pending money, in groups, safe to repeat and to run twice. */
import { formatId, type Id } from "../../kernel/ids.ts";
import { inLanes } from "../../kernel/lanes.ts";
import { type GoOn, progressOf } from "../../kernel/progress.ts";
import type { Calendars } from "../business-days/model.ts";
import { repayAdvances } from "../same-day/service.ts";
import { outcomesOf, type SettledTotals, settledTotals } from "../store.ts";
import type { SettleDeps } from "./deps.ts";
import { finish } from "./finish.ts";
import { isClosed } from "./finish-store.ts";
import { ENTRIES_PER_STEP, gather } from "./gather.ts";
import { accountsToSettle, countToSettle, type PendingAccount } from "./gather-store.ts";
import { causesOf, planAccounts, readCalendars, settlingOn, type Waiting } from "./plan.ts";
import { releaseReserves } from "./reserves.ts";

const ACCOUNTS_PER_PAGE = 1_000;
const ACCOUNTS_PER_GROUP = 250;
/** Groups worked on at once: the database has a core for each. */
const GROUPS_AT_ONCE = 2;
/** A calendar for the next year is asked for from this month and day on. */
const NEXT_YEAR_EXPECTED = "-12-01";

export type SettleResult = {
  readonly date: string;
  /** By currency, what was settled after this date, by this run or an earlier one. */
  readonly settled: readonly SettledTotals[];
  /** Merchants and currencies by what came of them: settled, nothing, below_minimum, negative, short. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** Merchants whose policy counts by a calendar that is not loaded; a later run settles them. */
  readonly waiting: readonly {
    readonly merchant: string;
    readonly currency: string;
    readonly reason: string;
  }[];
  readonly reservesReleased: number;
  /** Own money of same-day settlements that the channels have paid for by now. */
  readonly advancesRepaid: number;
  /** Sentences for people: what to do before it hurts. */
  readonly alarms: readonly string[];
};

/**
 * Settles what is due after the closed date. @param only settle these accounts of pending money; all when
 * absent. Throws a RangeError while the date is open.
 */
export async function settleDate(deps: SettleDeps, date: string, goOn: GoOn): Promise<SettleResult> {
  const { db } = deps.cell;
  if (!(await isClosed(db, date))) throw new RangeError(`${date} is not a closed accounting date`);
  const calendars = await readCalendars(deps);
  const advancesRepaid = await repayAdvances(deps, goOn);
  const reservesReleased = await releaseReserves(deps, settlingOn(date), goOn);
  const waiting = await settleAll(deps, date, calendars, goOn);
  const outcomes = await outcomesOf(db, date);
  return {
    date,
    settled: await settledTotals(db, date),
    outcomes: Object.fromEntries(outcomes.map(({ outcome, merchants }) => [outcome, merchants])),
    waiting: waiting.map(({ merchantId, currency, missing }) => ({
      merchant: formatId("mch", merchantId),
      currency,
      reason: missingText(missing),
    })),
    reservesReleased,
    advancesRepaid,
    alarms: alarmsOf(calendars, date),
  };
}

/** The sentence for people about a calendar's year that is not there. */
export function missingText(missing: { readonly calendar: string; readonly year: number }): string {
  const { calendar, year } = missing;
  return (
    `no calendar ${calendar} for ${year} yet: load it by PUT /v1/ops/business_days/${calendar}/${year} ` +
    "and the next close settles it"
  );
}

/** In December every calendar must know the next year. */
export function alarmsOf(calendars: Calendars, date: string): string[] {
  const year = Number(date.slice(0, 4));
  if (date < `${year}${NEXT_YEAR_EXPECTED}`) return [];
  return [...calendars]
    .filter(([, years]) => !years.has(year + 1))
    .map(([calendar]) => missingText({ calendar, year: year + 1 }));
}

async function settleAll(
  deps: SettleDeps,
  date: string,
  calendars: Calendars,
  goOn: GoOn,
): Promise<Waiting[]> {
  const waiting: Waiting[] = [];
  const total = await countToSettle(deps.cell.db, date);
  let done = 0;
  let after: Id | null = null;
  for (;;) {
    const limit = ACCOUNTS_PER_PAGE;
    const page: PendingAccount[] = await accountsToSettle(
      deps.cell.db,
      { date, only: null },
      { after, limit },
    );
    const planned = await planAccounts(deps, page, date, calendars);
    waiting.push(...planned.waiting);
    await inLanes(groupsOf(planned.plans), GROUPS_AT_ONCE, async (plans) => {
      const group = { date, plans, causes: await causesOf(deps, plans) };
      await gather(deps, group, goOn);
      await goOn();
      await finish(deps, group);
      done += plans.length;
      await goOn(progressOf(done, total));
    });
    if (page.length < limit) return waiting;
    after = page.at(-1)?.accountId ?? null;
  }
}

/** Accounts together as long as their entries fit into one step; a large one stands alone. */
function groupsOf<Account extends PendingAccount>(accounts: readonly Account[]): Account[][] {
  const groups: Account[][] = [];
  let room = 0n;
  for (const account of accounts) {
    const entries = account.lastSeq - account.itemizedSeq;
    const last = groups.at(-1);
    if (last !== undefined && last.length < ACCOUNTS_PER_GROUP && entries <= room) {
      last.push(account);
      room -= entries;
    } else {
      groups.push([account]);
      room = ENTRIES_PER_STEP - entries;
    }
  }
  return groups;
}
