import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { Answer } from "./answer.ts";
import { parseCredentials, type WechatCredentials } from "./credentials.ts";
import { proofOf, tradeOf, tradeOfClose, tradeOfPlacing, tradeOfQuery } from "./outcomes.ts";
import { refundOf, refundOfNotification, refundOfQuery } from "./refund-outcomes.ts";
import { MCHID, NOW, newOrder, newPair, newRefund, publicKeyInput } from "./testing.ts";

const order = newOrder();
const refund = newRefund();
const no = order.channelOrderNo;
const parsed = parseCredentials(publicKeyInput(newPair(), newPair()));
assert.ok(parsed.ok);
const credentials = parsed.credentials as WechatCredentials;
const once = { nonce: "NONCE", at: NOW };

const yes = (body: Record<string, unknown>): Answer => ({ code: null, message: "", body });
const no_ = (code: string, message = "because"): Answer => ({ code, message, body: { code, message } });

/** An end in short: `answered paid`, `refused NO_AUTH`, `unknown`. */
function short(end: unknown): string {
  if (typeof end === "string") return end;
  const { end: kind, value, code, retryable } = end as Record<string, unknown>;
  const said = (value as { outcome?: string } | undefined)?.outcome ?? code;
  return [kind, said, retryable === true ? "retryable" : undefined].filter(Boolean).join(" ");
}

const PAID = {
  out_trade_no: no,
  transaction_id: "4200000000202611200000000001",
  trade_state: "SUCCESS",
  trade_type: "NATIVE",
  success_time: "2026-11-20T00:00:01+08:00",
  payer: { openid: "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o" },
  amount: { total: 1_234, payer_total: 1_234, currency: "CNY", payer_currency: "CNY" },
};
const FACTS = {
  amount: 1_234n,
  currency: "CNY",
  settleAmount: 1_234n,
  channelTradeNo: PAID.transaction_id,
  paidAt: new Date("2026-11-19T16:00:01Z"),
  channelDate: "2026-11-20",
  buyer: "oUpF***eS6o",
};

describe("a transaction", () => {
  it("paid: what the buyer gave, what settles, when, and the channel's own day", () => {
    assert.deepEqual(tradeOf(PAID, NOW), { outcome: "paid", ...FACTS });
  });
  it("paid without a time: the moment of the answer", () => {
    const trade = tradeOf({ ...PAID, success_time: undefined }, NOW);
    assert.ok("paidAt" in trade);
    assert.deepEqual(trade.paidAt, NOW);
  });

  const vouchers: Record<string, readonly [promotions: unknown, settles: bigint | null]> = {
    "the merchant's own discount": [[{ type: "NOCASH", amount: 150 }], 1_084n],
    "one bought beforehand": [[{ type: "CASH", amount: 150 }], 1_234n],
    both: [
      [
        { type: "CASH", amount: 34 },
        { type: "NOCASH", amount: 200 },
      ],
      1_034n,
    ],
    none: [[], 1_234n],
    "one without a figure": [[{ type: "NOCASH" }], null],
    "more than the order": [[{ type: "NOCASH", amount: 2_000 }], null],
    "something that is no list": ["x", null],
  };
  for (const [title, [promotions, settles]] of Object.entries(vouchers)) {
    it(`paid with vouchers, ${title}: ${settles ?? "not known"} settles`, () => {
      const trade = tradeOf({ ...PAID, promotion_detail: promotions }, NOW);
      assert.ok("settleAmount" in trade);
      assert.deepEqual([trade.amount, trade.settleAmount], [1_234n, settles]);
    });
  }

  const states: Record<string, string> = {
    SUCCESS: "answered paid",
    REFUND: "answered paid",
    NOTPAY: "answered pending",
    USERPAYING: "answered pending",
    CLOSED: "answered closed",
    REVOKED: "answered closed",
    PAYERROR: "answered failed",
    NEW: "unknown",
  };
  for (const [state, end] of Object.entries(states)) {
    it(`in state ${state}: ${end}`, () => {
      assert.equal(short(tradeOfQuery(yes({ ...PAID, trade_state: state }), order, NOW)), end);
    });
  }

  const broken: Record<string, object> = {
    "about another order": { out_trade_no: "other" },
    "paid without an amount": { amount: undefined },
    "paid with an amount that is text": { amount: { total: "1234" } },
    "paid with a broken amount": { amount: { total: 12.34 } },
    "paid nothing": { amount: { total: 0 } },
    "paid in another currency": { amount: { total: 1_234, currency: "HKD" } },
    "paid without a number": { transaction_id: "" },
  };
  for (const [title, changes] of Object.entries(broken)) {
    it(`${title} is unknown`, () => {
      assert.equal(short(tradeOfQuery(yes({ ...PAID, ...changes }), order, NOW)), "unknown");
    });
  }

  it("a query tells the amount as it is, even another than was asked", () => {
    const end = tradeOfQuery(yes({ ...PAID, amount: { total: 1 } }), order, NOW);
    assert.ok(end.end === "answered" && end.value.outcome === "paid");
    assert.equal(end.value.amount, 1n);
  });

  it("whatever its fields hold, it is understood or broken, and never throws", () => {
    const names = ["trade_state", "out_trade_no", "transaction_id", "amount", "payer", "promotion_detail"];
    const fields = fc.dictionary(fc.constantFrom(...names), fc.jsonValue());
    fc.assert(
      fc.property(fields, (some) => {
        assert.match(short(tradeOfQuery(yes({ ...PAID, ...some }), order, NOW)), /^(answered|unknown)/);
        assert.match(short(refundOf(yes({ ...REFUNDED, ...some }), refund, NOW)), /^(answered|unknown)/);
      }),
    );
  });
});

describe("a no to a question or a close", () => {
  const cases: readonly (readonly [code: string, query: string, close: string])[] = [
    ["ORDER_NOT_EXIST", "answered not_found", "answered not_found"],
    ["ORDERPAID", "refused ORDERPAID", "ask"],
    ["ORDER_CLOSED", "refused ORDER_CLOSED", "ask"],
    ["TRADE_ERROR", "refused TRADE_ERROR", "ask"],
    ["INVALID_REQUEST", "refused INVALID_REQUEST", "ask"],
    ["NO_AUTH", "refused NO_AUTH", "refused NO_AUTH"],
    ["PARAM_ERROR", "refused PARAM_ERROR", "refused PARAM_ERROR"],
  ];
  for (const [code, query, close] of cases) {
    it(`${code}: query ${query}, close ${close}`, () => {
      assert.equal(short(tradeOfQuery(no_(code), order, NOW)), query);
      assert.equal(short(tradeOfClose(no_(code))), close);
    });
  }
  it("a close without a word is done", () => assert.equal(short(tradeOfClose(yes({}))), "answered closed"));
});

describe("placing", () => {
  const place = (answer: Answer, changes = {}) =>
    tradeOfPlacing(answer, newOrder(changes), credentials, once);
  const actionOf = (answer: Answer, changes = {}) => {
    const end = place(answer, changes);
    assert.ok(end.end === "answered" && end.value.outcome === "pending", short(end));
    return end.value.nextAction;
  };
  const url = "https://wx.tenpay.com/cgi-bin/mmpayweb-bin/checkmweb?prepay_id=wx1&package=2";

  it("a code is shown", () => {
    const action = actionOf(yes({ code_url: "weixin://wxpay/bizpayurl?pr=p4lpSuKzz" }));
    assert.deepEqual(action, { type: "qr_code", qrCode: "weixin://wxpay/bizpayurl?pr=p4lpSuKzz" });
  });
  it("a page leads to WeChat, and back to the shop", () => {
    assert.deepEqual(actionOf(yes({ h5_url: url }), { method: "wechat.h5" }), { type: "redirect", url });
    const back = actionOf(yes({ h5_url: url }), {
      method: "wechat.h5",
      returnUrl: "https://shop.example/a?b=1",
    });
    const expected = `${url}&redirect_url=https%3A%2F%2Fshop.example%2Fa%3Fb%3D1`;
    assert.deepEqual(back, { type: "redirect", url: expected });
  });
  it("a page inside WeChat and an app get signed parameters", () => {
    const page = actionOf(yes({ prepay_id: "wx1" }), { method: "wechat.jsapi", buyer: "o1" });
    assert.ok(page?.type === "jsapi_params");
    assert.equal(page.params.package, "prepay_id=wx1");
    const app = actionOf(yes({ prepay_id: "wx1" }), { method: "wechat.app" });
    assert.ok(app?.type === "app_params");
    assert.equal(JSON.parse(app.params).partnerid, MCHID);
  });
  for (const method of ["wechat.native", "wechat.jsapi", "wechat.h5", "wechat.app"]) {
    it(`${method}: an answer without what the buyer needs is unknown`, () => {
      assert.equal(short(place(yes({ other: "x" }), { method })), "unknown");
    });
  }
  const refusals: readonly (readonly [code: string, message: string, end: string])[] = [
    ["ORDERPAID", "该订单已支付", "unknown"],
    ["ORDER_CLOSED", "订单已关闭", "unknown"],
    ["OUT_TRADE_NO_USED", "商户订单号重复", "unknown"],
    ["INVALID_REQUEST", "201 商户订单号重复", "unknown"],
    ["INVALID_REQUEST", "参数不符合规则", "refused INVALID_REQUEST"],
    ["PARAM_ERROR", "金额", "refused PARAM_ERROR"],
    ["NO_AUTH", "商户无权限", "refused NO_AUTH"],
    ["APPID_MCHID_NOT_MATCH", "不匹配", "refused APPID_MCHID_NOT_MATCH"],
  ];
  for (const [code, message, end] of refusals) {
    it(`${code} ${message}: ${end}`, () => assert.equal(short(place(no_(code, message))), end));
  }
});

describe("a proof of the keys", () => {
  it("is that nobody's order is not there", () => {
    assert.deepEqual(proofOf(no_("ORDER_NOT_EXIST")), { end: "answered", value: { proved: true } });
  });
  it("is nothing else", () => {
    assert.equal(short(proofOf(no_("NO_AUTH"))), "refused NO_AUTH");
    assert.equal(short(proofOf(yes(PAID))), "unknown");
  });
});

const REFUNDED = {
  refund_id: "50300000002026112000000000001",
  out_refund_no: refund.channelRefundNo,
  transaction_id: PAID.transaction_id,
  out_trade_no: no,
  create_time: "2026-11-20T09:30:07+08:00",
  success_time: "2026-11-21T09:30:07+08:00",
  status: "PROCESSING",
  amount: { total: 1_234, refund: 234, settlement_refund: 200, currency: "CNY" },
};
const REFUND_FACTS = {
  settleAmount: 200n,
  channelRefundNo: REFUNDED.refund_id,
  channelDate: "2026-11-20",
};

describe("a refund", () => {
  it("taken: billed on the day it was asked for", () => {
    const end = refundOf(yes(REFUNDED), refund, NOW);
    assert.deepEqual(end, { end: "answered", value: { outcome: "accepted", ...REFUND_FACTS } });
  });
  it("arrived a day later: still billed on the day it was asked for", () => {
    const end = refundOfQuery(yes({ ...REFUNDED, status: "SUCCESS" }), refund, NOW);
    assert.deepEqual(end, { end: "answered", value: { outcome: "arrived", ...REFUND_FACTS } });
  });
  const states: Record<string, string> = {
    CLOSED: "answered failed",
    ABNORMAL: "answered accepted",
    NEW: "unknown",
  };
  for (const [status, end] of Object.entries(states)) {
    it(`in state ${status}: ${end}`, () => {
      assert.equal(short(refundOf(yes({ ...REFUNDED, status }), refund, NOW)), end);
      assert.equal(short(refundOfQuery(yes({ ...REFUNDED, status }), refund, NOW)), end);
    });
  }
  for (const [title, changes] of Object.entries({
    "another refund": { out_refund_no: "other" },
    "another order": { out_trade_no: "other" },
    "another amount": { amount: { refund: 233 } },
    "no amount": { amount: null },
  })) {
    it(`an answer about ${title} is unknown`, () => {
      assert.equal(short(refundOfQuery(yes({ ...REFUNDED, ...changes }), refund, NOW)), "unknown");
    });
  }
  const refusals: readonly (readonly [code: string, call: string, query: string])[] = [
    ["NOT_ENOUGH", "refused NOT_ENOUGH retryable", "refused NOT_ENOUGH"],
    ["RESOURCE_NOT_EXISTS", "refused RESOURCE_NOT_EXISTS", "answered not_found"],
    ["INVALID_REQUEST", "refused INVALID_REQUEST", "refused INVALID_REQUEST"],
    ["NO_AUTH", "refused NO_AUTH", "refused NO_AUTH"],
  ];
  for (const [code, call, query] of refusals) {
    it(`${code}: ${call}, asked about ${query}`, () => {
      assert.equal(short(refundOf(no_(code), refund, NOW)), call);
      assert.equal(short(refundOfQuery(no_(code), refund, NOW)), query);
    });
  }
});

describe("a notification about a refund", () => {
  const { status: _, create_time: _created, ...fields } = REFUNDED;
  const amount = { total: 1_234, refund: 234, payer_total: 1_234, payer_refund: 234 };

  it("arrived: its number, and neither the day of the bill nor the settled part", () => {
    assert.deepEqual(refundOfNotification({ ...fields, amount, refund_status: "SUCCESS" }), {
      outcome: "arrived",
      settleAmount: null,
      channelRefundNo: REFUNDED.refund_id,
      channelDate: null,
    });
  });
  const states: Record<string, string> = { ABNORMAL: "accepted", CLOSED: "failed" };
  for (const [status, outcome] of Object.entries(states)) {
    it(`in state ${status}: ${outcome}`, () => {
      const told = refundOfNotification({ ...fields, amount, refund_status: status });
      assert.ok("outcome" in told && told.outcome === outcome);
    });
  }
  it("in a state nobody knows is broken", () => {
    assert.ok("broken" in refundOfNotification({ ...fields, refund_status: "NEW" }));
  });
});
