/** What must be true of a payment after its story, by what the channel, the merchant and the books say. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Json } from "./client.ts";
import { FEE_RATE_MILLIONTHS, type Shop } from "./shop.ts";
import type { Stage } from "./stage.ts";
import type { Told } from "./story.ts";

export type Trade = {
  readonly out_trade_no: string;
  readonly status: string;
  readonly amount: number;
  readonly paid_amount: number | null;
  readonly amount_refunded: number;
  readonly refunds: readonly { readonly out_request_no: string; readonly amount: number }[];
};

const TRADES_PER_PAGE = 100;

/** Every trade of the channel's own book, by our order number: the second way to know. */
export async function tradesByOrderNo(stage: Stage): Promise<ReadonlyMap<string, Trade>> {
  const trades = new Map<string, Trade>();
  let cursor = "";
  for (;;) {
    const { body } = await stage.sandbox.ask("GET", `/wallet/trades?limit=${TRADES_PER_PAGE}${cursor}`);
    for (const trade of body.data as Trade[]) trades.set(trade.out_trade_no, trade);
    if (typeof body.next_cursor !== "string") return trades;
    cursor = `&cursor=${body.next_cursor}`;
  }
}

/** A try that is under way is leased for half a minute; the schedule's first gap is four. */
const REPEATED_SOON_MS = 60_000;
const REPEAT_LOOK_MS = 50;
const acknowledgedMsMax = 120_000;

/**
 * The channel tells again what was not acknowledged: it goes on for a day, so nothing is ever told in vain,
 * and what the platform has found out meanwhile must stay as it is.
 */
export async function repeatNotifications(stage: Stage, shop: Shop, told: Told): Promise<void> {
  const { body: payment } = await shop.client.ask("GET", `/v1/payments/${told.paymentId}`);
  const giveUpAt = performance.now() + acknowledgedMsMax;
  for (const { channel_order_no } of payment.attempts as { channel_order_no: string }[]) {
    for (;;) {
      const path = `/alipay/notifications?out_trade_no=${channel_order_no}`;
      const { body } = await stage.sandbox.ask("GET", path);
      const open = (body.data as { id: string; state: string; due_at: string | null }[]).filter(
        ({ state }) => state !== "acknowledged",
      );
      if (open.length === 0) break;
      if (performance.now() > giveUpAt) throw new Error(`${channel_order_no}: a notification is refused`);
      for (const { id, due_at } of open) {
        const underWay = due_at !== null && Date.parse(due_at) < Date.now() + REPEATED_SOON_MS;
        if (!underWay) await stage.sandbox.ask("POST", `/alipay/notifications/${id}/resend`);
      }
      await sleep(REPEAT_LOOK_MS);
    }
  }
}

/** Everything about this story that is not as it must be, in words. */
export async function faultsOf(stage: Stage, shop: Shop, told: Told): Promise<readonly string[]> {
  const faults: string[] = [];
  const expect = (holds: boolean, fault: string) => {
    if (!holds) faults.push(`${told.merchantOrderNo}: ${fault}`);
  };
  const { body: payment } = await shop.client.ask("GET", `/v1/payments/${told.paymentId}`);
  expect(payment.status === told.status, `is ${String(payment.status)}, not ${told.status}`);
  const { body: list } = await shop.client.ask("GET", `/v1/payments?number=${told.merchantOrderNo}`);
  expect((list.data as Json[]).length === 1, "there is not exactly one payment of its number");

  const attempts = payment.attempts as { channel_order_no: string }[];
  const book = await tradesByOrderNo(stage);
  const trades = attempts.flatMap(({ channel_order_no }) => book.get(channel_order_no) ?? []);
  const paid = trades.reduce((sum, trade) => sum + (trade.paid_amount ?? 0), 0);
  const refunded = trades.reduce((sum, trade) => sum + trade.amount_refunded, 0);
  const kept = told.status === "succeeded" ? told.amount - told.refunded : 0;
  expect(paid - refunded === kept, `the channel holds ${paid - refunded}, not ${kept}`);
  expect(paid <= told.amount, `the buyer paid ${paid} for ${told.amount}`);
  if (told.refunded > 0) {
    const parts = trades.flatMap((trade) => trade.refunds);
    expect(parts.length === 1, `the channel refunded ${parts.length} times`);
  }

  const heard = stage.receiver.received.filter(({ subject }) => told.subjects.includes(subject));
  for (const type of told.events) {
    const ids = new Set(heard.filter((event) => event.type === type).map(({ id }) => id));
    expect(ids.size === 1, `${ids.size} different events ${type} were heard`);
  }
  const types = new Set(heard.map(({ type }) => type));
  expect(types.size === told.events.length, `heard ${[...types].join(", ")}`);
  expect(stage.receiver.refused() === 0, "a webhook's signature did not fit");
  return faults;
}

/** What the platform owes the shop, over all its accounts, whose balances are credits; minor units. */
export async function balanceOf(shop: Shop): Promise<number> {
  const { body } = await shop.client.ask("GET", "/v1/accounts?limit=100");
  return (body.data as { balance: number }[]).reduce((sum, { balance }) => sum - balance, 0);
}

/** What one story leaves to its merchant: payment less fee, less refund, and the refund's part of the fee. */
export function netOf({ status, amount, refunded }: Told): number {
  if (status !== "succeeded") return 0;
  const fee = halfUp(amount * FEE_RATE_MILLIONTHS, 1_000_000);
  return amount - fee - refunded + halfUp(fee * refunded, amount);
}

function halfUp(dividend: number, divisor: number): number {
  return Math.floor((2 * dividend + divisor) / (2 * divisor));
}
