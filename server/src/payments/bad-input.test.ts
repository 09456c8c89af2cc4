import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { assertInvariants } from "../../../tools/testing/invariants.ts";
import {
  type Answer,
  type Json,
  startTestPlatform,
  type TestPlatform,
} from "../../../tools/testing/platform.ts";
import { DAY, HOUR } from "../kernel/clock.ts";
import { sql } from "../kernel/database.ts";
import { aNumber, handsOn } from "./testing/hands.ts";
import { openShop, type Shop } from "./testing/shop.ts";

let platform: TestPlatform;
let stranger: Shop;
let paid: Json;
let open: Json;
let refunded: Json;
const hands = handsOn(() => platform);
before(async () => {
  platform = await startTestPlatform();
  stranger = await openShop(platform);
  paid = await hands.paid();
  // No word of it later, so that nothing moves while traces are compared.
  await hands.fault("notification_lost", { out_trade_no: hands.order(paid) });
  refunded = (await hands.refund(paid.id, { amount: 1 })).body;
  open = await hands.create({ method: "alipay.qr" });
});
after(async () => {
  await assertInvariants(platform);
  await platform.stop();
});

const rowsSql = sql(
  "test_rows_of_payments",
  `select (select count(*) from payments) as payments,
     (select count(*) from attempts) as attempts,
     (select count(*) from refunds) as refunds,
     (select count(*) from exchanges) as exchanges,
     (select count(*) from journals) as journals,
     (select count(*) from events) as events`,
);

/** Everything that a request could have left behind: our rows, and the channel's orders and refunds. */
async function traces(): Promise<unknown> {
  const rows = await platform.app.cell.db.one(rowsSql);
  const { body } = await platform.sandbox("GET", "/wallet/trades?limit=100");
  return { rows, orders: body.data };
}

/** Asserts a precise problem that changed nothing and reached no channel. */
async function refuses(
  ask: () => Promise<Answer>,
  expected: { status: number; code: string; field?: string },
): Promise<Json> {
  const before = await traces();
  const answer = await ask();
  assert.deepEqual(
    [answer.status, answer.body.code],
    [expected.status, expected.code],
    JSON.stringify(answer.body),
  );
  assert.equal(answer.headers.get("content-type"), "application/problem+json; charset=utf-8");
  assert.equal(answer.body.field, expected.field);
  assert.equal(answer.body.status, expected.status);
  for (const member of ["type", "title", "remedy", "request_id"]) {
    assert.equal(typeof answer.body[member], "string", member);
  }
  assert.deepEqual(await traces(), before);
  return answer.body;
}

const plain = () => ({
  merchant_order_no: aNumber(),
  amount: 1234,
  currency: "CNY",
  subject: "Tea",
  method: "alipay.qr",
});

const invalid = (field: string) => ({ status: 400, code: "invalid_request", field });

describe("a payment that is not right is refused by the field's name, and leaves no trace", () => {
  const without = (field: string) => {
    const { [field]: _, ...rest } = plain() as Record<string, unknown>;
    return rest;
  };
  const cases: readonly [
    title: string,
    body: () => unknown,
    expected: { status: number; code: string; field?: string },
  ][] = [
    ["an amount of zero", () => ({ ...plain(), amount: 0 }), invalid("amount")],
    ["a negative amount", () => ({ ...plain(), amount: -1 }), invalid("amount")],
    ["a fractional amount", () => ({ ...plain(), amount: 12.34 }), invalid("amount")],
    ["an amount as text", () => ({ ...plain(), amount: "1234" }), invalid("amount")],
    ["an amount beyond what JSON keeps exact", () => ({ ...plain(), amount: 2 ** 53 }), invalid("amount")],
    ["an amount of nothing", () => ({ ...plain(), amount: null }), invalid("amount")],
    ["an amount that is a boolean", () => ({ ...plain(), amount: true }), invalid("amount")],
    [
      "an amount beyond the contract",
      () => ({ ...plain(), amount: 2 ** 53 - 1 }),
      { status: 422, code: "amount_out_of_range", field: "amount" },
    ],
    ["no amount", () => without("amount"), invalid("amount")],
    ["no order number", () => without("merchant_order_no"), invalid("merchant_order_no")],
    ["no currency", () => without("currency"), invalid("currency")],
    ["no subject", () => without("subject"), invalid("subject")],
    ["an unknown field", () => ({ ...plain(), amout: 5 }), invalid("amout")],
    [
      "an order number with a space",
      () => ({ ...plain(), merchant_order_no: "A 1" }),
      invalid("merchant_order_no"),
    ],
    [
      "an order number that is a number",
      () => ({ ...plain(), merchant_order_no: 1 }),
      invalid("merchant_order_no"),
    ],
    ["an empty order number", () => ({ ...plain(), merchant_order_no: "" }), invalid("merchant_order_no")],
    [
      "an order number of 65 characters",
      () => ({ ...plain(), merchant_order_no: "N".repeat(65) }),
      invalid("merchant_order_no"),
    ],
    ["a currency in small letters", () => ({ ...plain(), currency: "cny" }), invalid("currency")],
    [
      "a currency that the merchant does not settle in",
      () => ({ ...plain(), currency: "USD" }),
      { status: 422, code: "currency_not_supported", field: "currency" },
    ],
    [
      "a currency that nobody knows",
      () => ({ ...plain(), currency: "XXX" }),
      { status: 422, code: "currency_not_supported", field: "currency" },
    ],
    ["an empty subject", () => ({ ...plain(), subject: "" }), invalid("subject")],
    ["a subject with a line break", () => ({ ...plain(), subject: "Tea\nCake" }), invalid("subject")],
    ["a subject beyond its length", () => ({ ...plain(), subject: "T".repeat(129) }), invalid("subject")],
    [
      "a method that no account serves",
      () => ({ ...plain(), method: "wechat.pos" }),
      { status: 422, code: "method_not_available", field: "method" },
    ],
    ["a method that is none", () => ({ ...plain(), method: "Alipay QR" }), invalid("method")],
    [
      "a payment code with a scene that takes none",
      () => ({ ...plain(), payment_code: "280000000000000000" }),
      invalid("payment_code"),
    ],
    [
      "a scene that needs a payment code, without one",
      () => ({ ...plain(), method: "alipay.code" }),
      invalid("payment_code"),
    ],
    [
      "a payment code with letters",
      () => ({ ...plain(), method: "alipay.code", payment_code: "28abc" }),
      invalid("payment_code"),
    ],
    [
      "a scene that needs the buyer, without one",
      () => ({ ...plain(), method: "alipay.jsapi" }),
      invalid("buyer"),
    ],
    ["an expiry that is too soon", () => ({ ...plain(), expires_in: 59 }), invalid("expires_in")],
    [
      "an expiry that is too late",
      () => ({ ...plain(), expires_in: 15 * 86_400 + 1 }),
      invalid("expires_in"),
    ],
    [
      "an address to return to that is a script",
      () => ({ ...plain(), return_url: "javascript:alert(1)" }),
      invalid("return_url"),
    ],
    ["metadata that is no text", () => ({ ...plain(), metadata: { table: 7 } }), invalid("metadata.table")],
    ["a store that is not there", () => ({ ...plain(), store: "S-1" }), invalid("store")],
    ["a list", () => [plain()], invalid("body")],
    ["a text", () => "pay", invalid("body")],
  ];
  for (const [title, body, expected] of cases) {
    test(title, () => refuses(() => platform.api("POST", "/v1/payments", body()), expected));
  }

  test("a number that was used with a different request names every field that differs", async () => {
    const first = { ...plain(), metadata: { table: "7" } };
    await platform.api("POST", "/v1/payments", first);
    const reused = await refuses(
      () =>
        platform.api("POST", "/v1/payments", {
          ...first,
          amount: 1,
          subject: "Cake",
          metadata: { table: "8" },
        }),
      { status: 409, code: "number_reused", field: "amount" },
    );
    assert.deepEqual(reused.fields, ["amount", "metadata", "subject"]);
  });
});

describe("a body that is no request", () => {
  const send = async (body: string | Buffer, type: string | null): Promise<Answer> => {
    const answer = await fetch(`${platform.baseUrl}/v1/payments`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${platform.demo.secret_key}`,
        ...(type === null ? {} : { "content-type": type }),
      },
      body: typeof body === "string" ? body : new Uint8Array(body),
    });
    return { status: answer.status, body: await answer.json(), headers: answer.headers };
  };
  const json = "application/json";
  const cases: readonly [string, () => Promise<Answer>, { status: number; code: string; field?: string }][] =
    [
      ["not JSON", () => send("{amount: 1}", json), { status: 400, code: "invalid_json" }],
      ["empty", () => send("", json), { status: 400, code: "invalid_json" }],
      ["JSON cut short", () => send('{"amount": 1', json), { status: 400, code: "invalid_json" }],
      [
        "a form",
        () => send("amount=1", "application/x-www-form-urlencoded"),
        { status: 415, code: "unsupported_media_type" },
      ],
      [
        "larger than 64 kB",
        () => send(`{"subject":"${"T".repeat(70_000)}"}`, json),
        { status: 413, code: "body_too_large" },
      ],
      [
        "a key that would change every object",
        () => send(`{"__proto__":{"amount":1},"amount":1}`, json),
        { status: 400, code: "invalid_json" },
      ],
    ];
  for (const [title, ask, expected] of cases) test(title, () => refuses(ask, expected));
});

/** Another key of the other shop. */
async function newKey(): Promise<Json> {
  const path = `/v1/ops/merchants/${stranger.id}/api_keys`;
  const made = await platform.ops("POST", path, { label: "second" });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  return made.body;
}

describe("a key that may not", () => {
  const unauthenticated = { status: 401, code: "unauthenticated" };
  const create = (key: string | null) => platform.api("POST", "/v1/payments", plain(), key);
  test("missing", () => refuses(() => create(null), unauthenticated));
  test("made up", () => refuses(() => create(`sk_${"a".repeat(43)}`), unauthenticated));
  test("an operator's", () => refuses(() => create(platform.demo.operator_token), unauthenticated));
  test("a merchant's, at an operator's address", () =>
    refuses(() => platform.api("GET", "/v1/ops/payments"), unauthenticated));

  test("revoked", async () => {
    const key = await newKey();
    assert.equal((await platform.api("GET", "/v1/payments", undefined, key.secret)).status, 200);
    const revoked = await platform.ops("POST", `/v1/ops/merchants/${stranger.id}/api_keys/${key.id}/revoke`);
    assert.equal(revoked.status, 200, JSON.stringify(revoked.body));
    // A key is believed for at most a second after its end.
    platform.clock.advance(1_100);
    await refuses(() => create(key.secret), unauthenticated);
  });
});

describe("what belongs to another merchant is not there", () => {
  const gone = { status: 404, code: "not_found" };
  const asStranger = (method: string, path: string, body?: unknown) => () => stranger.api(method, path, body);

  test("its payment", () => refuses(asStranger("GET", `/v1/payments/${paid.id}`), gone));
  test("its story", () => refuses(asStranger("GET", `/v1/payments/${paid.id}/timeline`), gone));
  test("closing it", () => refuses(asStranger("POST", `/v1/payments/${open.id}/close`), gone));
  test("another way to pay it", () =>
    refuses(asStranger("POST", `/v1/payments/${open.id}/attempts`, { method: "alipay.qr" }), gone));
  test("refunding it", () =>
    refuses(asStranger("POST", `/v1/payments/${paid.id}/refunds`, { merchant_refund_no: "R1" }), gone));
  test("its refund", () => refuses(asStranger("GET", `/v1/refunds/${refunded.id}`), gone));
  test("its numbers in a list", async () => {
    const { body } = await stranger.api("GET", `/v1/payments?number=${paid.merchant_order_no}`);
    assert.deepEqual(body.data, []);
    const byTrade = await stranger.api("GET", `/v1/payments?number=${paid.attempts[0].channel_trade_no}`);
    assert.deepEqual(byTrade.body.data, []);
  });
  test("its order number is free for another merchant", async () => {
    const made = await stranger.api("POST", "/v1/payments", {
      ...plain(),
      merchant_order_no: paid.merchant_order_no,
    });
    assert.equal(made.status, 201);
  });
  test("an id of another kind, or none", async () => {
    await refuses(() => platform.api("GET", `/v1/payments/${paid.attempts[0].id}`), gone);
    await refuses(() => platform.api("GET", "/v1/payments/pay_nothing"), gone);
  });
});

describe("a refund that is not right", () => {
  const refund = (body: unknown) => () => platform.api("POST", `/v1/payments/${paid.id}/refunds`, body);
  const right = { merchant_refund_no: "R-1", amount: 1 };
  const cases: readonly [string, unknown, { status: number; code: string; field?: string }][] = [
    ["an amount of zero", { ...right, amount: 0 }, invalid("amount")],
    ["a negative amount", { ...right, amount: -1 }, invalid("amount")],
    ["a fractional amount", { ...right, amount: 0.5 }, invalid("amount")],
    ["an amount as text", { ...right, amount: "1" }, invalid("amount")],
    ["no number", { amount: 1 }, invalid("merchant_refund_no")],
    ["an unknown field", { ...right, currency: "CNY" }, invalid("currency")],
    ["a reason with a line break", { ...right, reason: "a\nb" }, invalid("reason")],
    [
      "more than was paid",
      { ...right, amount: 1235 },
      { status: 422, code: "refund_exceeds_payment", field: "amount" },
    ],
  ];
  for (const [title, body, expected] of cases) test(title, () => refuses(refund(body), expected));
});

describe("another way to pay that is not right", () => {
  const attempt = (body: unknown) => () => platform.api("POST", `/v1/payments/${open.id}/attempts`, body);

  test("neither method nor code", () => refuses(attempt({}), invalid("method")));
  test("a method that no account serves", () =>
    refuses(attempt({ method: "wechat.pos" }), {
      status: 422,
      code: "method_not_available",
      field: "method",
    }));
  test("a method of another currency", () =>
    refuses(attempt({ method: "card" }), { status: 422, code: "currency_not_supported", field: "currency" }));
  test("an unknown field", () => refuses(attempt({ method: "alipay.qr", amount: 1 }), invalid("amount")));
  test("the open order is still there afterwards", async () => {
    assert.equal((await hands.get(open.id)).live_attempt, open.live_attempt);
  });
});

test("a method that does not exist at an address is told so", async () => {
  const answer = await platform.api("DELETE", `/v1/payments/${paid.id}`);
  assert.ok([404, 405].includes(answer.status));
  assert.equal(answer.headers.get("content-type"), "application/problem+json; charset=utf-8");
});

test("a refund after the channel's window is refused", async () => {
  const shop = await openShop(platform, { refund_window_days: 30 });
  const { body } = await shop.api("POST", "/v1/payments", plain());
  await platform.payCode(body.next_action.qr_code);
  await hands.eventually(
    async () => (await shop.api("GET", `/v1/payments/${body.id}`)).body,
    (seen) => seen.status === "succeeded",
  );
  platform.clock.advance(31 * DAY);
  const refused = await shop.api("POST", `/v1/payments/${body.id}/refunds`, {
    merchant_refund_no: aNumber("R"),
  });
  assert.deepEqual([refused.status, refused.body.code], [422, "refund_window_over"]);
});

test("a key that has expired, the old one of a rotation after its overlap, is refused", async () => {
  const key = await newKey();
  const rotated = await platform.ops("POST", `/v1/ops/merchants/${stranger.id}/api_keys/${key.id}/rotate`, {
    overlap_hours: 1,
  });
  assert.ok(rotated.status < 300, JSON.stringify(rotated.body));
  assert.equal((await platform.api("GET", "/v1/payments", undefined, key.secret)).status, 200);
  platform.clock.advance(HOUR + 2_000);
  const late = await platform.api("GET", "/v1/payments", undefined, key.secret);
  assert.deepEqual([late.status, late.body.code], [401, "unauthenticated"]);
});
