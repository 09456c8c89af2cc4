import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { AlipaySdk } from "alipay-sdk";
import type { NewOrder } from "../port.ts";
import type { AlipayCredentials, AlipayCredentialsInput } from "./credentials.ts";
import { withQuery } from "./gateway.ts";
import {
  encodeParameters,
  placeRequest,
  refundQueryRequest,
  refundRequest,
  signedParameters,
  subjectText,
} from "./requests.ts";
import {
  bare,
  certificate,
  contextOf,
  newOrder,
  newPair,
  newRefund,
  publicKeyInput,
  scripted,
} from "./testing.ts";
import { parseBeijingTime } from "./time.ts";

const app = newPair();
const alipay = newPair();
const GATEWAY = "https://openapi.example/gateway.do";
const input = publicKeyInput(app, alipay);
const { channel } = scripted([]);

function credentialsFor(changes: Partial<AlipayCredentialsInput> = {}): AlipayCredentials {
  return contextOf(channel, { ...input, ...changes } as AlipayCredentialsInput)
    .credentials as AlipayCredentials;
}

function parametersOf(query: string): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(query));
}

describe("what the buyer's device carries to Alipay is what the official SDK makes of the same order", () => {
  const sdk = new AlipaySdk({
    appId: input.app_id,
    privateKey: bare(app.privateKey, "pkcs8"),
    keyType: "PKCS8",
    alipayPublicKey: bare(alipay.publicKey, "spki"),
    gateway: GATEWAY,
  });
  const orders: Record<string, NewOrder> = {
    "alipay.app": newOrder({ method: "alipay.app", subject: "一本书 100% + 茶" }),
    "alipay.page": newOrder({ method: "alipay.page", returnUrl: "https://shop.example/back?a=1&b=2" }),
    "alipay.wap": newOrder({ method: "alipay.wap", returnUrl: "https://shop.example/back", storeNo: "s1" }),
  };

  it("app: parameter for parameter, the signature included", () => {
    const request = placeRequest(orders["alipay.app"] as NewOrder);
    const theirs = parametersOf(
      sdk.sdkExecute(request.method, { bizContent: request.content, notifyUrl: request.notifyUrl }),
    );
    // The SDK takes the time from its own clock, in the machine's zone.
    const now = parseBeijingTime(theirs.timestamp) as Date;
    const ours = parametersOf(encodeParameters(signedParameters(request, credentialsFor(), now)));
    assert.deepEqual(ours, theirs);
  });

  for (const method of ["alipay.page", "alipay.wap"]) {
    it(`${method}: parameter for parameter, and signed alike`, () => {
      const request = placeRequest(orders[method] as NewOrder);
      const url = sdk.pageExecute(request.method, "GET", {
        bizContent: request.content,
        notifyUrl: request.notifyUrl,
        returnUrl: request.returnUrl,
      });
      const theirs = parametersOf(new URL(url).search);
      const now = parseBeijingTime(theirs.timestamp) as Date;
      const ours = parametersOf(
        new URL(withQuery(GATEWAY, signedParameters(request, credentialsFor(), now))).search,
      );
      // Its page calls also name the SDK's version, which the signature covers.
      const { alipay_sdk: version, sign: theirSign, ...common } = theirs;
      const { sign: ourSign, ...rest } = ours;
      assert.deepEqual(rest, common);
      const judge = new AlipaySdk({
        appId: "1",
        privateKey: bare(app.privateKey, "pkcs8"),
        keyType: "PKCS8",
        alipayPublicKey: bare(app.publicKey, "spki"),
      });
      assert.ok(judge.checkNotifySignV2({ ...common, alipay_sdk: version, sign: theirSign }));
      assert.ok(judge.checkNotifySignV2({ ...rest, sign: ourSign }));
    });
  }

  it("certificate mode: the numbers of the certificates are sent and signed as the SDK does", () => {
    const root = newPair();
    const name = [["CN", "Example Root"]] as const;
    const issue = (publicKey: typeof app.publicKey, serial: bigint) =>
      certificate({ subject: name, issuer: name, publicKey, signer: root.privateKey, serial });
    const certificates = {
      app_cert: issue(app.publicKey, 5n),
      alipay_cert: issue(alipay.publicKey, 6n),
      alipay_root_cert: issue(root.publicKey, 7n),
    };
    const {
      alipay_public_key: _,
      mode: __,
      ...common
    } = input as Extract<typeof input, { mode: "public_key" }>;
    const parsed = channel.parseCredentials({ ...common, mode: "certificate", ...certificates });
    assert.ok(parsed.ok, JSON.stringify(parsed));
    const withCertificates = new AlipaySdk({
      appId: input.app_id,
      privateKey: bare(app.privateKey, "pkcs8"),
      keyType: "PKCS8",
      appCertContent: certificates.app_cert,
      alipayPublicCertContent: certificates.alipay_cert,
      alipayRootCertContent: certificates.alipay_root_cert,
    });
    const request = placeRequest(orders["alipay.app"] as NewOrder);
    const theirs = parametersOf(
      withCertificates.sdkExecute(request.method, {
        bizContent: request.content,
        notifyUrl: request.notifyUrl,
      }),
    );
    const now = parseBeijingTime(theirs.timestamp) as Date;
    const ours = signedParameters(request, parsed.credentials as AlipayCredentials, now);
    assert.deepEqual({ ...ours }, theirs);
  });
});

describe("what is asked of Alipay", () => {
  const content = (changes: Partial<NewOrder>) => placeRequest(newOrder(changes)).content;

  it("an amount is yuan text, and the expiry Beijing time, never later than ours", () => {
    const { total_amount, time_expire } = content({ amount: 5n });
    assert.equal(total_amount, "0.05");
    assert.equal(time_expire, "2026-11-20 10:30:07");
  });

  it("each scene names its method and product", () => {
    const scenes = ["qr", "code", "jsapi", "app", "wap", "page"].map((scene) => {
      const request = placeRequest(newOrder({ method: `alipay.${scene}` }));
      return [scene, request.method, request.content.product_code];
    });
    assert.deepEqual(scenes, [
      ["qr", "alipay.trade.precreate", "FACE_TO_FACE_PAYMENT"],
      ["code", "alipay.trade.pay", "FACE_TO_FACE_PAYMENT"],
      ["jsapi", "alipay.trade.create", "FACE_TO_FACE_PAYMENT"],
      ["app", "alipay.trade.app.pay", "QUICK_MSECURITY_PAY"],
      ["wap", "alipay.trade.wap.pay", "QUICK_WAP_WAY"],
      ["page", "alipay.trade.page.pay", "FAST_INSTANT_TRADE_PAY"],
    ]);
  });

  it("a buyer is a user id where it looks like one, else an open id", () => {
    assert.equal(content({ method: "alipay.jsapi", buyer: "2088123412341234" }).buyer_id, "2088123412341234");
    assert.equal(content({ method: "alipay.jsapi", buyer: "0123open" }).buyer_open_id, "0123open");
  });

  it("a payment code, store and terminal go along", () => {
    const asked = content({
      method: "alipay.code",
      paymentCode: "281234567890123456",
      storeNo: "s1",
      terminalNo: "t1",
    });
    assert.equal(asked.scene, "bar_code");
    assert.equal(asked.auth_code, "281234567890123456");
    assert.equal(asked.store_id, "s1");
    assert.equal(asked.terminal_id, "t1");
  });

  it("a subject keeps its meaning without the characters that Alipay or its statement cannot take", () => {
    assert.equal(subjectText('Tea & cake, 1/2 = "half"\n'), "Tea ＆ cake， 1／2 ＝ ＂half＂ ");
  });

  it("a refund always names its own number, and a query asks for the bank's part", () => {
    const refund = newRefund({ reason: "too large" });
    assert.equal(refundRequest(refund).content.out_request_no, refund.channelRefundNo);
    assert.equal(refundRequest(refund).content.refund_amount, "2.34");
    assert.equal(refundRequest(refund).content.refund_reason, "too large");
    const asked = refundQueryRequest(refund).content;
    assert.ok((asked.query_options as string[]).includes("deposit_back_info"));
  });

  it("a service provider's token is on every call, and encrypted content names its cipher", () => {
    const credentials = credentialsFor({
      app_auth_token: "202611BBx",
      encrypt_key: "MDEyMzQ1Njc4OWFiY2RlZg==",
    });
    const sent = signedParameters(placeRequest(newOrder()), credentials, new Date(0));
    assert.equal(sent.app_auth_token, "202611BBx");
    assert.equal(sent.encrypt_type, "AES");
    assert.doesNotMatch(sent.biz_content ?? "", /out_trade_no/);
    assert.equal(sent.timestamp, "1970-01-01 08:00:00");
  });
});

describe("an order that Alipay could not take is refused before anything is sent", () => {
  const day = 86_400_000;
  const cases: [title: string, changes: Partial<NewOrder>, field: string | null][] = [
    ["a good order", {}, null],
    ["another channel's method", { method: "wechat.native" }, "method"],
    ["dollars", { currency: "USD" }, "currency"],
    ["nothing", { amount: 0n }, "amount"],
    ["a negative amount", { amount: -1n }, "amount"],
    ["the largest amount", { amount: 10_000_000_000n }, null],
    ["one fen more", { amount: 10_000_000_001n }, "amount"],
    ["a blank subject", { subject: " " }, "subject"],
    ["a long subject", { subject: "x".repeat(257) }, "subject"],
    ["JSAPI without a buyer", { method: "alipay.jsapi" }, "buyer"],
    ["a code payment without a code", { method: "alipay.code" }, "payment_code"],
    ["a WeChat code", { method: "alipay.code", paymentCode: "131234567890123456" }, "payment_code"],
    ["a code of 30", { method: "alipay.code", paymentCode: "301234567890123456" }, null],
    ["sixteen days", { expiresAt: new Date(newOrder().createdAt.getTime() + 16 * day) }, "expires_in"],
    ["a store name that is too long", { storeNo: "s".repeat(33) }, "store"],
    ["a terminal name that is too long", { terminalNo: "t".repeat(33) }, "terminal"],
  ];
  for (const [title, changes, field] of cases) {
    it(`${title}: ${field === null ? "taken" : `refused for ${field}`}`, () => {
      assert.equal(channel.refuseOrder(newOrder(changes))?.field ?? null, field);
    });
  }
});
