/** What a crash may have cost: promises that are gone, and money or events that are there twice. */
import { sql } from "../../server/src/kernel/database.ts";
import { formatId, type Id } from "../../server/src/kernel/ids.ts";
import type { Order } from "./load.ts";
import type { Stage } from "./stage.ts";
import { type Trade, tradesByOrderNo } from "./verify.ts";

export type Toll = {
  /** Acknowledged and not there any more, or told to nobody. */
  readonly lost: readonly string[];
  /** Made, taken, given back or told more than once. */
  readonly doubled: readonly string[];
  /** Anything else that is not as it must be, invariants included. */
  readonly violations: readonly string[];
};

const paymentsSql = sql(
  "crash_payments",
  `select id, merchant_order_no, amount, status
   from payments
   where merchant_order_no = any($1)
   order by id`,
);

const attemptsSql = sql(
  "crash_attempts",
  `select a.payment_id, a.channel_order_no
   from attempts a
   join payments p on p.id = a.payment_id
   where p.merchant_order_no = any($1)
   order by a.id`,
);

const refundsSql = sql(
  "crash_refunds",
  `select r.id, r.payment_id, r.amount, r.state, r.automatic, r.channel_refund_no
   from refunds r
   join payments p on p.id = r.payment_id
   where p.merchant_order_no = any($1)
   order by r.id`,
);

type PaymentRow = { id: Id; merchantOrderNo: string; amount: bigint; status: string };
type RefundRow = {
  id: Id;
  paymentId: Id;
  amount: bigint;
  state: string;
  automatic: boolean;
  channelRefundNo: string;
};

type Found = {
  readonly payments: ReadonlyMap<string, PaymentRow[]>;
  readonly trades: ReadonlyMap<Id, Trade[]>;
  readonly refunds: ReadonlyMap<Id, RefundRow[]>;
  /** Distinct webhook ids by `type subject`. */
  readonly events: ReadonlyMap<string, ReadonlySet<string>>;
};

/** Asks for everything that was promised, when everything is quiet. */
export async function tollOf(stage: Stage, orders: readonly Order[]): Promise<Toll> {
  const found = await find(stage, orders);
  const lost: string[] = [];
  const doubled: string[] = [];
  const violations: string[] = [...(await stage.books.violations())];
  for (const order of orders) {
    const rows = found.payments.get(order.number) ?? [];
    const [payment] = rows;
    if (rows.length > 1) doubled.push(`${order.number}: ${rows.length} payments`);
    if (payment === undefined) {
      if (order.id !== null) lost.push(`${order.number}: was acknowledged and is gone`);
      continue;
    }
    askPromises(order, payment, found, lost);
    askMoney(order, payment, found, { lost, doubled, violations });
    askEvents(payment, found, lost, doubled);
  }
  return { lost, doubled, violations };
}

async function find(stage: Stage, orders: readonly Order[]): Promise<Found> {
  const { db } = stage.books.database;
  const numbers = orders.map(({ number }) => number);
  const payments = await db.all<PaymentRow>(paymentsSql, [numbers]);
  const attempts = await db.all<{ paymentId: Id; channelOrderNo: string }>(attemptsSql, [numbers]);
  const refunds = await db.all<RefundRow>(refundsSql, [numbers]);
  const book = await tradesByOrderNo(stage);
  const trades = new Map<Id, Trade[]>();
  for (const { paymentId, channelOrderNo } of attempts) {
    const trade = book.get(channelOrderNo);
    if (trade !== undefined) trades.set(paymentId, [...(trades.get(paymentId) ?? []), trade]);
  }
  const events = new Map<string, Set<string>>();
  for (const { id, type, subject } of stage.receiver.received) {
    const key = `${type} ${subject}`;
    events.set(key, (events.get(key) ?? new Set()).add(id));
  }
  return {
    payments: Map.groupBy(payments, ({ merchantOrderNo }) => merchantOrderNo),
    trades,
    refunds: Map.groupBy(refunds, ({ paymentId }) => paymentId),
    events,
  };
}

function askPromises(order: Order, payment: PaymentRow, found: Found, lost: string[]): void {
  const id = formatId("pay", payment.id);
  if (order.id !== null && order.id !== id) lost.push(`${order.number}: was ${order.id} and is ${id}`);
  if (payment.amount !== BigInt(order.amount)) lost.push(`${order.number}: is over ${payment.amount}`);
  if (order.seen !== null && order.seen !== payment.status) {
    lost.push(`${order.number}: was shown ${order.seen} and is ${payment.status}`);
  }
  const refunds = found.refunds.get(payment.id) ?? [];
  for (const promised of order.refunds) {
    const row = refunds.find((refund) => formatId("rfd", refund.id) === promised.id);
    if (row?.amount !== BigInt(promised.amount))
      lost.push(`${promised.number}: was acknowledged and is gone`);
  }
}

/** The channel's own book is the second way to know: it keeps of a payment what the merchant asked for. */
function askMoney(
  order: Order,
  payment: PaymentRow,
  found: Found,
  into: { lost: string[]; doubled: string[]; violations: string[] },
): void {
  const trades = found.trades.get(payment.id) ?? [];
  const refunds = found.refunds.get(payment.id) ?? [];
  const kept = trades.reduce((sum, trade) => sum + (trade.paid_amount ?? 0) - trade.amount_refunded, 0);
  const given = refunds
    .filter(({ automatic, state }) => !automatic && (state === "succeeded" || state === "accepted"))
    .reduce((sum, { amount }) => sum + Number(amount), 0);
  const due = payment.status === "succeeded" ? order.amount - given : 0;
  if (kept > due) into.doubled.push(`${order.number}: the channel keeps ${kept} instead of ${due}`);
  if (kept < due) into.lost.push(`${order.number}: the channel keeps ${kept} instead of ${due}`);
  if (order.paid > 0 && payment.status !== "succeeded" && kept !== 0) {
    into.lost.push(`${order.number}: was paid and is ${payment.status}`);
  }
  const numbers = trades.flatMap((trade) => trade.refunds).map((part) => part.out_request_no);
  for (const { channelRefundNo } of refunds) {
    const times = numbers.filter((number) => number === channelRefundNo).length;
    if (times > 1) into.doubled.push(`${channelRefundNo}: refunded ${times} times`);
  }
  for (const { state, channelRefundNo } of refunds) {
    if (state !== "succeeded") into.violations.push(`${channelRefundNo}: a refund is still ${state}`);
  }
}

function askEvents(payment: PaymentRow, found: Found, lost: string[], doubled: string[]): void {
  const expected = [`payment.${payment.status} ${formatId("pay", payment.id)}`];
  for (const { id, state } of found.refunds.get(payment.id) ?? []) {
    if (state === "succeeded") expected.push(`refund.accepted ${formatId("rfd", id)}`);
    if (state === "succeeded") expected.push(`refund.succeeded ${formatId("rfd", id)}`);
  }
  for (const event of expected) {
    const ids = found.events.get(event)?.size ?? 0;
    if (ids === 0) lost.push(`nobody was told: ${event}`);
    if (ids > 1) doubled.push(`told as ${ids} different events: ${event}`);
  }
}
