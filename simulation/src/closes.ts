/**
 * The days of a world and their closes: the rules that its operators set before, how long a world goes on
 * until every day on which money moved is closed, and what must be true of each close then.
 */
import { createIdMaker } from "../../server/src/kernel/ids.ts";
import {
  accountIdOf,
  bookIdOf,
  lockDay,
  openPlatformAccounts,
  platformOwner,
  post,
} from "../../server/src/ledger/index.ts";
import { CHANNELS, CONSOLES } from "./contracts.ts";
import { asOperator, type Merchant } from "./merchants.ts";
import type { World } from "./world.ts";

/**
 * A channel may carry out the refunds of a payment in another order than they were accepted in, and round the
 * fee that each gives back accordingly: a rule adjusts what is off by so little, as finance would have it.
 */
const ROUNDING_MAX = 2;
const PER_DAY_MAX = 1_000;

const CURRENCIES = [...new Set(CHANNELS.map((channel) => CONSOLES[channel].currency))];
const CELL = 0;

/**
 * The platform's owner has paid in what channels may cost beyond what merchants are charged: it is on the
 * reserve's account before the platform is told of it, so that no statement shows it coming.
 */
export async function payInOwnMoney(
  { ground, scheduler, chance }: World,
  currency: string,
  amount: bigint,
): Promise<void> {
  const clock = scheduler.clockOf({ name: "owner", alive: true });
  const luck = chance.stream(`own money ${currency}`);
  const random = {
    bytes: (length: number) => luck.bytes(length),
    integer: (below: number) => luck.integer(below),
  };
  const newId = createIdMaker({ clock, random }, CELL);
  const book = bookIdOf("platform", platformOwner(CELL));
  const of = (code: "bank_reserve" | "own_capital") => accountIdOf(book, code, currency, null);
  await ground.cell.transact((tx) => openPlatformAccounts(tx, { cell: CELL, currency }, clock.now()));
  await ground.cell.transact(async (tx) => {
    const day = await lockDay(tx, CELL);
    const capital = {
      id: newId(),
      bookId: book,
      kind: "capital_paid_in" as const,
      sourceId: newId(),
      subjectId: null,
      counterpartyId: null,
      channelAccountId: null,
      currency,
      channelDate: null,
      lines: [
        { account: of("bank_reserve"), debit: amount },
        { account: of("own_capital"), credit: amount },
      ],
    };
    await post(tx, day, [capital], clock.now());
  });
}

/** Sets what is resolved without people. */
export async function setBreakRules(world: World, [first]: readonly Merchant[]): Promise<void> {
  if (first === undefined) return;
  const operator = { name: "approver of rules", roles: ["admin"] };
  const { token } = await asOperator(world, first.owner, "POST", "/v1/ops/operators", operator);
  for (const currency of CURRENCIES) {
    const limits = { per_break_max: ROUNDING_MAX, per_day_max: PER_DAY_MAX, enabled: true };
    const rule = { policy: "rule", kind: "fee", currency, ...limits, reason: "the channel's rounding" };
    const proposed = await asOperator(world, first.owner, "POST", "/v1/ops/break_policies", rule);
    const path = `/v1/ops/approvals/${proposed.id}/approve`;
    await asOperator(world, first.owner, "POST", path, undefined, token);
  }
}

const OPEN_DAYS = {
  name: "simulation_open_days",
  text: `select exists (
       select
       from journals j
       where j.kind in ('payment_success', 'refund_accepted', 'refund_returned', 'reversed_by_channel',
         'surplus_success', 'surplus_refund_accepted', 'surplus_reversed', 'dispute_opened', 'dispute_won',
         'share_booked', 'share_done', 'share_returned')
         and not exists (
           select
           from close_runs r
           where r.accounting_date = j.accounting_date
             and r.state = 'done'
         )
     )
     or exists (select from breaks where state = 'pending') as open`,
};

/** Whether money moved on a day that is not closed, or a later day's statement may explain something yet. */
export async function hasOpenDays({ ground }: World): Promise<boolean> {
  return (await ground.cell.db.one<{ open: boolean }>(OPEN_DAYS))?.open === true;
}

// What is left to people: what the door has booked as gone by itself, be it told by a statement or before it,
// and the fee that came back with a part of it. Neither is where nothing went by itself.
const UNCLOSED = {
  name: "simulation_unclosed",
  text: `select what
   from (
     select 'the close of ' || r.accounting_date || ' is still ' || r.state || coalesce(
         (
           select ' at ' || s.name || coalesce(': ' || s.detail, '')
           from close_steps s
           where s.run_id = r.id
             and s.state <> 'done'
           order by s.place
           limit 1
         ), '') as what
     from close_runs r
     where r.state <> 'done'
     union all
     select 'the ' || b.kind || ' of ' || b.channel_date || ' is ' || b.state || ' (' || b.match_key
       || '), there ' || coalesce(b.theirs, '-') || ', here ' || coalesce(b.ours, '-')
     from breaks b
     left join attempts a on a.id = b.attempt_id and a.payment_id = b.payment_id
     where b.state not in ('resolved', 'voided')
       and not coalesce(
         b.state = 'open'
           and b.held_by_door
           and b.match_key like 'by the door/%'
         or b.state = 'open'
           and a.taken_back > 0
           and (
             b.held_by_door and b.kind in ('refund_theirs_only', 'status')
               and a.taken_back >= -b.theirs_amount
             or b.kind = 'fee'
               and b.settle_difference = 0
               and (b.match_key like 'by itself/%' or b.ours::jsonb ->> 'refund_id' = '')
           ),
         false
       )
   ) rows
   order by what`,
};

const REPORTS = {
  name: "simulation_reports",
  text: `select accounting_date, report
   from close_reports
   where accounting_date > $1
   order by accounting_date`,
};
/** Before any that a world has. */
const THE_FIRST = "0001-01-01";

const NEWEST_REPORT = {
  name: "simulation_newest_report",
  text: "select max(accounting_date)::text as date from close_reports",
};

/** The date of the newest report. */
export async function newestReport({ ground }: World): Promise<string> {
  return (await ground.cell.db.one<{ date: string | null }>(NEWEST_REPORT))?.date ?? THE_FIRST;
}

type Report = {
  readonly chain: readonly { readonly currency: string; readonly ties: boolean }[];
  readonly invariants: readonly { readonly name: string; readonly violations: number }[];
  readonly missing_statements: readonly string[];
};

/**
 * Every day is closed, nothing on it is left unexplained, and its report says that all of it ties.
 * @param after only the reports of later dates are looked at
 */
export async function checkCloses(world: World, after = THE_FIRST): Promise<readonly string[]> {
  const { ground, weather } = world;
  const { db } = ground.cell;
  const found = (await db.all<{ what: string }>(UNCLOSED)).map(({ what }) => what);
  if (await hasOpenDays(world)) found.push("a day on which money moved was never closed");
  if (await world.isBusy()) found.push("something is still due, after more days than anything takes");
  for (const { accountingDate, report } of await db.all<{ accountingDate: string; report: string }>(REPORTS, [
    after,
  ])) {
    const { chain, invariants, missing_statements: missing } = JSON.parse(report) as Report;
    const say = (what: string) => found.push(`the report of ${accountingDate}: ${what}`);
    weather.tally.add("closes", "days closed");
    for (const { currency, ties } of chain) if (!ties) say(`the chain of ${currency} does not tie`);
    for (const { name, violations } of invariants) if (violations > 0) say(`${name} is violated`);
    for (const scope of missing) say(`the statement ${scope} was not there`);
  }
  return found;
}
