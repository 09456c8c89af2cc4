/** Orders of a merchant under test, and their lines as its channel's statement has them. */
import assert from "node:assert/strict";
import type { Json } from "../../../../../tools/testing/platform.ts";
import { lineText } from "./generations.ts";
import type { World } from "./world.ts";

let numbers = 0;

/** A payment of 100.00 CNY whose code nobody has scanned yet. */
export async function order({ shop }: World): Promise<Json> {
  numbers += 1;
  const created = await shop.api("POST", "/v1/payments", {
    merchant_order_no: `D-${numbers}`,
    amount: 10_000,
    currency: "CNY",
    subject: "Tea",
    method: "alipay.qr",
  });
  assert.equal(created.status, 201, JSON.stringify(created.body));
  return created.body;
}

/** The line of a payment, or of what else the columns in `more` say. */
export function lineOf(payment: Json, more: Record<string, unknown> = {}): string {
  const [attempt] = payment.attempts;
  const trade = attempt.channel_trade_no ?? `20261120${payment.id.slice(-12)}`;
  return lineText({ channel_order_no: attempt.channel_order_no, channel_trade_no: trade, ...more });
}
