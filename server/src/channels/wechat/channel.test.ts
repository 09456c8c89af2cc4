import assert from "node:assert/strict";
import { createHash, createVerify } from "node:crypto";
import { describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import {
  API_V3_KEY,
  bare,
  contextOf,
  KEY_ID,
  MCHID,
  newOrder,
  newPair,
  newRefund,
  publicKeyInput,
  type Returned,
  type Sent,
  scripted,
  signed,
} from "./testing.ts";

const merchant = newPair();
const wechat = newPair();
const input = publicKeyInput(merchant, wechat);
const order = newOrder();
const no = order.channelOrderNo;

const mine = (status: number, body: object | string) => signed(status, body, wechat.privateKey);
const refusal = (status: number, code: string) => mine(status, { code, message: "because" });
const PAID = {
  out_trade_no: no,
  transaction_id: "4200000000202611200000000001",
  trade_state: "SUCCESS",
  success_time: "2026-11-20T09:30:00+08:00",
  payer: { openid: "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o" },
  amount: { total: 1_234, currency: "CNY" },
};

function rig(...answers: readonly (Returned | ((sent: Sent) => Returned))[]) {
  const { channel, sent } = scripted(answers);
  return { channel, sent, context: contextOf(channel, input) };
}

/** Whether a request's signature covers exactly what was sent. */
function isSigned(sent: Sent | undefined): boolean {
  assert.ok(sent);
  const { authorization = "" } = sent.headers;
  const part = (name: string) => new RegExp(`${name}="(.+?)"`).exec(authorization)?.[1] ?? "";
  const { pathname, search } = new URL(sent.url);
  const lines = [sent.method, pathname + search, part("timestamp"), part("nonce_str"), sent.body ?? ""];
  const text = lines.map((line) => `${line}\n`).join("");
  return createVerify("RSA-SHA256").update(text).verify(merchant.publicKey, part("signature"), "base64");
}

describe("WeChat Pay's connector", () => {
  it("signs exactly what it sends, and asks for an answer of the key it knows", async () => {
    const { channel, sent, context } = rig(mine(200, { code_url: "weixin://x" }), mine(200, PAID));
    const call = await channel.pay(context, order);
    assert.ok(call.end === "answered" && call.value.outcome === "pending");
    await channel.query(context, order);
    for (const one of sent) {
      assert.ok(isSigned(one));
      assert.equal(one.headers["wechatpay-serial"], KEY_ID);
      assert.ok(one.headers["user-agent"]);
    }
    assert.equal(sent[0]?.url, "https://api.example/v3/pay/transactions/native");
    assert.equal(sent[1]?.body, null);
    assert.equal(call.exchange.channelCode, "200");
  });

  it("a gateway below a path is signed with that path", async () => {
    const { channel, sent, context } = rig(mine(200, PAID));
    await channel.query({ ...context, gatewayUrl: "https://proxy.example/wechat/" }, order);
    assert.match(sent[0]?.url ?? "", /^https:\/\/proxy\.example\/wechat\/v3\/pay\//);
    assert.ok(isSigned(sent[0]));
  });

  it("passes on whether a request was sent", async () => {
    const { channel, context } = rig(
      { end: "not_sent", reason: "ECONNREFUSED" },
      { end: "unknown", reason: "time-out" },
      bare(502, "bad gateway"),
    );
    assert.equal((await channel.pay(context, order)).end, "not_sent");
    assert.equal((await channel.pay(context, order)).end, "unknown");
    const third = await channel.pay(context, order);
    assert.ok(third.end === "unknown");
    assert.match(third.reason, /502/);
  });

  it("an address that is none is not sent, and throws nothing", async () => {
    const { channel, context } = rig({ end: "not_sent", reason: "not an HTTP address" });
    assert.equal((await channel.query({ ...context, gatewayUrl: "nowhere" }, order)).end, "not_sent");
  });

  it("a close is done by an empty answer that verifies, and by no other", async () => {
    const { channel, context } = rig(mine(204, ""), bare(204, ""));
    const done = await channel.close(context, order);
    assert.ok(done.end === "answered");
    assert.equal(done.value.outcome, "closed");
    assert.equal((await channel.close(context, order)).end, "unknown");
  });

  it("a close that came too late asks, and tells that the buyer paid", async () => {
    const { channel, sent, context } = rig(refusal(400, "ORDERPAID"), mine(200, PAID));
    const call = await channel.close(context, order);
    assert.ok(call.end === "answered");
    assert.equal(call.value.outcome, "paid");
    assert.equal(sent.length, 2);
    assert.equal(call.exchange.operation, "close");
    assert.equal(call.exchange.channelCode, "400/ORDERPAID, 200");
  });

  it("a close that came too late and cannot ask is unknown, not undone", async () => {
    const { channel, context } = rig(refusal(400, "ORDERPAID"), { end: "not_sent", reason: "ECONNREFUSED" });
    assert.equal((await channel.close(context, order)).end, "unknown");
  });

  it("a refund outlives a signature of ours that is not accepted, and a rule of the moment", async () => {
    const { channel, context } = rig(
      bare(401, { code: "SIGN_ERROR", message: "签名错误" }),
      refusal(403, "RULE_LIMIT"),
      refusal(400, "INVALID_REQUEST"),
    );
    const retryable = async () => {
      const call = await channel.refund(context, newRefund());
      return call.end === "refused" && call.retryable;
    };
    assert.deepEqual([await retryable(), await retryable(), await retryable()], [true, true, false]);
  });

  it("a refund is taken, waits for funds, and is asked about", async () => {
    const refund = newRefund();
    const taken = {
      out_trade_no: no,
      out_refund_no: refund.channelRefundNo,
      refund_id: "503",
      status: "PROCESSING",
      create_time: "2026-11-20T09:30:07+08:00",
      amount: { total: 1_234, refund: 234, settlement_refund: 234 },
    };
    const { channel, context } = rig(
      refusal(403, "NOT_ENOUGH"),
      mine(200, taken),
      mine(200, { ...taken, status: "SUCCESS" }),
      refusal(404, "RESOURCE_NOT_EXISTS"),
    );
    const short = await channel.refund(context, refund);
    assert.ok(short.end === "refused" && short.retryable);
    const accepted = await channel.refund(context, refund);
    assert.ok(accepted.end === "answered" && accepted.value.outcome === "accepted");
    const arrived = await channel.queryRefund(context, refund);
    assert.ok(arrived.end === "answered" && arrived.value.outcome === "arrived");
    const nobodys = await channel.queryRefund(context, refund);
    assert.ok(nobodys.end === "answered" && nobodys.value.outcome === "not_found");
  });

  it("proves a pair of keys by a signed answer, and is not content with less", async () => {
    const nobody = { code: "ORDER_NOT_EXIST", message: "订单不存在" };
    const { channel, sent, context } = rig(
      mine(404, nobody),
      bare(404, nobody),
      bare(401, { code: "SIGN_ERROR", message: "签名错误" }),
      signed(404, nobody, merchant.privateKey),
      refusal(403, "NO_AUTH"),
    );
    assert.equal((await channel.prove(context)).end, "answered");
    assert.equal((await channel.prove(context)).end, "unknown");
    assert.equal((await channel.prove(context)).end, "refused");
    assert.equal((await channel.prove(context)).end, "unknown");
    assert.equal((await channel.prove(context)).end, "refused");
    assert.match(sent[0]?.url ?? "", /out-trade-no\/prove[0-9a-f]{24}\?mchid=/);
  });

  it("sends nothing to reverse what it cannot charge", async () => {
    const { channel, sent, context } = rig();
    const call = await channel.reverse(context, order);
    assert.ok(call.end === "refused" && !call.retryable);
    assert.equal(sent.length, 0);
  });

  it("keeps no key, signature or whole openid in what people read", async () => {
    const { channel, context } = rig(mine(200, { prepay_id: "wx1" }), mine(200, PAID));
    const buyer = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o";
    const paying = await channel.pay(context, newOrder({ method: "wechat.jsapi", buyer }));
    const asked = await channel.query(context, order);
    for (const { exchange } of [paying, asked]) {
      const text = `${exchange.request}\n${exchange.response}`;
      assert.match(text, /oUpF\*\*\*eS6o/);
      assert.ok(![buyer, API_V3_KEY, "signature", "WECHATPAY2"].some((secret) => text.includes(secret)));
    }
  });

  it("keeps out what WeChat Pay repeats of a request whose signature it did not accept", async () => {
    const said = { sign_information: { method: "GET", truncated_sign_message: "GET\n/v3/secret\n" } };
    const { channel, context } = rig(bare(401, { code: "SIGN_ERROR", message: "签名错误", detail: said }));
    const call = await channel.query(context, order);
    assert.equal(call.end, "refused");
    assert.doesNotMatch(`${call.exchange.response}`, /secret/);
  });
});

describe("WeChat Pay's statement", () => {
  const content = Buffer.from(
    [
      "\uFEFF交易时间,商户号,特约商户号,微信订单号,商户订单号,交易状态,货币种类,应结订单金额,商户退款单号,退款金额," +
        "退款状态,商品名称,手续费,订单金额,申请退款金额",
      `\`2026-11-19 10:55:23,\`${MCHID},\`0,\`42,\`T1,\`SUCCESS,\`CNY,\`12.34,` +
        "`0,`0.00,`,`茶,`0.07000,`12.34,`0.00",
      "总交易单数,应结订单总金额,退款总金额,手续费总金额,订单总金额,申请退款总金额",
      "`1,`12.34,`0.00,`0.07000,`12.34,`0.00",
      "",
    ].join("\r\n"),
  );
  const packed = gzipSync(content);
  const address = "https://api.example/v3/billdownload/file?token=Sesame&tartype=gzip";
  const place = {
    hash_type: "SHA1",
    hash_value: createHash("sha1").update(content).digest("hex"),
    download_url: address,
  };
  const ask = (...answers: Returned[]) => {
    const { channel, sent, context } = rig(...answers);
    return { sent, call: channel.downloadStatement(context, "2026-11-19") };
  };

  it("is downloaded by a signed request, checked against its hash, and read", async () => {
    const { sent, call } = ask(mine(200, place), bare(200, packed));
    const end = await call;
    assert.ok(end.end === "answered", end.end);
    assert.deepEqual([end.value.account, end.value.lines.length], [MCHID, 1]);
    assert.deepEqual(end.value.original, packed);
    assert.equal(sent[1]?.url, address);
    assert.ok(isSigned(sent[1]));
    assert.doesNotMatch(`${end.exchange.request}${end.exchange.response}`, /Sesame/);
  });

  it("is as good unpacked, since its hash is that of the content", async () => {
    const end = await ask(mine(200, place), bare(200, content)).call;
    assert.ok(end.end === "answered" && end.value.lines.length === 1);
  });

  it("of a day without any may come later", async () => {
    const end = await ask(refusal(404, "NO_STATEMENT_EXIST")).call;
    assert.ok(end.end === "refused" && end.retryable);
    assert.equal(end.code, "no_statement");
  });
  it("that is being made may come later", async () => {
    const end = await ask(refusal(400, "STATEMENT_CREATING")).call;
    assert.ok(end.end === "refused" && end.retryable);
    assert.equal(end.code, "STATEMENT_CREATING");
  });
  it("that is not ours to have is refused for good", async () => {
    const end = await ask(refusal(403, "NO_AUTH")).call;
    assert.ok(end.end === "refused" && !end.retryable);
  });

  const damaged: Record<string, readonly Returned[]> = {
    "without an address": [mine(200, { ...place, download_url: "" })],
    "without a hash": [mine(200, { ...place, hash_value: "" })],
    "whose place is not signed": [bare(200, place)],
    "that cannot be taken": [mine(200, place), bare(403, "gone")],
    "that is cut off": [mine(200, place), bare(200, packed.subarray(0, 100))],
    "with another hash": [mine(200, place), bare(200, gzipSync("something else"))],
  };
  for (const [title, answers] of Object.entries(damaged)) {
    it(`${title} is unknown: it may come whole`, async () => {
      assert.equal((await ask(...answers).call).end, "unknown");
    });
  }
  it("that contradicts itself is refused with its line", async () => {
    const wrong = Buffer.from(content.toString().replace("`1,`12.34", "`2,`12.34"));
    const hash = createHash("sha1").update(wrong).digest("hex").toUpperCase();
    const end = await ask(mine(200, { ...place, hash_value: hash }), bare(200, gzipSync(wrong))).call;
    assert.ok(end.end === "refused" && !end.retryable);
    assert.equal(end.code, "statement_invalid");
    assert.match(end.message, /line 4/);
  });

  it("of the funds is asked for by account, and checked and read like that of the trades", async () => {
    const text = [
      "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),备注,业务凭证号",
      "`2026-11-19 10:55:23,`42,`7,`手续费,`扣除交易手续费,`支出,`0.07404,`9.92596,`,`T1",
      "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额",
      "`1.0,`0.0,`0.00,`1.0,`0.07404",
    ].join("\n");
    const hash = createHash("sha1").update(text).digest("hex");
    const rigged = rig(mine(200, { ...place, hash_value: hash }), bare(200, gzipSync(text)));
    const end = await rigged.channel.downloadFundFlow?.(rigged.context, "2026-11-19", "FEES");
    assert.ok(end?.end === "answered", end?.end);
    assert.deepEqual(
      [end.value.account, end.value.accountType, end.value.balanceBeforeMillionths],
      [MCHID, "FEES", 10_000_000n],
    );
    assert.match(
      rigged.sent[0]?.url ?? "",
      /fundflowbill\?bill_date=2026-11-19&account_type=FEES&tar_type=GZIP$/,
    );
    assert.ok(isSigned(rigged.sent[1]));
    const twisted = rig(mine(200, place), bare(200, gzipSync(text)));
    assert.equal((await twisted.channel.downloadFundFlow?.(twisted.context, "2026-11-19"))?.end, "unknown");
    const none = await rig().channel.downloadFundFlow?.(rig().context, "2026-11-19", "SAVINGS");
    assert.ok(none?.end === "refused" && none.code === "no_such_account");
  });
});
