import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ChannelContext, InboundRequest } from "../port.ts";
import {
  APPID,
  contextOf,
  envelopeOf,
  headersFor,
  inbound,
  MCHID,
  newOrder,
  newPair,
  newRefund,
  platformCertificate,
  publicKeyInput,
  SUB_APPID,
  SUB_MCHID,
  scripted,
  TIMESTAMP,
} from "./testing.ts";

const merchant = newPair();
const wechat = newPair();
const input = publicKeyInput(merchant, wechat);
const { channel } = scripted([]);
const context = contextOf(channel, input);
const provider = contextOf(channel, { ...input, sub_mchid: SUB_MCHID, sub_appid: SUB_APPID });
const no = newOrder().channelOrderNo;
const refundNo = newRefund().channelRefundNo;

const ORDER = {
  transaction_id: "4200000000202611200000000001",
  out_trade_no: no,
  trade_state: "SUCCESS",
  success_time: "2026-11-20T09:30:07+08:00",
  payer: { openid: "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o" },
  amount: { total: 1_234, payer_total: 1_234, currency: "CNY" },
};
const PAID = { mchid: MCHID, appid: APPID, ...ORDER };
const PROVIDERS = { sp_mchid: MCHID, sp_appid: APPID, sub_mchid: SUB_MCHID, ...ORDER };
const REFUNDED = {
  mchid: MCHID,
  transaction_id: ORDER.transaction_id,
  out_trade_no: no,
  refund_id: "50300000002026112000000000001",
  out_refund_no: refundNo,
  refund_status: "SUCCESS",
  success_time: "2026-11-20T09:30:07+08:00",
  user_received_account: "招商银行信用卡0403",
  amount: { total: 1_234, refund: 234, payer_total: 1_234, payer_refund: 234 },
};

const told = (envelope: object | string | Buffer, signer = wechat): InboundRequest =>
  inbound(envelope, (body) => headersFor(body, signer.privateKey));
const paid = (resource: object = PAID) => envelopeOf("TRANSACTION.SUCCESS", "transaction", resource);
const read = (request: InboundRequest, contexts: readonly ChannelContext[] = [context]) =>
  channel.readNotification(contexts, request);

describe("WeChat Pay's notifications", () => {
  it("an authentic one tells the order, its id and the outcome", () => {
    const notification = read(told(paid()));
    assert.ok(notification.verdict === "authentic");
    assert.equal(notification.notifyId, "EV-2026112009301000001");
    assert.equal(notification.channelOrderNo, no);
    assert.ok(notification.about.kind === "trade" && notification.about.trade.outcome === "paid");
    assert.equal(notification.about.trade.amount, 1_234n);
    assert.equal(notification.exchange.channelCode, "TRANSACTION.SUCCESS");
  });

  it("what people read of it is opened, without what seals it, the buyer by his ends", () => {
    for (const envelope of [paid(), envelopeOf("REFUND.SUCCESS", "refund", REFUNDED)]) {
      const { request } = read(told(envelope)).exchange;
      assert.match(request, /"transaction_id":"4200000000202611200000000001"/);
      assert.doesNotMatch(request, /ciphertext|M2pxb1Q9zNj|银行信用/);
    }
  });

  it("one about a refund names it, and says nothing of the order as a whole", () => {
    const notification = read(told(envelopeOf("REFUND.SUCCESS", "refund", REFUNDED)));
    assert.ok(notification.verdict === "authentic" && notification.about.kind === "refund");
    assert.equal(notification.about.channelRefundNo, refundNo);
    assert.equal(notification.about.refund.outcome, "arrived");
    assert.equal(notification.about.trade, null);
  });

  for (const [status, outcome] of [
    ["ABNORMAL", "accepted"],
    ["CLOSED", "failed"],
  ]) {
    it(`REFUND.${status}: the refund ${outcome}`, () => {
      const envelope = envelopeOf(`REFUND.${status}`, "refund", { ...REFUNDED, refund_status: status });
      const notification = read(told(envelope));
      assert.ok(notification.verdict === "authentic" && notification.about.kind === "refund");
      assert.equal(notification.about.refund.outcome, outcome);
    });
  }

  it("a service provider's is for the merchant that the account names", () => {
    assert.equal(read(told(paid(PROVIDERS)), [provider]).verdict, "authentic");
    assert.equal(read(told(paid({ ...PROVIDERS, sub_mchid: "1900000110" })), [provider]).verdict, "refused");
    assert.equal(read(told(paid(PROVIDERS)), [context]).verdict, "refused");
    assert.equal(read(told(paid()), [provider]).verdict, "refused");
  });

  it("an older version of the credentials still opens it after a rotation", () => {
    const keys = contextOf(channel, publicKeyInput(merchant, newPair()));
    const secret = contextOf(channel, { ...input, api_v3_key: "f".repeat(32) });
    for (const rotated of [keys, secret]) {
      assert.equal(read(told(paid()), [rotated, context]).verdict, "authentic");
      assert.equal(read(told(paid()), [context, rotated]).verdict, "authentic");
      assert.equal(read(told(paid()), [rotated]).verdict, "refused");
    }
    const notification = read(told(paid()), [secret, keys]);
    assert.ok(notification.verdict === "refused");
    assert.match(notification.reason, /APIv3/, "the furthest step is told");
  });

  it("while a merchant moves from certificates to the public key, either signs", () => {
    const old = newPair();
    const both = contextOf(channel, {
      ...input,
      platform_certificates: [platformCertificate(old, 0x5157f09efdc096den)],
    });
    const byOld = inbound(paid(), (body) => headersFor(body, old.privateKey, "5157F09EFDC096DE"));
    assert.equal(read(byOld, [both]).verdict, "authentic");
    assert.equal(read(told(paid()), [both]).verdict, "authentic");
    assert.equal(read(byOld).verdict, "refused");
  });

  const sign = (headers: Record<string, string>) =>
    inbound(paid(), (body) => ({ ...headersFor(body, wechat.privateKey), ...headers }));
  const late = (seconds: number) =>
    inbound(paid(), (body) =>
      headersFor(body, wechat.privateKey, undefined, `${Number(TIMESTAMP) + seconds}`),
    );
  const open = { ...paid(), resource: { algorithm: "none", original_type: "transaction", ...PAID } };
  const forgeries: Record<string, () => InboundRequest> = {
    "signed by somebody else": () => told(paid(), merchant),
    "without a signature": () => inbound(paid(), () => ({})),
    "signed as a probe": () => sign({ "wechatpay-signature": "WECHATPAY/SIGNTEST/x" }),
    "with changed bytes": () => {
      const request = told(paid());
      return { ...request, body: Buffer.concat([request.body, Buffer.from(" ")]) };
    },
    "signed too long ago": () => late(-301),
    "signed in the future": () => late(302),
    "sealed with another key": () =>
      told(envelopeOf("TRANSACTION.SUCCESS", "transaction", PAID, "f".repeat(32))),
    "not sealed": () => told(open),
    "for another merchant": () => told(paid({ ...PAID, mchid: "1900000002" })),
    "for another app": () => told(paid({ ...PAID, appid: "wx0000000000000000" })),
    "without an order": () => told(paid({ ...PAID, out_trade_no: undefined })),
    "without an id": () => told({ ...paid(), id: "" }),
    "of a state nobody knows": () => told(paid({ ...PAID, trade_state: "NEW" })),
    "of an event nobody knows": () => told(envelopeOf("COUPON.USE", "coupon", PAID)),
    "of shared profits": () => told(envelopeOf("TRANSACTION.SUCCESS", "profitsharing", PAID)),
    "of a refund without its number": () =>
      told(envelopeOf("REFUND.SUCCESS", "refund", { ...REFUNDED, out_refund_no: undefined })),
    "that is a list": () => told("[]"),
    "without a resource": () => told({ id: "EV-1", event_type: "TRANSACTION.SUCCESS", resource: null }),
    empty: () => told(""),
    "by GET": () => ({ ...told(paid()), method: "GET" }),
  };
  for (const [title, request] of Object.entries(forgeries)) {
    it(`one ${title} is refused`, () => {
      const notification = read(request());
      assert.ok(notification.verdict === "refused");
      assert.notEqual(notification.reason, "");
    });
  }

  it("is acknowledged without a word, and refused with a status and a reason", () => {
    assert.deepEqual([channel.acknowledge(true).status, channel.acknowledge(true).body], [204, ""]);
    const refused = channel.acknowledge(false);
    assert.ok(refused.status >= 400);
    assert.equal(JSON.parse(refused.body).code, "FAIL");
  });
});
