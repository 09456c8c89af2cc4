/**
 * The channel's bills of a world, published, downloaded through the connector, and held against the books.
 */
import {
  type ChannelHttp,
  type ChannelTraits,
  channelDateOf,
  type StatementLine,
} from "../../server/src/channels/index.ts";
import { type Id, parseId } from "../../server/src/kernel/ids.ts";
import { sandboxUrl } from "./channel.ts";
import { CONSOLES, type Contract } from "./contracts.ts";
import {
  cameIn,
  chargedIn,
  type DatedLine,
  explain,
  type OwnAttempt,
  type OwnDispute,
  type OwnRefund,
  ownNumbers,
  type Receivable,
} from "./explain.ts";
import { passesUs } from "./fund-flows.ts";
import { type LeftBreak, wrongAmounts } from "./left-breaks.ts";
import type { Merchant } from "./merchants.ts";
import { jsonRequest, type World } from "./world.ts";

const ATTEMPTS = {
  name: "simulation_attempts",
  text: `select id, payment_id, method, state, finished_at, channel_order_no, channel_trade_no, paid_amount,
     settle_amount, cost_amount, channel_date, taken_back,
     exists (
       select
       from exchanges e
       where e.payment_id = attempts.payment_id
         and e.attempt_id = attempts.id
         and e.operation = 'notification'
         and e.decision = 'contradiction'
     ) as contradicted
   from attempts
   where channel_account_id = $1
   order by id`,
};
const REFUNDS = {
  name: "simulation_refunds_of_account",
  text: `select r.id, r.payment_id, r.attempt_id, r.state, r.channel_refund_no, r.amount, r.settle_amount,
     r.cost_returned, r.channel_date, r.accepted_at is not null as accepted, r.after_failure,
     exists (
       select
       from exchanges e
       where e.payment_id = r.payment_id
         and e.refund_id = r.id
         and e.decision = 'contradiction'
     ) as contradicted
   from refunds r
   join attempts a on a.id = r.attempt_id
   where a.channel_account_id = $1
   order by r.id`,
};
const DISPUTES = {
  name: "simulation_disputes_of_account",
  text: `select d.id, d.attempt_id, d.state, d.amount, d.fee, d.returned_amount, d.returned_fee,
     (
       select j.channel_date
       from journals j
       where j.kind = 'dispute_opened'
         and j.source_id = d.id
     ) as opened_date,
     (
       select j.channel_date
       from journals j
       where j.kind = 'dispute_won'
         and j.source_id = d.id
     ) as won_date
   from disputes d
   where d.channel_account_id = $1
   order by d.id`,
};
// No trade bill shows what was split.
const RECEIVABLES = {
  name: "simulation_receivables",
  text: `select j.subject_id as payment_id, sum(e.amount)::bigint as amount
   from journals j
   join entries e on e.journal_id = j.id
   join accounts a on a.id = e.account_id
   where a.code = any($2::text[])
     and a.channel_account_id = $1
     and j.kind not in ('share_done', 'share_returned')
   group by j.subject_id
   order by j.subject_id`,
};

const DAY_MS = 86_400_000;

/** What of the bills or of the books is not explained by the other side. */
export async function explainBills(world: World, merchants: readonly Merchant[]): Promise<readonly string[]> {
  const { db } = world.ground.cell;
  const found: string[] = [];
  for (const merchant of merchants) {
    for (const contract of merchant.contracts) {
      const lines = await download(world, contract);
      for (const { kind } of lines) world.weather.tally.add("lines of bills", `${contract.channel} ${kind}`);
      const account = [parseId("cha", contract.accountId) as Id];
      const owing = passesUs(contract)
        ? ["channel_receivable", "channel_cost_payable"]
        : ["memo_channel_receivable", "memo_channel_cost_payable"];
      const unexplained = explain(lines, {
        attempts: await db.all<OwnAttempt>(ATTEMPTS, account),
        refunds: await db.all<OwnRefund>(REFUNDS, account),
        disputes: await db.all<OwnDispute>(DISPUTES, account),
        receivables: await db.all<Receivable>(RECEIVABLES, [...account, owing]),
        bearsFees: passesUs(contract),
      });
      for (const what of unexplained) found.push(`${contract.channel} bill of ${merchant.name}: ${what}`);
    }
  }
  return found;
}

/** The bill of a date through the connector; null while there is none, or it is being made. */
type Bill = (date: string) => Promise<readonly StatementLine[] | null>;

/** How the bills of a contract are read, past the platform, and its days so far. */
export function billsOf(world: World, contract: Contract): { bill: Bill; dates: readonly string[] } {
  const { scheduler, channel } = world;
  const http: ChannelHttp = {
    request: async ({ url, method, headers, body }) => ({
      end: "response",
      ...(await channel({ url, method, headers, body })),
    }),
  };
  const clock = scheduler.clockOf({ name: "checks", alive: true });
  const random = { bytes: (length: number) => Buffer.alloc(length), integer: () => 0 };
  const connector = CONSOLES[contract.channel].create({ clock, random, http });
  const parsed = connector.parseCredentials(contract.credentials);
  if (!parsed.ok) throw new Error("the credentials of the world do not parse");
  const context = {
    channelAccountId: contract.accountId,
    gatewayUrl: contract.gatewayUrl,
    credentials: parsed.credentials,
    timeoutMs: 60_000,
  };
  const bill = async (date: string) => {
    const call = await connector.downloadStatement(context, date);
    if (call.end === "answered") return call.value.lines;
    if (call.end === "refused" && (call.code === "no_statement" || call.retryable)) return null;
    throw new Error(`the bill of ${date} ended ${call.end}: ${JSON.stringify(call)}`);
  };
  return { bill, dates: datesOf(world, connector.traits) };
}

/** Every line of every day so far. */
async function download(world: World, contract: Contract): Promise<readonly DatedLine[]> {
  const console = CONSOLES[contract.channel];
  const { bill, dates } = billsOf(world, contract);
  const lines: DatedLine[] = [];
  for (const date of dates) {
    const { path, body } = console.closeDay(contract.number, date);
    await world.channel(jsonRequest("POST", sandboxUrl(path), body));
    lines.push(...((await bill(date)) ?? []).map((line) => ({ ...line, date })));
  }
  return lines;
}

const LEFT_BREAKS = {
  name: "simulation_left_breaks",
  text: `select b.kind, b.channel_date, b.match_key, b.theirs_amount, b.settle_difference, b.fee_difference,
     b.memo, a.channel_order_no, a.channel_trade_no,
     b.theirs::jsonb ->> 'channel_refund_no' as their_refund_no,
     coalesce(
       (
         select sum(e.amount)
         from entries e
         join accounts c on c.id = e.account_id
         where e.journal_id = (b.ours::jsonb ->> 'journal_id')::uuid
           and c.code = 'channel_cost'
       ), 0)::bigint as cost_booked
   from breaks b
   join attempts a on a.id = b.attempt_id
   where b.channel_account_id = $1
     and b.state not in ('resolved', 'voided')
     -- Of no line: deciding about all of them leaves nothing in suspense.
     and b.match_key not like 'by the door/%'
   order by b.id`,
};

/** Breaks that are left to people with another amount than the channel's bill and the ledger come to. */
export async function checkLeftBreaks(
  world: World,
  merchants: readonly Merchant[],
): Promise<readonly string[]> {
  const { db } = world.ground.cell;
  const found: string[] = [];
  for (const contract of merchants.flatMap(({ contracts }) => contracts)) {
    const account = [parseId("cha", contract.accountId) as Id];
    const left = await db.all<LeftBreak>(LEFT_BREAKS, account);
    if (left.length === 0) continue;
    const ours = ownNumbers(await db.all<OwnRefund>(REFUNDS, account));
    found.push(...wrongAmounts(left, await download(world, contract), ours));
    world.weather.tally.add("closes", "breaks that are left, with their amounts", left.length);
  }
  return found;
}

/** What stayed with us of all that came through a contract, before the channel's fees. */
export async function cameThrough(world: World, contract: Contract): Promise<bigint> {
  const account = [parseId("cha", contract.accountId) as Id];
  const refunds = await world.ground.cell.db.all<OwnRefund>(REFUNDS, account);
  return cameIn(await download(world, contract), refunds);
}

/** What the channel has charged for payments less what it gave back, and how far rounding may be off. */
export async function feesOf(
  world: World,
  contract: Contract,
): Promise<{ readonly charged: bigint; readonly rounded: bigint }> {
  const account = [parseId("cha", contract.accountId) as Id];
  const refunds = await world.ground.cell.db.all<OwnRefund>(REFUNDS, account);
  return chargedIn(await download(world, contract), refunds);
}

/** Every business day of the channel since the world began. */
function datesOf(world: World, traits: ChannelTraits): readonly string[] {
  const last = channelDateOf(traits, world.scheduler.now());
  const dates: string[] = [];
  for (let at = world.begunAt; ; at = new Date(at.getTime() + DAY_MS)) {
    const date = channelDateOf(traits, at);
    dates.push(date);
    if (date >= last) return dates;
  }
}
