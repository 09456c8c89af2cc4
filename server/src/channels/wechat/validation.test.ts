import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { AMOUNT_MAX_FEN } from "./amount.ts";
import { NOW, newOrder } from "./testing.ts";
import { refuseOrder } from "./validation.ts";

const DAY_MS = 86_400_000;

describe("an order that WeChat Pay takes", () => {
  for (const [title, order] of Object.entries({
    "of the largest amount": newOrder({ amount: AMOUNT_MAX_FEN }),
    "of one fen": newOrder({ amount: 1n }),
    "with 127 characters of four bytes": newOrder({ subject: "😀".repeat(127) }),
    "for seven days": newOrder({ expiresAt: new Date(NOW.getTime() + 7 * DAY_MS) }),
    "with a buyer": newOrder({ method: "wechat.jsapi", buyer: "oUpF8uMuAJO" }),
  })) {
    it(title, () => assert.equal(refuseOrder(order), null));
  }
});

describe("an order that it does not take is named before anything is sent", () => {
  for (const [field, order] of [
    ["method", newOrder({ method: "wechat.code" })],
    ["method", newOrder({ method: "alipay.qr" })],
    ["currency", newOrder({ currency: "HKD" })],
    ["amount", newOrder({ amount: 0n })],
    ["amount", newOrder({ amount: AMOUNT_MAX_FEN + 1n })],
    ["subject", newOrder({ subject: "  " })],
    ["subject", newOrder({ subject: "茶".repeat(128) })],
    ["buyer", newOrder({ method: "wechat.jsapi" })],
    ["buyer", newOrder({ method: "wechat.jsapi", buyer: "o".repeat(129) })],
    ["payment_code", newOrder({ paymentCode: "134567890123456789" })],
    ["expires_in", newOrder({ expiresAt: new Date(NOW.getTime() + 7 * DAY_MS + 1) })],
  ] as const) {
    it(`${field}: ${order.method}`, () => {
      const refused = refuseOrder(order);
      assert.equal(refused?.field, field);
      assert.ok((refused?.detail ?? "").endsWith("."));
    });
  }
});
