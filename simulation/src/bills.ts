/**
 * The channel's bills against the books: every line of every day is explained by a row of ours, and every row
 * of ours that moved money at the channel has its line.
 */
import { type ChannelHttp, createAlipay, type StatementLine } from "../../server/src/channels/index.ts";
import { type Id, parseId } from "../../server/src/kernel/ids.ts";
import type { Merchant } from "./merchants.ts";
import { jsonRequest, sandboxUrl, type World } from "./world.ts";

type AttemptRow = {
  readonly id: Id;
  readonly channelOrderNo: string;
  readonly channelTradeNo: string | null;
  readonly paidAmount: bigint | null;
  readonly settleAmount: bigint | null;
  readonly costAmount: bigint | null;
  readonly channelDate: string | null;
  readonly takenBack: bigint;
  /** The channel told of it in words that were kept as a contradiction: its bill is the first to be believed. */
  readonly contradicted: boolean;
  readonly state: string;
};
type RefundRow = {
  readonly id: Id;
  readonly attemptId: Id;
  readonly channelRefundNo: string;
  readonly amount: bigint;
  readonly settleAmount: bigint;
  readonly costReturned: bigint;
  readonly channelDate: string | null;
  readonly accepted: boolean;
  readonly state: string;
};

const ATTEMPTS = {
  name: "simulation_attempts",
  text: `select id, channel_order_no, channel_trade_no, paid_amount, settle_amount, cost_amount, channel_date,
     taken_back, state,
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
  text: `select r.id, r.attempt_id, r.channel_refund_no, r.amount, r.settle_amount, r.cost_returned, r.channel_date,
     r.accepted_at is not null as accepted, r.state
   from refunds r
   join attempts a on a.id = r.attempt_id
   where a.channel_account_id = $1
   order by r.id`,
};
const DAY_MS = 86_400_000;
const BEIJING_MS = 8 * 3_600_000;

export type BillFigures = { lines: number };

export async function explainBills(world: World, merchants: readonly Merchant[]): Promise<readonly string[]> {
  const found: string[] = [];
  for (const merchant of merchants) found.push(...(await explainBill(world, merchant)));
  return found;
}

type DatedLine = StatementLine & { readonly date: string };

async function explainBill(world: World, merchant: Merchant): Promise<readonly string[]> {
  const { db } = world.ground.cell;
  const lines = await download(world, merchant);
  world.weather.counts.set("bill lines", (world.weather.counts.get("bill lines") ?? 0) + lines.length);
  const accountId = parseId("cha", merchant.accountId) as Id;
  const attempts = await db.all<AttemptRow>(ATTEMPTS, [accountId]);
  const refunds = await db.all<RefundRow>(REFUNDS, [accountId]);
  const found: string[] = [];
  const say = (what: string) => found.push(`bill of ${merchant.name}: ${what}`);
  const byOrder = new Map(attempts.map((row) => [row.channelOrderNo, row]));
  const byRefund = new Map(refunds.map((row) => [row.channelRefundNo, row]));
  const paid = new Set<string>();
  const refunded = new Set<string>();
  const takenBack = new Map<string, bigint>();
  // How rounding spreads over the parts follows their order, which differs on the two sides; the sum does not.
  const feesBack = new Map<string, bigint>();
  for (const line of lines) {
    const attempt = byOrder.get(line.channelOrderNo);
    if (attempt === undefined) {
      say(`a line of an order that is not ours: ${show(line)}`);
    } else if (line.kind === "payment") {
      if (paid.has(attempt.id)) say(`${line.channelOrderNo} is billed twice`);
      paid.add(attempt.id);
      differ(say, line, attempt.channelOrderNo, {
        amount: [line.amount, attempt.paidAmount],
        settle_amount: [line.settleAmount, attempt.settleAmount],
        fee: [line.fee, attempt.costAmount],
        date: [line.date, attempt.channelDate],
        trade_no: [line.channelTradeNo, attempt.channelTradeNo],
      });
    } else {
      const refund = byRefund.get(line.channelRefundNo ?? "");
      if (refund === undefined) {
        takenBack.set(attempt.id, (takenBack.get(attempt.id) ?? 0n) - line.amount);
        continue;
      }
      feesBack.set(attempt.id, (feesBack.get(attempt.id) ?? 0n) - line.fee);
      if (refunded.has(refund.id)) say(`the refund ${line.channelRefundNo} is billed twice`);
      refunded.add(refund.id);
      if (!refund.accepted) say(`the refund ${line.channelRefundNo} is billed, and ${refund.state} here`);
      else
        differ(say, line, refund.channelRefundNo, {
          amount: [-line.amount, refund.amount],
          settle_amount: [-line.settleAmount, refund.settleAmount],
          date: [line.date, refund.channelDate],
        });
    }
  }
  for (const row of attempts) {
    if (row.paidAmount !== null && !paid.has(row.id)) say(`${row.channelOrderNo} took money without a line`);
    const theirs = takenBack.get(row.id) ?? 0n;
    const ours = row.takenBack;
    if (theirs !== ours && !row.contradicted)
      say(`${row.channelOrderNo}: ${theirs} went back by itself, ${ours} is booked (${row.state})`);
  }
  for (const [attemptId, theirs] of feesBack) {
    const own = refunds.filter((row) => row.attemptId === attemptId && row.accepted);
    const ours = own.reduce((sum, row) => sum + row.costReturned, 0n);
    // What came back, or went by itself, shifts the rounding of the rest by a fen each.
    const shifted = takenBack.has(attemptId) || own.some((row) => row.state === "returned");
    const off = theirs > ours ? theirs - ours : ours - theirs;
    if (off > (shifted ? BigInt(own.length) : 0n)) say(`${attemptId}: fees back ${theirs} against ${ours}`);
  }
  for (const row of refunds) {
    if (row.accepted && !refunded.has(row.id))
      say(`the refund ${row.channelRefundNo} was accepted, without a line`);
  }
  return found;
}

function differ(
  say: (what: string) => void,
  line: DatedLine,
  number: string,
  fields: Readonly<Record<string, readonly [unknown, unknown]>>,
): void {
  const off = Object.entries(fields).filter(([, [theirs, ours]]) => theirs !== ours);
  if (off.length === 0) return;
  const shown = off.map(([name, [theirs, ours]]) => `${name} ${String(theirs)} against ${String(ours)}`);
  say(`${line.kind} ${number}: ${shown.join(", ")}`);
}

/** Every line of every day so far, published by the channel, downloaded and read by the connector. */
async function download(world: World, merchant: Merchant): Promise<readonly DatedLine[]> {
  const { scheduler, channel, sandbox } = world;
  const http: ChannelHttp = {
    request: async ({ url, method, headers, body }) => ({
      end: "response",
      ...(await channel({ url, method, headers, body })),
    }),
  };
  const clock = scheduler.clockOf({ name: "checks", alive: true });
  const random = { bytes: (length: number) => Buffer.alloc(length), integer: () => 0 };
  const alipay = createAlipay({ clock, random, http });
  const parsed = alipay.parseCredentials(merchant.credentials);
  if (!parsed.ok) throw new Error("the credentials of the world do not parse");
  const context = {
    channelAccountId: merchant.accountId,
    gatewayUrl: `${sandbox.url}/gateway.do`,
    credentials: parsed.credentials,
    timeoutMs: 60_000,
  };
  const lines: DatedLine[] = [];
  for (const date of datesOf(world)) {
    await channel(jsonRequest("POST", sandboxUrl("/alipay/close-day"), { app_id: merchant.appId, date }));
    const call = await alipay.downloadStatement(context, date);
    if (call.end === "answered") lines.push(...call.value.lines.map((line) => ({ ...line, date })));
    else if (call.end !== "refused" || call.code !== "no_statement")
      world.violations.push(`the bill of ${date} ended ${call.end}: ${JSON.stringify(call)}`);
  }
  return lines;
}

function datesOf(world: World): readonly string[] {
  const beijing = (at: Date) => new Date(at.getTime() + BEIJING_MS).toISOString().slice(0, 10);
  const last = beijing(world.scheduler.now());
  const dates: string[] = [];
  for (let at = world.begunAt; ; at = new Date(at.getTime() + DAY_MS)) {
    dates.push(beijing(at));
    if (beijing(at) >= last) return dates;
  }
}

function show(line: DatedLine): string {
  return `${line.kind} ${line.channelOrderNo} ${line.channelRefundNo ?? ""} ${line.amount}`;
}
