/** Shops and buyers at work: what they were promised is kept, to be asked for after every crash. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Chance } from "./chance.ts";
import { type Json, Refused } from "./client.ts";
import { type Shop, text } from "./shop.ts";
import type { Stage } from "./stage.ts";

/** What the platform has acknowledged of one payment, and what its buyer did. */
export type Order = {
  readonly shop: Shop;
  readonly number: string;
  readonly amount: number;
  readonly request: Json;
  /** Answered with this id: from then on the payment exists. */
  id: string | null;
  /** Shown as succeeded or closed: from then on it is. */
  seen: string | null;
  /** The buyer's wallet took the money, this often. */
  paid: number;
  /** Acknowledged refunds: number, id, amount. */
  readonly refunds: { readonly number: string; readonly id: string; readonly amount: number }[];
};

export type Load = {
  readonly orders: readonly Order[];
  /** Answers in the 200s to requests that change something. */
  readonly acknowledged: () => number;
  /** Answers that nobody should have got. */
  readonly odd: readonly string[];
  /** New orders from now on. */
  start(): void;
  /** No new orders; those under way go on. */
  pause(): void;
  readonly busy: () => number;
};

const ORDER_GAP_MS = 45;
const BUSY_MAX = 40;
const LOOK_MS = 120;
const EXPIRES_IN_SECONDS = 400;

type Buyer = (work: Work, order: Order) => Promise<void>;
type Work = { readonly stage: Stage; readonly chance: Chance; readonly acknowledge: () => void };

export function createLoad(stage: Stage, chance: Chance, name: string): Load {
  const orders: Order[] = [];
  const odd: string[] = [];
  let acknowledged = 0;
  let busy = 0;
  let running = false;
  const work: Work = { stage, chance, acknowledge: () => (acknowledged += 1) };

  const serve = async (order: Order, buyer: Buyer) => {
    busy += 1;
    try {
      await buyer(work, order);
    } catch (error) {
      // A wish that came too late is refused with 409; a code that another order closed is 404 or 409 there.
      const status = error instanceof Refused ? error.answer.status : 0;
      if (status !== 409 && status !== 404) odd.push(`${order.number}: ${String(error)}`);
    }
    busy -= 1;
  };
  const arrive = async () => {
    while (running) {
      if (busy < BUSY_MAX) {
        const order = newOrder(stage, chance, `${name}-${orders.length + 1}`);
        orders.push(order);
        void serve(order, buyerOf(chance));
      }
      await sleep(ORDER_GAP_MS);
    }
  };
  return {
    orders,
    acknowledged: () => acknowledged,
    odd,
    start: () => {
      running = true;
      void arrive();
    },
    pause: () => {
      running = false;
    },
    busy: () => busy,
  };
}

function newOrder(stage: Stage, chance: Chance, number: string): Order {
  const amount = chance.between(100, 20_000);
  const request = { merchant_order_no: number, amount, currency: "CNY", subject: "Tea" };
  const expiring = { ...request, expires_in: EXPIRES_IN_SECONDS };
  const shop = chance.one(stage.shops);
  return { shop, number, amount, request: expiring, id: null, seen: null, paid: 0, refunds: [] };
}

function buyerOf(chance: Chance): Buyer {
  const draw = chance.fraction();
  if (draw < 0.55) return paysByQr;
  if (draw < 0.7) return paysByCode;
  if (draw < 0.85) return walksAway;
  return paysTwice;
}

/** Pays what was shown; now and then a part comes back. */
const paysByQr: Buyer = async (work, order) => {
  await create(work, order, { method: "alipay.qr" });
  await payCode(work, order, await shownCode(order));
  await see(order, (payment) => payment.status_final === true);
  const parts = work.chance.between(0, 2);
  await Promise.all(Array.from({ length: parts }, (_, index) => refund(work, order, index + 1)));
};

const paysByCode: Buyer = async (work, order) => {
  const { body } = await work.stage.sandbox.ask("POST", "/wallet/payment-codes", {});
  await create(work, order, { payment_code: text(body, "code") });
  const payment = await see(order, (present) => present.status_final === true);
  if (payment.status === "succeeded") {
    order.paid = 1;
    if (work.chance.fraction() < 0.3) await refund(work, order, 1);
  }
};

/** Looks at the code, perhaps, and leaves; the shop closes the payment. */
const walksAway: Buyer = async (work, order) => {
  await create(work, order, { method: "alipay.qr" });
  const code = await shownCode(order);
  if (work.chance.fraction() < 0.5) await work.stage.sandbox.ask("POST", "/wallet/scan", { code });
  await close(work, order);
};

/** Is shown a second code and pays both, as far as the wallet lets them: one payment's worth comes back. */
const paysTwice: Buyer = async (work, order) => {
  await create(work, order, { method: "alipay.qr" });
  const first = await shownCode(order);
  await order.shop.client.ask("POST", `/v1/payments/${order.id}/attempts`, { method: "alipay.qr" });
  work.acknowledge();
  const second = await shownCode(order, first);
  await Promise.all([payCode(work, order, first), payCode(work, order, second)]);
  await see(order, (payment) => payment.status_final === true);
};

async function create({ acknowledge }: Work, order: Order, way: Json): Promise<void> {
  Object.assign(order.request, way);
  const { body } = await order.shop.client.ask("POST", "/v1/payments", order.request);
  order.id = text(body, "id");
  acknowledge();
}

async function refund({ chance, acknowledge }: Work, order: Order, part: number): Promise<void> {
  if (order.seen !== "succeeded") return;
  const number = `${order.number}-R${part}`;
  const amount = chance.between(1, Math.floor(order.amount / 2));
  const path = `/v1/payments/${order.id}/refunds`;
  const { body } = await order.shop.client.ask("POST", path, { merchant_refund_no: number, amount });
  order.refunds.push({ number, id: text(body, "id"), amount });
  acknowledge();
}

async function close({ acknowledge }: Work, order: Order): Promise<void> {
  await order.shop.client.ask("POST", `/v1/payments/${order.id}/close`);
  acknowledge();
  await see(order, (payment) => payment.status_final === true);
}

async function payCode({ stage }: Work, order: Order, code: string): Promise<void> {
  try {
    await stage.sandbox.ask("POST", "/wallet/pay", { code });
    order.paid += 1;
  } catch (error) {
    // The order was closed at the channel before the buyer could pay it.
    if (!(error instanceof Refused)) throw error;
  }
}

async function shownCode(order: Order, not?: string): Promise<string> {
  const codeOf = (payment: Json) => (payment.next_action as { qr_code?: string } | null)?.qr_code;
  const payment = await see(order, (present) => {
    const code = codeOf(present);
    return (code !== undefined && code !== not) || present.status_final === true;
  });
  const code = codeOf(payment);
  if (code === undefined)
    throw new Error(`the payment ended before its code was shown: ${String(payment.status)}`);
  return code;
}

/** Looks until it is so; what was shown as final is remembered as a promise. */
async function see(order: Order, enough: (payment: Json) => boolean): Promise<Json> {
  for (;;) {
    const { body } = await order.shop.client.ask("GET", `/v1/payments/${order.id}`);
    if (body.status_final === true) order.seen = String(body.status);
    if (enough(body)) return body;
    await sleep(LOOK_MS);
  }
}
