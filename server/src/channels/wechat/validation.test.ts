import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { AMOUNT_MAX_FEN } from "./amount.ts";
import {
  API_V2_KEY,
  contextOf,
  NOW,
  newOrder,
  newPair,
  platformCertificate,
  publicKeyInput,
  scripted,
} from "./testing.ts";
import { refuseOrder } from "./validation.ts";

const DAY_MS = 86_400_000;
const CODE = "134567890123456789";

describe("an order that WeChat Pay takes", () => {
  for (const [title, order] of Object.entries({
    "of the largest amount": newOrder({ amount: AMOUNT_MAX_FEN }),
    "of one fen": newOrder({ amount: 1n }),
    "with 127 characters of four bytes": newOrder({ subject: "😀".repeat(127) }),
    "for seven days": newOrder({ expiresAt: new Date(NOW.getTime() + 7 * DAY_MS) }),
    "with a buyer": newOrder({ method: "wechat.jsapi", buyer: "oUpF8uMuAJO" }),
    "with a payment code": newOrder({ method: "wechat.code", paymentCode: CODE }),
  })) {
    it(title, () => assert.equal(refuseOrder(order), null));
  }
});

describe("an order that it does not take is named before anything is sent", () => {
  for (const [field, order] of [
    ["method", newOrder({ method: "alipay.qr" })],
    ["currency", newOrder({ currency: "HKD" })],
    ["amount", newOrder({ amount: 0n })],
    ["amount", newOrder({ amount: AMOUNT_MAX_FEN + 1n })],
    ["subject", newOrder({ subject: "  " })],
    ["subject", newOrder({ subject: "茶".repeat(128) })],
    ["buyer", newOrder({ method: "wechat.jsapi" })],
    ["buyer", newOrder({ method: "wechat.jsapi", buyer: "o".repeat(129) })],
    ["payment_code", newOrder({ paymentCode: CODE })],
    ["payment_code", newOrder({ method: "wechat.code" })],
    ["payment_code", newOrder({ method: "wechat.code", paymentCode: "280000000000000000" })],
    ["expires_in", newOrder({ expiresAt: new Date(NOW.getTime() + 7 * DAY_MS + 1) })],
  ] as const) {
    it(`${field}: ${order.method}`, () => {
      const refused = refuseOrder(order);
      assert.equal(refused?.field, field);
      assert.ok((refused?.detail ?? "").endsWith("."));
    });
  }
});

describe("an account that can not charge payment codes says what to enter", () => {
  const merchant = newPair();
  const wechat = newPair();
  const input = publicKeyInput(merchant, wechat);
  const certificate = platformCertificate(merchant, 9n);
  const order = newOrder({ method: "wechat.code", paymentCode: CODE });
  const sandbox = "http://127.0.0.1:8081/wechat";
  const production = "https://api.example";
  const cases: readonly (readonly [title: string, more: object, gatewayUrl: string, names: RegExp | null])[] =
    [
      ["without an APIv2 key", {}, sandbox, /api_v2_key/],
      ["over plain HTTP, with the key alone", { api_v2_key: API_V2_KEY }, sandbox, null],
      ["over TLS without a certificate", { api_v2_key: API_V2_KEY }, production, /merchant_certificate/],
      ["over TLS with all", { api_v2_key: API_V2_KEY, merchant_certificate: certificate }, production, null],
    ];
  for (const [title, more, gatewayUrl, names] of cases) {
    it(title, () => {
      const context = { ...contextOf(scripted([]).channel, { ...input, ...more }), gatewayUrl };
      const refused = refuseOrder(order, context);
      if (names === null) assert.equal(refused, null);
      else assert.match(refused?.detail ?? "", names);
      assert.equal(refuseOrder(newOrder(), context), null, "other scenes need neither");
    });
  }
});
