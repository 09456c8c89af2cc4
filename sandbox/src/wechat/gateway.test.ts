import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type TestClock, testClock } from "../testing/clock.ts";
import { newKeys } from "../testing/merchant.ts";
import { signedFetch, startWechatBench, type WechatBench } from "../testing/wechat.ts";

// The clock stands at the machine's time, which the SDK signs with, and moves only by a few hours: then calls
// are signed by hand.

let bench: WechatBench;
let clock: TestClock;

before(async () => {
  clock = testClock(new Date().toISOString());
  bench = await startWechatBench({ clock });
});
after(() => bench.stop());

const native = "v3/pay/transactions/native";
const place = (order: object) => bench.call("post", native, order);
const byHand = (verb: string, path: string, body?: object, bent: object = {}) =>
  signedFetch(bench, verb, path, body, { now: clock.now(), ...bent });

void describe("a call that is not signed as it came", () => {
  const path = "/v3/pay/transactions/out-trade-no/NOBODY1?mchid=";
  const cases: [title: string, bent: object][] = [
    ["with a stranger's key", { privateKey: newKeys().privateKey }],
    ["for another path", { target: "/v3/pay/transactions/out-trade-no/NOBODY2?mchid=1900000000" }],
    ["six minutes ago", { ageMs: 360_000 }],
    ["six minutes from now", { ageMs: -360_000 }],
    ["at no time", { timestamp: "yesterday" }],
    ["under another serial number", { serial: "00".repeat(16) }],
    ["by a merchant that nobody knows", { mchid: "1900000000" }],
    ["by another scheme", { scheme: "WECHATPAY2-SM2-WITH-SM3" }],
  ];
  for (const [title, bent] of cases) {
    void test(`is refused: ${title}`, async () => {
      const answer = await byHand("GET", `${path}${bench.mchid}`, undefined, bent);
      assert.deepEqual([answer.status, answer.data.code], [401, "SIGN_ERROR"]);
      assert.equal(answer.headers.get("wechatpay-signature"), null);
    });
  }

  void test("is refused where its body was changed on the way, and told what was signed", async () => {
    const cheaper = bench.order("CHANGED1", { amount: { total: 1, currency: "CNY" } });
    const sent = { wire: JSON.stringify(cheaper) };
    const answer = await byHand("POST", "/v3/pay/transactions/native", bench.order("CHANGED1"), sent);
    assert.equal(answer.status, 401);
    const detail = answer.data.detail as { sign_information: { method: string; url: string } };
    assert.equal(detail.sign_information.url, "/v3/pay/transactions/native");
    assert.equal((await bench.query("CHANGED1")).data.code, "ORDER_NOT_EXIST");
  });

  void test("is taken whether its path is signed with the gateway's own or from /v3/ on", async () => {
    for (const target of [`${path}${bench.mchid}`, `/wechat${path}${bench.mchid}`]) {
      const answer = await byHand("GET", `${path}${bench.mchid}`, undefined, { target });
      assert.deepEqual([answer.status, answer.data.code], [404, "ORDER_NOT_EXIST"]);
    }
  });

  void test("keeps its bytes: blanks and escapes of the body are part of what is signed", async () => {
    const wire = JSON.stringify(bench.order("BYTES1"), null, 2).replace("茶", "\\u8336");
    const answer = await byHand("POST", "/v3/pay/transactions/native", undefined, { wire, signed: wire });
    assert.equal(answer.status, 200);
  });
});

void describe("an order", () => {
  void test("asked for again with the same parameters, in whatever spelling, is the same", async () => {
    const order = bench.order("AGAIN1", { attach: "a" });
    const first = await place(order);
    const { attach, ...rest } = order;
    assert.deepEqual((await place({ attach, ...rest })).data, first.data);
    for (const change of [
      { description: "Coffee" },
      { amount: { total: 1, currency: "CNY" } },
      { attach: "b" },
    ]) {
      const other = await place({ ...order, ...change });
      assert.deepEqual([other.status, other.data.code], [400, "INVALID_REQUEST"]);
    }
    const otherKind = await bench.call("post", "v3/pay/transactions/app", order);
    assert.equal(otherKind.data.code, "INVALID_REQUEST");
    await bench.post("/wallet/pay", { code: first.data.code_url });
    assert.equal((await place(order)).data.code, "ORDERPAID");
  });

  void test("that is paid can not be closed, and one that is closed can not be paid", async () => {
    const closeOf = (no: string) =>
      bench.call("post", `v3/pay/transactions/out-trade-no/${no}/close`, { mchid: bench.mchid });
    await bench.paid("ENDED1");
    assert.equal((await closeOf("ENDED1")).data.code, "ORDERPAID");
    const code = await bench.place("ENDED2");
    assert.equal((await closeOf("ENDED2")).status, 204);
    assert.equal((await closeOf("ENDED2")).status, 204);
    assert.equal((await bench.post("/wallet/pay", { code })).status, 409);
    assert.equal((await closeOf("NOBODY1")).data.code, "ORDER_NOT_EXIST");
  });

  const wrong: [what: string, more: object, code: string, field?: string][] = [
    ["no amount", { amount: undefined }, "PARAM_ERROR", "/amount/total"],
    ["nothing to pay", { amount: { total: 0, currency: "CNY" } }, "PARAM_ERROR", "/amount/total"],
    ["part of a fen", { amount: { total: 1.5, currency: "CNY" } }, "PARAM_ERROR", "/amount/total"],
    ["another currency", { amount: { total: 1, currency: "USD" } }, "PARAM_ERROR", "/amount/currency"],
    ["a number too short", { out_trade_no: "ABC" }, "PARAM_ERROR", "/out_trade_no"],
    ["a number with a blank", { out_trade_no: "ABC 1234" }, "PARAM_ERROR", "/out_trade_no"],
    ["a null", { attach: null }, "PARAM_ERROR", "/attach"],
    ["no description", { description: undefined }, "PARAM_ERROR", "/description"],
    ["a notify_url with a query", { notify_url: "http://127.0.0.1/n?x=1" }, "PARAM_ERROR", "/notify_url"],
    ["an end in the past", { time_expire: "2020-01-01T00:00:00+08:00" }, "PARAM_ERROR", "/time_expire"],
    ["an end without a zone", { time_expire: "2099-01-01T00:00:00" }, "PARAM_ERROR", "/time_expire"],
    ["another app", { appid: "wx0000000000000000" }, "APPID_MCHID_NOT_MATCH"],
    ["another merchant", { mchid: "1900000000" }, "INVALID_REQUEST"],
  ];
  for (const [what, more, code, field] of wrong) {
    void test(`with ${what} is refused with ${code}`, async () => {
      const { status, data } = await place(bench.order("WRONG001", more));
      assert.deepEqual([status, data.code], [400, code]);
      if (field) assert.equal((data.detail as { field: string }).field, field);
    });
  }

  void test("in a wallet or on a mobile page needs what WeChat needs to know of the buyer", async () => {
    for (const [kind, field] of [
      ["jsapi", "/payer/openid"],
      ["h5", "/scene_info/payer_client_ip"],
    ]) {
      const { data } = await bench.call("post", `v3/pay/transactions/${kind}`, bench.order("NEEDS001"));
      assert.equal((data.detail as { field: string }).field, field);
    }
  });
});

void describe("a refund", () => {
  const refundOf = (no: string, refundNo: string, fen: number, more: object = {}) =>
    bench.refund(no, refundNo, fen, more);

  void test("never gives back more than was paid, and is the same when asked for again", async () => {
    await bench.paid("BACK001");
    const first = await refundOf("BACK001", "B1", 1000);
    assert.equal(first.data.status, "PROCESSING");
    assert.equal((await refundOf("BACK001", "B1", 1000)).data.refund_id, first.data.refund_id);
    assert.equal((await refundOf("BACK001", "B1", 999)).data.code, "INVALID_REQUEST");
    assert.equal((await refundOf("BACK001", "B2", 235)).data.code, "INVALID_REQUEST");
    const otherTotal = { amount: { refund: 1, total: 1, currency: "CNY" } };
    assert.equal((await refundOf("BACK001", "B3", 1, otherTotal)).data.code, "INVALID_REQUEST");
    assert.equal((await refundOf("BACK001", "B4", 234)).status, 200);
    await bench.paid("BACK002");
    assert.equal((await refundOf("BACK002", "B1", 1000)).data.code, "INVALID_REQUEST");
  });

  void test("of an order that is unpaid or unknown is refused", async () => {
    await bench.place("BACK003");
    assert.equal((await refundOf("BACK003", "B5", 1)).data.code, "INVALID_REQUEST");
    assert.equal((await refundOf("NOBODY1", "B6", 1)).data.code, "RESOURCE_NOT_EXISTS");
    const unknown = await bench.call("get", "v3/refund/domestic/refunds/B6");
    assert.deepEqual([unknown.status, unknown.data.code], [404, "RESOURCE_NOT_EXISTS"]);
  });

  void test("of a payment with a coupon gives the coupon's share to nobody", async () => {
    const code = await bench.place("COUPON1");
    await bench.post("/wallet/pay", { code, voucher_amount: 234 });
    const { data: paid } = await bench.query("COUPON1");
    const { payer_total: payerTotal } = paid.amount as Record<string, number>;
    assert.equal(payerTotal, 1000);
    const [coupon] = paid.promotion_detail as { amount: number; merchant_contribute: number; type: string }[];
    assert.deepEqual([coupon!.amount, coupon!.merchant_contribute, coupon!.type], [234, 234, "NOCASH"]);
    const { data } = await refundOf("COUPON1", "C1", 617);
    const amount = data.amount as Record<string, number>;
    assert.deepEqual([amount.refund, amount.payer_refund, amount.discount_refund], [617, 500, 117]);
  });
});

void describe("time", () => {
  const query = (no: string) => byHand("GET", `/v3/pay/transactions/out-trade-no/${no}?mchid=${bench.mchid}`);
  const open = async (code: unknown) => (await bench.post("/wallet/scan", { code })).status;

  void test("closes orders at their time_expire, and ends codes and mobile links before that", async () => {
    const soon = new Date(clock.now().getTime() + 60_000).toISOString();
    const short = await bench.place("TIME001", { time_expire: soon });
    const long = await bench.place("TIME002");
    const scene_info = { payer_client_ip: "203.0.113.7", h5_info: { type: "iOS" } };
    const order = bench.order("TIME003", { scene_info });
    const { data } = await bench.call("post", "v3/pay/transactions/h5", order);
    await clock.advance(60_000);
    assert.equal(await open(short), 409);
    assert.equal((await query("TIME001")).data.trade_state, "CLOSED");
    await clock.advance(240_000);
    assert.equal(await open(data.h5_url), 409);
    const again = await byHand("POST", "/v3/pay/transactions/h5", order);
    assert.notEqual(again.data.h5_url, data.h5_url);
    assert.equal(await open(again.data.h5_url), 200);
    assert.equal(await open(long), 200);
    const unopened = await byHand("POST", "/v3/pay/transactions/native", bench.order("TIME004"));
    await clock.advance(2 * 3_600_000);
    assert.equal(await open(unopened.data.code_url), 409);
    assert.equal((await query("TIME004")).data.trade_state, "NOTPAY");
    assert.equal((await bench.post("/wallet/pay", { code: long })).status, 200);
    await clock.advance(7 * 24 * 3_600_000);
    assert.equal((await query("TIME004")).data.trade_state, "CLOSED");
  });
});
