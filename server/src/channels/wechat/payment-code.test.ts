import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  API_V2_KEY,
  bare,
  contextOf,
  newOrder,
  newPair,
  platformCertificate,
  publicKeyInput,
  type Returned,
  SUB_APPID,
  SUB_MCHID,
  scripted,
  signed,
  v2Answer,
} from "./testing.ts";
import { isV2Signed } from "./v2-signing.ts";
import { readXml, type V2Fields } from "./v2-xml.ts";

const merchant = newPair();
const wechat = newPair();
const certificate = platformCertificate(merchant, 9n);
const input = {
  ...publicKeyInput(merchant, wechat),
  api_v2_key: API_V2_KEY,
  merchant_certificate: certificate,
};
const CODE = "134650000000000001";
const order = newOrder({ method: "wechat.code", paymentCode: CODE, subject: "茶 & <糕>" });
const no = order.channelOrderNo;

const FACTS = {
  out_trade_no: no,
  transaction_id: "4200000000202611200000000001",
  openid: "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o",
  total_fee: "1234",
  time_end: "20261120093005",
};
const yes = (fields: V2Fields) => v2Answer({ result_code: "SUCCESS", ...fields });
const fault = (code: string, more: V2Fields = {}) =>
  v2Answer({ result_code: "FAIL", err_code: code, err_code_des: "because", ...more });
const state = (trade: string, more: V2Fields = {}) => yes({ out_trade_no: no, trade_state: trade, ...more });

function rig(answers: readonly Returned[], more: object = {}) {
  const { channel, sent } = scripted(answers);
  return { channel, sent, context: contextOf(channel, { ...input, ...more }) };
}

/** A call's end in two words. */
function endOf(call: { end: string; value?: { outcome: string }; code?: string }): string {
  return [call.end, call.value?.outcome ?? call.code].filter(Boolean).join(" ");
}

describe("what is sent for a payment code", () => {
  it("is signed XML with the code in it, and the record has neither", async () => {
    const { channel, sent, context } = rig([yes(FACTS)], { sub_mchid: SUB_MCHID, sub_appid: SUB_APPID });
    const call = await channel.pay(context, order);
    assert.equal(sent[0]?.url, "https://api.example/pay/micropay");
    const fields = readXml(sent[0]?.body ?? "") ?? {};
    assert.ok(isV2Signed(fields, API_V2_KEY));
    assert.deepEqual(
      [fields.auth_code, fields.total_fee, fields.body, fields.sub_mch_id, fields.sub_appid],
      [CODE, "1234", "茶 & <糕>", SUB_MCHID, SUB_APPID],
    );
    assert.deepEqual([fields.sign_type, fields.time_expire], ["HMAC-SHA256", "20261120103007"]);
    const record = JSON.stringify(call.exchange);
    for (const secret of [CODE, API_V2_KEY, fields.sign ?? ""]) assert.ok(!record.includes(secret));
  });

  it("shows the merchant's certificate for a reversal alone", async () => {
    const { channel, sent, context } = rig([yes({ recall: "N" }), state("REVOKED")]);
    await channel.reverse(context, order);
    assert.deepEqual(
      sent.map((one) => one.clientCertificate?.cert ?? null),
      [certificate, null],
    );
  });

  it("is nothing where the account lacks a key", async () => {
    const { channel, context } = rig([], { api_v2_key: undefined });
    assert.equal(endOf(await channel.pay(context, order)), "refused account_incomplete");
    assert.equal(endOf(await channel.query(context, order)), "not_sent");
    assert.equal(endOf(await channel.reverse(context, order)), "not_sent");
  });
});

describe("the APIv2 key is proved beside the others", () => {
  const v3 = signed(404, { code: "ORDER_NOT_EXIST", message: "because" }, wechat.privateKey);
  const cases: Record<string, readonly [answer: Returned, end: string]> = {
    "by an answer that it signs": [fault("ORDERNOTEXIST"), "answered"],
    "not by one that another signs": [v2Answer({ err_code: "ORDERNOTEXIST" }, "stranger"), "unknown"],
    "not where WeChat Pay does not know it": [
      bare(200, "<xml><return_code>FAIL</return_code><return_msg>签名错误</return_msg></xml>"),
      "unknown",
    ],
    "not where no answer came": [{ end: "not_sent", reason: "no way" }, "unknown"],
  };
  for (const [title, [answer, end]] of Object.entries(cases)) {
    it(title, async () => {
      const { channel, context } = rig([v3, answer]);
      assert.equal((await channel.prove(context)).end, end);
    });
  }
  it("and is not asked for where there is none", async () => {
    const { channel, context } = rig([v3], { api_v2_key: undefined });
    assert.equal((await channel.prove(context)).end, "answered");
  });
});

describe("a charge ends", () => {
  const cases: Record<string, readonly [answer: Returned, end: string]> = {
    "paid at once": [yes(FACTS), "answered paid"],
    "waiting for the password": [fault("USERPAYING"), "answered pending"],
    "unknown after a system error": [fault("SYSTEMERROR"), "unknown"],
    "unknown after the bank's": [fault("BANKERROR"), "unknown"],
    "failed without funds": [fault("NOTENOUGH"), "answered failed"],
    "failed with a used code": [fault("AUTH_CODE_INVALID"), "answered failed"],
    "unknown where the order was paid before": [fault("ORDERPAID"), "unknown"],
    "unknown where the number was used": [fault("OUT_TRADE_NO_USED"), "unknown"],
    "unknown by a code nobody knows": [fault("NEW_CODE"), "unknown"],
    "not sent for its rate": [fault("FREQUENCY_LIMITED"), "not_sent"],
    "unknown with another amount": [yes({ ...FACTS, total_fee: "1233" }), "unknown"],
    "unknown about another order": [yes({ ...FACTS, out_trade_no: "other" }), "unknown"],
    "unknown where money was taken without a number": [yes({ ...FACTS, transaction_id: "" }), "unknown"],
    "unknown with a stranger's signature": [
      v2Answer({ result_code: "SUCCESS", ...FACTS }, "stranger"),
      "unknown",
    ],
    "unknown without a signature": [v2Answer({ result_code: "SUCCESS", ...FACTS, sign: "" }), "unknown"],
    "unknown by an unsigned refusal": [
      bare(200, "<xml><return_code>FAIL</return_code><return_msg>签名错误</return_msg></xml>"),
      "unknown",
    ],
    "unknown by what is no document": [bare(200, "<html></html>"), "unknown"],
    "unknown by an HTTP error": [bare(502, "bad gateway"), "unknown"],
  };
  for (const [title, [answer, end]] of Object.entries(cases)) {
    it(title, async () => {
      const { channel, context } = rig([answer]);
      assert.equal(endOf(await channel.pay(context, order)), end);
    });
  }
});

describe("a query of it says", () => {
  const cases: Record<string, readonly [answer: Returned, end: string]> = {
    "paid, and what settles": [state("SUCCESS", { ...FACTS, settlement_total_fee: "1000" }), "answered paid"],
    "paid, though something went back": [state("REFUND", FACTS), "answered paid"],
    "given back, where it was reversed after it was paid": [state("REVOKED", FACTS), "answered refunded"],
    "over, where it was reversed unpaid": [state("REVOKED"), "answered closed"],
    "over, where it was closed": [state("CLOSED"), "answered closed"],
    "open, while the buyer types": [state("USERPAYING"), "answered pending"],
    "open, while nobody has paid": [state("NOTPAY"), "answered pending"],
    "refused by the bank": [state("PAYERROR"), "answered failed"],
    "not there": [fault("ORDERNOTEXIST"), "answered not_found"],
    "unknown in a state nobody knows": [state("DANCING"), "unknown"],
  };
  for (const [title, [answer, end]] of Object.entries(cases)) {
    it(title, async () => {
      const { channel, context } = rig([answer]);
      const call = await channel.query(context, order);
      assert.equal(endOf(call), end);
      if (call.end !== "answered" || call.value.outcome !== "paid") return;
      assert.deepEqual(call.value.paidAt, new Date("2026-11-20T01:30:05Z"));
      assert.equal(call.value.settleAmount, title.includes("settles") ? 1_000n : 1_234n);
    });
  }
});

describe("a reversal ends", () => {
  type Case = readonly [answers: readonly Returned[], end: string, moneyReturned?: boolean];
  const done = yes({ recall: "N" });
  const cases: Record<string, Case> = {
    "with the money given back": [[done, state("REVOKED", FACTS)], "answered reversed", true],
    "without money": [[done, state("REVOKED")], "answered reversed", false],
    "of an order that never came to be": [
      [fault("ORDERNOTEXIST"), fault("ORDERNOTEXIST")],
      "answered reversed",
      false,
    ],
    "put off": [[yes({ recall: "Y" })], "answered again"],
    "put off by a system error": [[fault("SYSTEMERROR", { recall: "Y" })], "answered again"],
    "put off while the buyer types": [[fault("USERPAYING")], "answered again"],
    "unknown after a system error": [[fault("SYSTEMERROR")], "unknown"],
    "unknown where the query says paid": [[done, state("SUCCESS", FACTS)], "unknown"],
    "unknown where the query is not answered": [[done, fault("SYSTEMERROR")], "unknown"],
    "unknown where the query is not sent": [[done, { end: "not_sent", reason: "no way" }], "unknown"],
    "refused when it is too late": [[fault("REVERSE_EXPIRE")], "refused REVERSE_EXPIRE"],
  };
  for (const [title, [answers, end, moneyReturned]] of Object.entries(cases)) {
    it(title, async () => {
      const { channel, context, sent } = rig(answers);
      const call = await channel.reverse(context, order);
      assert.equal(endOf(call), end);
      assert.equal(sent.length, answers.length);
      if (call.end === "answered" && call.value.outcome === "reversed") {
        assert.equal(call.value.moneyReturned, moneyReturned);
      }
    });
  }
});
