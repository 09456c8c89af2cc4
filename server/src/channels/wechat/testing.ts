import { createCipheriv, type KeyObject, sign } from "node:crypto";
import { systemRandom } from "../../kernel/clock.ts";
import { certificate, newPair, type Pair, pem } from "../alipay/testing.ts";
import type { Channel, ChannelContext, ChannelHttp, InboundRequest, NewOrder, RefundOrder } from "../port.ts";
import { createWechat } from "./channel.ts";
import type { WechatCredentialsInput } from "./credentials.ts";
import { v2Signature } from "./v2-signing.ts";
import { type V2Fields, writeXml } from "./v2-xml.ts";

// What the tests of this folder share: keys, and a WeChat Pay that answers what it is told to and signs it.

export { newPair, type Pair, pem };

export const MCHID = "1900000001";
export const APPID = "wx2421b1c4370ec43b";
export const SUB_MCHID = "1900000109";
export const SUB_APPID = "wxd678efh567hg6999";
export const SERIAL_NO = "408B07E79B8269FEC3D5D3E6AB8ED163A6A380DB";
export const KEY_ID = "PUB_KEY_ID_0119000000012024010100000000000001";
export const API_V2_KEY = "192006250b4c09247ec02edce69f6a2d";
export const API_V3_KEY = "0123456789abcdef0123456789abcdef";

export function publicKeyInput(merchant: Pair, wechat: Pair): WechatCredentialsInput {
  return {
    mchid: MCHID,
    appid: APPID,
    api_v3_key: API_V3_KEY,
    merchant_private_key: pem(merchant.privateKey, "pkcs8"),
    merchant_serial_no: SERIAL_NO,
    wechatpay_public_key: pem(wechat.publicKey, "spki"),
    wechatpay_public_key_id: KEY_ID,
  };
}

/** A platform certificate of WeChat Pay in PEM. */
export function platformCertificate(pair: Pair, serial: bigint, until?: string): string {
  const name = [
    ["C", "CN"],
    ["CN", "Tenpay.com Root CA"],
  ] as const;
  return certificate({
    subject: name,
    issuer: name,
    publicKey: pair.publicKey,
    signer: pair.privateKey,
    serial,
    ...(until === undefined ? {} : { validity: ["250101000000Z", until] as const }),
  });
}

/** What WeChat Pay tells of its certificates, sealed with the APIv3 key. */
export function certificateList(
  certificates: readonly { readonly serialNo: string; readonly pem: string }[],
  key = API_V3_KEY,
): object {
  return {
    data: certificates.map(({ serialNo, pem: text }) => ({
      serial_no: serialNo,
      effective_time: "2025-01-01T08:00:00+08:00",
      expire_time: "2045-01-01T08:00:00+08:00",
      encrypt_certificate: { algorithm: "AEAD_AES_256_GCM", ...sealed(text, "certificate", key) },
    })),
  };
}

/** The context of credentials that must be good. */
export function contextOf(
  channel: Pick<Channel, "parseCredentials">,
  input: WechatCredentialsInput,
): ChannelContext {
  const parsed = channel.parseCredentials(input);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  return {
    channelAccountId: "account",
    gatewayUrl: "https://api.example",
    credentials: parsed.credentials,
    timeoutMs: 1_000,
  };
}

/** 2026-11-20 09:30:07.250 in Beijing. */
export const NOW = new Date("2026-11-20T01:30:07.250Z");
export const TIMESTAMP = "1795138207";

export function newOrder(changes: Partial<NewOrder> = {}): NewOrder {
  return {
    method: "wechat.native",
    channelOrderNo: "att01k0000000000000000000000",
    channelTradeNo: null,
    amount: 1_234n,
    currency: "CNY",
    createdAt: NOW,
    subject: "测试商品",
    expiresAt: new Date(NOW.getTime() + 3_600_000),
    notifyUrl: "https://pay.example/notify/wechat/cha_1",
    returnUrl: null,
    paymentCode: null,
    buyer: null,
    buyerIp: null,
    storeNo: null,
    terminalNo: null,
    ...changes,
  };
}

export function newRefund(changes: Partial<RefundOrder> = {}): RefundOrder {
  return {
    order: newOrder(),
    channelRefundNo: "rfd01k0000000000000000000000",
    amount: 234n,
    paidAmount: newOrder().amount,
    paidChannelDate: null,
    reason: null,
    notifyUrl: newOrder().notifyUrl,
    createdAt: NOW,
    ...changes,
  };
}

export type Sent = Parameters<ChannelHttp["request"]>[0];
export type Returned = Awaited<ReturnType<ChannelHttp["request"]>>;

/** A connector whose HTTP answers from `answers`, one after the other; `sent` keeps what was asked. */
export function scripted(answers: readonly (Returned | ((sent: Sent) => Returned))[]) {
  const sent: Sent[] = [];
  const http: ChannelHttp = {
    request: async (request) => {
      sent.push(request);
      const answer = answers[sent.length - 1];
      if (answer === undefined) throw new Error(`nothing to answer to call ${sent.length}`);
      return typeof answer === "function" ? answer(request) : answer;
    },
  };
  const clock = { now: () => NOW, sleep: async () => {}, after: () => () => {} };
  return { channel: createWechat({ clock, random: systemRandom, http }), sent };
}

/** An answer without a signature. */
export function bare(status: number, body: object | string | Buffer): Returned {
  return { end: "response", status, headers: {}, body: bytesOf(body) };
}

/** An answer as WeChat Pay signs it; an empty text for 204. */
export function signed(status: number, body: object | string, signer: KeyObject, keyId = KEY_ID): Returned {
  const bytes = bytesOf(body);
  return { end: "response", status, headers: headersFor(bytes, signer, keyId), body: bytes };
}

/** An answer of API v2, signed unless it has a signature of its own. */
export function v2Answer(fields: V2Fields, key = API_V2_KEY): Returned {
  const whole = { return_code: "SUCCESS", return_msg: "OK", nonce_str: "x1", ...fields };
  return bare(200, writeXml({ ...whole, sign: fields.sign ?? v2Signature(whole, key) }));
}

/** The headers by which WeChat Pay signs a body. */
export function headersFor(
  body: Buffer,
  signer: KeyObject,
  keyId = KEY_ID,
  timestamp = TIMESTAMP,
): Record<string, string> {
  const nonce = "c5ac7061fccab6bf3e254dcf98995b8c";
  const text = Buffer.concat([Buffer.from(`${timestamp}\n${nonce}\n`), body, Buffer.from("\n")]);
  return {
    "wechatpay-serial": keyId,
    "wechatpay-timestamp": timestamp,
    "wechatpay-nonce": nonce,
    "wechatpay-signature": sign("RSA-SHA256", text, signer).toString("base64"),
    "wechatpay-signature-type": "WECHATPAY2-SHA256-RSA2048",
  };
}

/** A notification's envelope around a resource that is encrypted with the APIv3 key. */
export function envelopeOf(eventType: string, type: string, resource: object, key = API_V3_KEY): object {
  return {
    id: "EV-2026112009301000001",
    create_time: "2026-11-20T09:30:07+08:00",
    resource_type: "encrypt-resource",
    event_type: eventType,
    summary: "支付成功",
    resource: {
      original_type: type,
      algorithm: "AEAD_AES_256_GCM",
      ...sealed(JSON.stringify(resource), type, key),
    },
  };
}

function sealed(text: string, associatedData: string, key: string) {
  const nonce = "fdasflkja484";
  const cipher = createCipheriv("aes-256-gcm", Buffer.from(key), nonce);
  cipher.setAAD(Buffer.from(associatedData));
  const parts = [cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()];
  return { ciphertext: Buffer.concat(parts).toString("base64"), associated_data: associatedData, nonce };
}

/** A body posted to `notify_url`, with its headers. */
export function inbound(
  body: object | string | Buffer,
  headers: (body: Buffer) => InboundRequest["headers"],
): InboundRequest {
  const bytes = bytesOf(body);
  return { method: "POST", headers: headers(bytes), query: "", body: bytes, receivedAt: NOW };
}

function bytesOf(body: object | string | Buffer): Buffer {
  if (Buffer.isBuffer(body)) return body;
  return Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
}
