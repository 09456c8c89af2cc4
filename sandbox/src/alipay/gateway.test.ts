import assert from "node:assert/strict";
import { createVerify } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { type Bench, startBench } from "../testing/bench.ts";
import { newKeys, startMerchant } from "../testing/merchant.ts";
import { requestText, rsa2Sign } from "./wire/signing.ts";

let bench: Bench;
let provider: Awaited<ReturnType<typeof startMerchant>>;

before(async () => {
  bench = await startBench();
  provider = await startMerchant(bench.url, { service_provider: true });
});
after(async () => {
  await provider.stop();
  await bench.stop();
});

type Params = Record<string, string>;

/** A request as an SDK in another language would send it: everything in the body. */
async function send(change: (params: Params) => Params = (params) => params, resign = true): Promise<string> {
  const params: Params = {
    app_id: bench.merchant.appId,
    method: "alipay.trade.query",
    format: "JSON",
    charset: "utf-8",
    sign_type: "RSA2",
    timestamp: "2026-11-20 09:30:00",
    version: "1.0",
    biz_content: '{"out_trade_no":"NONE"}',
  };
  const changed = change(params);
  if (resign && changed.sign === undefined) {
    changed.sign = rsa2Sign(requestText(changed), bench.merchant.privateKey);
  }
  const response = await fetch(`${bench.url}/gateway.do`, {
    method: "POST",
    body: new URLSearchParams(changed),
  });
  assert.equal(response.status, 200);
  assert.match(response.headers.get("content-type")!, /charset=utf-8/i);
  return response.text();
}

function without(name: string): (params: Params) => Params {
  return ({ [name]: _, ...rest }) => rest;
}

const ladder: [title: string, change: (params: Params) => Params, code: string, subCode: string][] = [
  ["no app_id", without("app_id"), "40001", "isv.missing-app-id"],
  ["an unknown app", (p) => ({ ...p, app_id: "2021000000009999" }), "40002", "isv.invalid-app-id"],
  ["no method", without("method"), "40001", "isv.missing-method"],
  ["an unknown method", (p) => ({ ...p, method: "alipay.no.such" }), "40002", "isv.invalid-method"],
  ["a method of every object", (p) => ({ ...p, method: "toString" }), "40002", "isv.invalid-method"],
  ["no sign_type", without("sign_type"), "40001", "isv.missing-signature-type"],
  ["a weak sign_type", (p) => ({ ...p, sign_type: "RSA" }), "40002", "isv.invalid-signature-type"],
  ["an empty sign", (p) => ({ ...p, sign: "" }), "40001", "isv.missing-signature"],
  ["no timestamp", without("timestamp"), "40001", "isv.missing-timestamp"],
  ["a foreign time", (p) => ({ ...p, timestamp: "20261120T0930Z" }), "40002", "isv.invalid-timestamp"],
  ["no version", without("version"), "40001", "isv.missing-version"],
  ["another charset", (p) => ({ ...p, charset: "GBK" }), "40002", "isv.invalid-charset"],
  ["another format", (p) => ({ ...p, format: "xml" }), "40002", "isv.invalid-format"],
  ["a garbled sign", (p) => ({ ...p, sign: "AAAA" }), "40002", "isv.invalid-signature"],
  ["content that is no JSON", (p) => ({ ...p, biz_content: "{" }), "40002", "isv.invalid-parameter"],
  ["a stranger's token", (p) => ({ ...p, app_auth_token: "x" }), "20001", "aop.invalid-app-auth-token"],
  ["a good request", (p) => p, "40004", "ACQ.TRADE_NOT_EXIST"],
];

void describe("a request to the gateway", () => {
  for (const [title, change, code, subCode] of ladder) {
    void test(`with ${title} is answered ${subCode}`, async () => {
      const answer = Object.values(JSON.parse(await send(change)))[0] as Params;
      assert.equal(answer.code, code);
      assert.equal(answer.sub_code, subCode);
    });
  }

  void test("signed by another key is refused, and the refusal is signed", async () => {
    const { privateKey } = newKeys();
    const text = await send((p) => ({ ...p, sign: rsa2Sign(requestText(p), privateKey) }));
    assert.match(text, /isv\.invalid-signature/);
    const inner = text.slice(text.indexOf(":") + 1, text.lastIndexOf(',"sign"'));
    const base64 = bench.merchant.provisioned.alipay_public_key;
    const key = `-----BEGIN PUBLIC KEY-----\n${base64}\n-----END PUBLIC KEY-----`;
    const { sign } = JSON.parse(text) as Params;
    assert.equal(createVerify("RSA-SHA256").update(inner).verify(key, sign!, "base64"), true);
  });

  void test("may come by GET, all in the query", async () => {
    const params: Params = {
      app_id: bench.merchant.appId,
      method: "alipay.trade.query",
      sign_type: "RSA2",
      timestamp: "2026-11-20 09:30:00",
      version: "1.0",
      biz_content: '{"out_trade_no":"NONE"}',
    };
    const sign = rsa2Sign(requestText(params), bench.merchant.privateKey);
    const query = new URLSearchParams({ ...params, sign });
    const answer = await (await fetch(`${bench.url}/gateway.do?${query.toString()}`)).text();
    assert.match(answer, /ACQ\.TRADE_NOT_EXIST/);
  });
});

const precreateBad: [title: string, change: object][] = [
  ["no amount", { total_amount: undefined }],
  ["no money", { total_amount: "0.00" }],
  ["three decimals", { total_amount: "1.234" }],
  ["a negative amount", { total_amount: "-1.00" }],
  ["too much money", { total_amount: "100000000.01" }],
  ["no number", { out_trade_no: undefined }],
  ["a number too long", { out_trade_no: "x".repeat(65) }],
  ["a number with a dash", { out_trade_no: "a-b" }],
  ["no subject", { subject: undefined }],
  ["a subject with an ampersand", { subject: "a&b" }],
  ["a timeout too short", { timeout_express: "30s" }],
  ["a time in the past", { time_expire: "2020-01-01 00:00:00" }],
  ["another seller", { seller_id: "2088000000009999" }],
];

void describe("alipay.trade.precreate", () => {
  for (const [title, change] of precreateBad) {
    void test(`refuses ${title}`, async () => {
      const order = { out_trade_no: "BAD1", total_amount: "1.00", subject: "Tea", ...change };
      const answer = await bench.merchant.exec("alipay.trade.precreate", order);
      assert.equal(answer.sub_code, "ACQ.INVALID_PARAMETER", JSON.stringify(answer));
    });
  }

  void test("gives the same code for the same order, and refuses another under its number", async () => {
    const code = await bench.precreate("SAME1");
    assert.equal(await bench.precreate("SAME1"), code);
    for (const change of [{ total_amount: "12.35" }, { subject: "Coffee" }]) {
      const order = { out_trade_no: "SAME1", total_amount: "12.34", subject: "Tea", ...change };
      const other = await bench.merchant.exec("alipay.trade.precreate", order);
      assert.equal(other.sub_code, "ACQ.CONTEXT_INCONSISTENT");
    }
    await bench.post("/wallet/pay", { code });
    const order = { out_trade_no: "SAME1", total_amount: "12.34", subject: "Tea" };
    const paid = await bench.merchant.exec("alipay.trade.precreate", order);
    assert.equal(paid.sub_code, "ACQ.TRADE_HAS_SUCCESS");
  });

  void test("says that a closed order is closed", async () => {
    const code = await bench.precreate("CLOSED1");
    await bench.post("/wallet/scan", { code });
    await bench.merchant.exec("alipay.trade.close", { out_trade_no: "CLOSED1" });
    const order = { out_trade_no: "CLOSED1", total_amount: "12.34", subject: "Tea" };
    const again = await bench.merchant.exec("alipay.trade.precreate", order);
    assert.equal(again.sub_code, "ACQ.TRADE_HAS_CLOSE");
  });

  void test("makes one order of fifty calls at the same moment", async () => {
    const codes = await Promise.all(Array.from({ length: 50 }, () => bench.precreate("RACE1")));
    assert.equal(new Set(codes).size, 1);
  });
});

void describe("alipay.trade.pay", () => {
  const charge = async (outTradeNo: string, code: string): Promise<Params> => {
    const order = { out_trade_no: outTradeNo, total_amount: "1.00", subject: "Tea", auth_code: code };
    return bench.merchant.exec("alipay.trade.pay", { ...order, scene: "bar_code" });
  };
  const newCode = async (behaviour: string): Promise<string> =>
    (await bench.post("/wallet/payment-codes", { behaviour })).body.code as string;

  void test("waits for the password, which the wallet gives or refuses", async () => {
    const code = await newCode("asks_password");
    assert.match(code, /^28\d{16}$/);
    const first = await charge("PW1", code);
    assert.equal(first.code, "10003");
    assert.equal((await charge("PW1", code)).code, "10003");
    assert.equal((await bench.query("PW1")).trade_status, "WAIT_BUYER_PAY");
    const { data } = (await bench.get("/wallet/pending")) as { data: { out_trade_no: string }[] };
    assert.deepEqual(
      data.map((trade) => trade.out_trade_no),
      ["PW1"],
    );
    assert.equal((await bench.post("/wallet/pay", { code, password: false })).status, 409);
    assert.equal((await bench.post("/wallet/pay", { code })).status, 200);
    assert.equal((await bench.query("PW1")).trade_status, "TRADE_SUCCESS");
    assert.equal((await charge("PW1", code)).sub_code, "ACQ.TRADE_HAS_SUCCESS");

    const other = await newCode("asks_password");
    await charge("PW2", other);
    await bench.post("/wallet/fail", { code: other });
    assert.equal((await bench.query("PW2")).trade_status, "TRADE_CLOSED");
  });

  void test("fails for an empty wallet with all amounts zero", async () => {
    const answer = await charge("POOR1", await newCode("insufficient_balance"));
    assert.equal(answer.code, "40004");
    assert.equal(answer.sub_code, "ACQ.BUYER_BALANCE_NOT_ENOUGH");
    assert.equal(answer.receipt_amount, "0.00");
  });

  void test("takes a code once, for one order", async () => {
    const code = await newCode("pays");
    assert.equal((await charge("ONCE1", code)).code, "10000");
    const again = await charge("ONCE2", code);
    assert.equal(again.sub_code, "ACQ.PAYMENT_AUTH_CODE_INVALID");
    assert.equal(again.buyer_pay_amount, "0.00");
    assert.equal((await bench.query("ONCE2")).sub_code, "ACQ.TRADE_NOT_EXIST");
    assert.equal((await charge("ONCE3", "281234567890123456")).sub_code, "ACQ.PAYMENT_AUTH_CODE_INVALID");
    assert.equal((await charge("ONCE4", "134567890123456789")).sub_code, "ACQ.PAYMENT_AUTH_CODE_INVALID");
  });

  void test("pays one of two orders that a code is shown to at the same moment", async () => {
    const code = await newCode("pays");
    const answers = await Promise.all(["TWO1", "TWO2"].map((outTradeNo) => charge(outTradeNo, code)));
    assert.deepEqual(new Set(answers.map((answer) => answer.code)), new Set(["10000", "40004"]));
  });

  void test("is cancelled without an action where Alipay never saw it", async () => {
    const answer = await bench.merchant.exec("alipay.trade.cancel", { out_trade_no: "NEVER1" });
    assert.equal(answer.code, "10000");
    assert.equal(answer.retry_flag, "N");
    assert.equal(answer.action, undefined);
  });
});

void describe("alipay.trade.refund", () => {
  const refund = (outTradeNo: string, amount: string, no?: string): Promise<Params> =>
    bench.merchant.exec("alipay.trade.refund", {
      out_trade_no: outTradeNo,
      refund_amount: amount,
      out_request_no: no,
    });

  void test("counts up, answers a repeat with fund_change N, and closes when all is given back", async () => {
    await bench.paid("RF1", "10.00");
    const first = await refund("RF1", "4.00", "A");
    assert.deepEqual([first.fund_change, first.refund_fee], ["Y", "4.00"]);
    const repeat = await refund("RF1", "4.00", "A");
    assert.deepEqual([repeat.fund_change, repeat.refund_fee], ["N", "4.00"]);
    assert.equal((await refund("RF1", "4.01", "A")).sub_code, "ACQ.DISCORDANT_REPEAT_REQUEST");
    assert.equal((await refund("RF1", "6.01", "B")).sub_code, "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL");
    assert.equal((await refund("RF1", "6.00", "B")).refund_fee, "10.00");
    assert.equal((await bench.query("RF1")).trade_status, "TRADE_CLOSED");
    const told = bench.merchant.heard.filter((one) => one.out_trade_no === "RF1");
    while (told.length < 3) {
      await bench.merchant.hear(bench.merchant.heard.length + 1);
      told.splice(0, told.length, ...bench.merchant.heard.filter((one) => one.out_trade_no === "RF1"));
    }
    const last = told.find((one) => one.trade_status === "TRADE_CLOSED")!;
    assert.equal(last.refund_fee, "10.00");
    assert.ok(last.gmt_refund);
  });

  void test("never exceeds what was paid under a hundred refunds at once", async () => {
    await bench.paid("RF2", "10.00");
    const numbers = Array.from({ length: 100 }, (_, index) => `N${index}`);
    const answers = await Promise.all(numbers.map((no) => refund("RF2", "0.30", no)));
    assert.equal(answers.filter((answer) => answer.code === "10000").length, 33);
  });

  void test("is found only under its own number", async () => {
    await bench.paid("RF3", "10.00");
    await refund("RF3", "1.00", "A");
    const ask = (no: string): Promise<Params> =>
      bench.merchant.exec("alipay.trade.fastpay.refund.query", { out_trade_no: "RF3", out_request_no: no });
    assert.equal((await ask("A")).refund_amount, "1.00");
    const absent = await ask("B");
    assert.equal(absent.code, "10000");
    assert.equal(absent.refund_status, undefined);
  });

  void test("needs a trade that was paid", async () => {
    await bench.precreate("RF4");
    assert.equal((await refund("RF4", "1.00")).sub_code, "ACQ.TRADE_NOT_EXIST");
    await bench.paid("RF5");
    for (const amount of ["0", "-1.00", "1.005", ""]) {
      assert.equal((await refund("RF5", amount)).sub_code, "ACQ.INVALID_PARAMETER");
    }
  });
});

void describe("a service provider's app", () => {
  const order = { out_trade_no: "SP1", total_amount: "1.00", subject: "Tea" };

  void test("acts for the seller that authorised it, and for nobody without the token", async () => {
    const token = provider.provisioned.app_auth_token!;
    const bare = await provider.exec("alipay.trade.precreate", order);
    assert.equal(bare.sub_code, "isv.insufficient-isv-permissions");
    const made = await provider.exec("alipay.trade.precreate", order, {
      app_auth_token: token,
      notifyUrl: provider.notifyUrl,
    });
    await bench.post("/wallet/pay", { code: made.qr_code });
    const [told] = await provider.hear(1);
    assert.equal(provider.sdk.checkNotifySignV2(told), true);
    assert.equal(told!.app_id, provider.appId);
    assert.equal(told!.auth_app_id, provider.provisioned.auth_app_id);
    assert.equal(told!.seller_id, provider.provisioned.merchant_pid);
  });
});
