/** What must be true of the ways that a world's orders took, and how often each was taken. */
import { formatId, type Id, parseId } from "../../server/src/kernel/ids.ts";
import { checkCircuits } from "./circuit-checks.ts";
import type { Contract } from "./contracts.ts";
import type { Merchant } from "./merchants.ts";
import type { Outage, Outages } from "./outages.ts";
import { type AccountSettings, restsAt, type SettingsById, siblingsOf } from "./routing.ts";
import type { World } from "./world.ts";

/** Payments that a shop was told of and that are not there, or whose money the books do not have. */
export const LOST = "payments lost";
/** Payments whose money was taken twice for good. */
export const DOUBLED = "payments doubled";
/** By what failed while the channel itself was away. */
export const OPENED_IN_WINDOW = "circuits that opened in a window";

export type Row = {
  readonly id: Id;
  readonly paymentId: Id;
  readonly channelAccountId: Id;
  readonly method: string;
  readonly state: string;
  readonly surplus: string | null;
  readonly isSuccess: boolean;
  readonly amount: bigint;
  readonly paidAmount: bigint | null;
  readonly routing: string;
  readonly quotaDay: string | null;
  readonly quotaMonth: string | null;
  readonly createdAt: Date;
  readonly finishedAt: Date | null;
  /** When its first call began: its reservation stands by then. */
  readonly calledAt: Date | null;
  /** It had been over without money before it was paid. */
  readonly paidAfterEnd: boolean;
  /** Accounts that do not split pass it by. */
  readonly isSplit: boolean;
};

const ATTEMPTS = {
  name: "simulation_routed_attempts",
  text: `select a.id, a.payment_id, a.channel_account_id, a.method, a.state, a.surplus,
     coalesce(p.success_attempt_id = a.id, false) as is_success, a.amount, a.paid_amount,
     a.routing, a.quota_day::text as quota_day, a.quota_month::text as quota_month,
     a.created_at, a.finished_at,
     (
       select min(e.started_at)
       from exchanges e
       where e.payment_id = a.payment_id
         and e.attempt_id = a.id
         and e.operation = 'pay'
     ) as called_at,
     a.paid_amount is not null
     and exists (
       select
       from exchanges e
       where e.payment_id = a.payment_id
         and e.attempt_id = a.id
         and e.decision in ('closed', 'failed', 'not_sent', 'refused', 'abandoned', 'reversed')
     ) as paid_after_end,
     position('"profit_sharing"' in p.request) > 0 as is_split
   from attempts a
   join payments p on p.id = a.payment_id
   order by a.created_at, a.id`,
};

const FAILED_CALLS = {
  name: "simulation_failed_placings",
  text: `select a.channel_account_id, e.started_at + make_interval(secs => e.took_ms / 1000.0) as ended_at
   from exchanges e
   join attempts a on a.id = e.attempt_id
   where e.operation = 'pay'
     and e.call_end in ('unknown', 'not_sent')
   order by e.id`,
};

/** What was routed as nobody had set it, each a sentence; what happened is counted. */
export async function checkRouting(
  world: World,
  merchants: readonly Merchant[],
  settings: SettingsById,
  outages: Outages,
): Promise<readonly string[]> {
  const rows = await world.ground.cell.db.all<Row>(ATTEMPTS);
  const found: string[] = [];
  for (const merchant of merchants) {
    for (const contract of merchant.contracts) {
      const id = parseId("cha", contract.accountId) as Id;
      const own = rows.filter(({ channelAccountId }) => channelAccountId === id);
      const set = settings.get(contract.accountId) ?? {};
      found.push(...resting(contract, set, own), ...beyondQuotas(contract, set, own));
      found.push(...(await windows(world, contract, set, id)));
      if (own.length > 0 && siblingsOf(merchant, contract).length > 0)
        world.weather.tally.add("routing", "accounts beside another that took orders");
    }
  }
  found.push(...fallbacks(world, rows));
  found.push(...(await checkCircuits(world, settings, outages, rows)));
  for (const outage of outages.all) afterwards(world, outage, rows);
  return found;
}

/** No order is placed while its account rests. */
function resting(contract: Contract, set: AccountSettings, own: readonly Row[]): string[] {
  return own.flatMap(({ id, createdAt }) => {
    const why = restsAt(set, contract.channel, createdAt.getTime());
    return why === null ? [] : [`the order ${id} was placed at ${contract.accountId} in spite of: ${why}`];
  });
}

const PERIODS = [
  { column: "quotaDay", amount: "day_amount_max", count: "day_count_max" },
  { column: "quotaMonth", amount: "month_amount_max", count: "month_count_max" },
] as const;

/**
 * At no moment did orders that certainly counted exceed a quota: from their first call until they ended
 * without money. One that was paid after its end counts again whatever the limit says, so it is left out.
 */
export function beyondQuotas(
  { accountId }: Pick<Contract, "accountId">,
  set: AccountSettings,
  own: readonly Row[],
): string[] {
  const found: string[] = [];
  for (const { column, amount: amountName, count: countName } of PERIODS) {
    const [amountMax, countMax] = [set[amountName], set[countName]];
    if (amountMax === undefined && countMax === undefined) continue;
    const unnamed = own.filter((row) => row[column] === null);
    for (const { id } of unnamed) found.push(`the order ${id} counts in no ${column} of ${accountId}`);
    for (const row of own) {
      const at = row.calledAt?.getTime();
      if (at === undefined) continue;
      const held = own.filter((one) => one[column] === row[column] && holdsAt(one, at));
      const sum = held.reduce((total, one) => total + one.amount, 0n);
      if (amountMax !== undefined && sum > BigInt(amountMax))
        found.push(`${accountId} took ${sum} in ${row[column]}, and ${amountName} is ${amountMax}`);
      if (countMax !== undefined && held.length > countMax)
        found.push(`${accountId} took ${held.length} in ${row[column]}, and ${countName} is ${countMax}`);
    }
  }
  return found.slice(0, 3);
}

function holdsAt({ calledAt, finishedAt, paidAmount, paidAfterEnd }: Row, at: number): boolean {
  if (calledAt === null || calledAt.getTime() > at || paidAfterEnd) return false;
  return paidAmount !== null || finishedAt === null || finishedAt.getTime() > at;
}

/** What failed within a window took nothing out of rotation. */
async function windows(
  world: World,
  { accountId, channel }: Contract,
  set: AccountSettings,
  id: Id,
): Promise<string[]> {
  if (set.windows === undefined) return [];
  const inWindow = (at: number) => restsAt({ windows: set.windows ?? [] }, channel, at) !== null;
  const failed = await world.ground.cell.db.all<{ channelAccountId: Id; endedAt: Date }>(FAILED_CALLS);
  const uncounted = failed.filter((call) => call.channelAccountId === id && inWindow(call.endedAt.getTime()));
  if (uncounted.length > 0)
    world.weather.tally.add("routing", "calls that failed in a window", uncounted.length);
  const opened = world.circuits.filter(
    ({ account, event, at }) => account === accountId && event === "opened" && inWindow(at),
  );
  if (opened.length > 0) world.weather.tally.add("routing", OPENED_IN_WINDOW, opened.length);
  return opened.map(({ why }) => `${accountId} left rotation in its window, by ${why}`);
}

/** An order that gave way took nothing, or what it took was surplus and given back. */
function fallbacks(world: World, rows: readonly Row[]): string[] {
  const found: string[] = [];
  for (const row of rows) {
    const before = /after (cha_[0-9a-z]{26})/.exec(row.routing)?.[1];
    if (before === undefined) continue;
    world.weather.tally.add("routing", "orders that fell back to another account");
    const id = parseId("cha", before);
    const gaveWay = rows.filter((one) => one.paymentId === row.paymentId && one.channelAccountId === id);
    if (gaveWay.length === 0) found.push(`the order ${row.id} stands after none at ${before}`);
    for (const one of gaveWay) {
      if (one.paidAmount !== null && !one.isSuccess && one.surplus === null)
        found.push(`the order ${one.id} gave way and kept ${one.paidAmount}`);
    }
  }
  const paid = new Map<Id, Row[]>();
  for (const row of rows.filter(({ paidAmount, surplus }) => paidAmount !== null && surplus === null))
    paid.set(row.paymentId, [...(paid.get(row.paymentId) ?? []), row]);
  for (const [paymentId, successes] of paid) {
    if (successes.length < 2) continue;
    world.weather.tally.add("routing", DOUBLED);
    found.push(`the payment ${formatId("pay", paymentId)} was paid ${successes.length} times for good`);
  }
  return found;
}

/** Where orders went in an outage, and who came back after it. */
function afterwards(world: World, { contract, merchant, from, to }: Outage, rows: readonly Row[]): void {
  const { tally } = world.weather;
  const id = parseId("cha", contract.accountId) as Id;
  const siblings = siblingsOf(merchant, contract).map(({ accountId }) => parseId("cha", accountId) as Id);
  const within = ({ createdAt }: Row) => createdAt.getTime() >= from && createdAt.getTime() < to;
  const carried = rows.filter(
    (row) =>
      within(row) &&
      siblings.includes(row.channelAccountId) &&
      (row.routing.includes(`after ${contract.accountId}`) ||
        row.routing.includes(`${contract.accountId} circuit`)),
  );
  const opened = world.circuits.some(
    ({ account, event, at }) => account === contract.accountId && event === "opened" && at >= from,
  );
  const returned = rows.filter((row) => row.channelAccountId === id && row.createdAt.getTime() >= to);
  if (carried.length > 0)
    tally.add("routing", "orders that another account carried in an outage", carried.length);
  const paid = carried.filter(({ isSuccess }) => isSuccess).length;
  if (paid > 0) tally.add("routing", "payments that another account carried in an outage", paid);
  if (opened && returned.length > 0)
    tally.add("routing", "orders that came back after an outage", returned.length);
}
