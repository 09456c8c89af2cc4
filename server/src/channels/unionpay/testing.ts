import { crc32, deflateSync } from "node:zlib";
import { systemRandom } from "../../kernel/clock.ts";
import { certificate, newPair, type Pair, pem } from "../alipay/testing.ts";
import type { Channel, ChannelContext, ChannelHttp, InboundRequest, NewOrder, RefundOrder } from "../port.ts";
import { createUnionpay } from "./channel.ts";
import type { UnionpayCredentialsInput } from "./credentials.ts";
import { type Fields, signedFields } from "./signing.ts";

// What the tests of this folder share: a chain of certificates, and a UnionPay that answers what it is told
// to and signs it.

export { certificate, newPair, type Pair, pem };

export const MER_ID = "777290058110048";
export const CERT_ID = "68759529225";
export const UNIONPAY_CN = "041@Z12@中国银联股份有限公司@00040000:SIGN";

/** Who signs: UnionPay's root, its middle, its signing certificate, and a merchant of the same authority. */
export type Kit = {
  readonly root: Pair;
  readonly middle: Pair;
  readonly unionpay: Pair;
  readonly merchant: Pair;
  readonly rootCertificate: string;
  readonly middleCertificate: string;
  readonly unionpayCertificate: string;
  readonly merchantCertificate: string;
};

export function newKit(): Kit {
  const [root, middle, unionpay, merchant] = [newPair(), newPair(), newPair(), newPair()];
  return {
    root,
    middle,
    unionpay,
    merchant,
    rootCertificate: issue("CFCA TEST CS CA", root, "CFCA TEST CS CA", root, 1n),
    middleCertificate: issue("CFCA TEST OCA1", middle, "CFCA TEST CS CA", root, 2n),
    unionpayCertificate: issue(UNIONPAY_CN, unionpay, "CFCA TEST OCA1", middle, 3n),
    merchantCertificate: issue(`041@${MER_ID}@测试商户`, merchant, "CFCA TEST OCA1", middle, BigInt(CERT_ID)),
  };
}

/** A certificate for `subject` by its common name, issued by another. */
export function issue(
  subject: string,
  pair: Pair,
  issuer: string,
  signer: Pair,
  serial = 9n,
  validity?: readonly [from: string, to: string],
): string {
  return certificate({
    subject: [["CN", subject]],
    issuer: [["CN", issuer]],
    publicKey: pair.publicKey,
    signer: signer.privateKey,
    serial,
    ...(validity === undefined ? {} : { validity }),
  });
}

export function inputOf(kit: Kit): UnionpayCredentialsInput {
  return {
    mer_id: MER_ID,
    signing_certificate: kit.merchantCertificate,
    signing_private_key: pem(kit.merchant.privateKey, "pkcs8"),
    root_certificate: kit.rootCertificate,
    middle_certificate: kit.middleCertificate,
  };
}

/** The context of credentials that must be good. */
export function contextOf(
  channel: Pick<Channel, "parseCredentials">,
  input: UnionpayCredentialsInput,
): ChannelContext {
  const parsed = channel.parseCredentials(input);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  return {
    channelAccountId: "account",
    gatewayUrl: "https://gateway.example",
    credentials: parsed.credentials,
    timeoutMs: 1_000,
  };
}

/** 2026-11-20 09:30:07.250 in Beijing. */
export const NOW = new Date("2026-11-20T01:30:07.250Z");
export const QUERY_ID = "202611200930000000018";

export function newOrder(changes: Partial<NewOrder> = {}): NewOrder {
  return {
    method: "unionpay.qr",
    channelOrderNo: "att01k0000000000000000000000",
    channelTradeNo: null,
    amount: 1_234n,
    currency: "CNY",
    createdAt: NOW,
    subject: "测试商品",
    expiresAt: new Date(NOW.getTime() + 3_600_000),
    notifyUrl: "https://pay.example/notify/unionpay/cha_1",
    returnUrl: "https://pay.example/pay/1",
    paymentCode: null,
    buyer: null,
    buyerIp: null,
    storeNo: null,
    terminalNo: null,
    ...changes,
  };
}

/** The whole of an order paid on the same clearing day. */
export function newRefund(changes: Partial<RefundOrder> = {}): RefundOrder {
  return {
    order: newOrder({ channelTradeNo: QUERY_ID }),
    channelRefundNo: "rfd01k0000000000000000000000",
    amount: 1_234n,
    paidAmount: 1_234n,
    paidChannelDate: "2026-11-20",
    reason: null,
    notifyUrl: newOrder().notifyUrl,
    createdAt: NOW,
    ...changes,
  };
}

export type Sent = Parameters<ChannelHttp["request"]>[0];
export type Returned = Awaited<ReturnType<ChannelHttp["request"]>>;
export type Scripted = Returned | ((sent: Sent) => Returned);

/** A connector whose HTTP answers from `answers`, one after the other; `sent` keeps what was asked. */
export function scripted(answers: readonly Scripted[], now = NOW) {
  const sent: Sent[] = [];
  const http: ChannelHttp = {
    request: async (request) => {
      sent.push(request);
      const answer = answers[sent.length - 1];
      if (answer === undefined) throw new Error(`nothing to answer to call ${sent.length}`);
      return typeof answer === "function" ? answer(request) : answer;
    },
  };
  const clock = { now: () => now, sleep: async () => {}, after: () => () => {} };
  return { channel: createUnionpay({ clock, random: systemRandom, http }), sent };
}

/** The fields of a request as it was sent. */
export function formOf(sent: Sent | undefined): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(sent?.body ?? ""));
}

export function response(body: string | Buffer, status = 200): Returned {
  return { end: "response", status, headers: {}, body: Buffer.from(body) };
}

/** Fields as UnionPay signs them, with its certificate. */
export function signedBy(kit: Kit, fields: Fields, signPubKeyCert = kit.unionpayCertificate): Fields {
  return signedFields(
    { signMethod: "01", version: "5.1.0", ...fields, signPubKeyCert },
    kit.unionpay.privateKey,
  );
}

/** An answer's body: not URL-encoded. */
export function bodyOf(fields: Fields): string {
  return Object.entries(fields)
    .map(([name, value]) => `${name}=${value}`)
    .join("&");
}

/** An answer that repeats what was asked and adds `fields`, signed. */
export function answered(kit: Kit, fields: Fields): (sent: Sent) => Returned {
  return (sent) => {
    const { signature: _, certId: _id, ...asked } = formOf(sent);
    return response(bodyOf(signedBy(kit, { ...asked, respMsg: "成功[0000000]", ...fields })));
  };
}

/** A form posted to `backUrl`. */
export function inbound(fields: Fields | Buffer): InboundRequest {
  const body = Buffer.isBuffer(fields) ? fields : Buffer.from(new URLSearchParams(fields).toString());
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  return { method: "POST", headers, query: "", body, receivedAt: NOW };
}

/** Files as they come in `fileContent`: zipped, deflated, in base64. */
export function packed(files: Readonly<Record<string, Buffer>>): string {
  return deflateSync(zip(files)).toString("base64");
}

/** A zip archive whose entries are stored as they are. */
function zip(files: Readonly<Record<string, Buffer>>): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, content] of Object.entries(files)) {
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt32LE(crc32(content), 10);
    common.writeUInt32LE(content.length, 14);
    common.writeUInt32LE(content.length, 18);
    common.writeUInt16LE(Buffer.byteLength(name), 22);
    const local = Buffer.concat([Buffer.from("PK\x03\x04"), common, Buffer.from(name), content]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(offset, 10);
    const version = Buffer.from([20, 0]);
    directory.push(Buffer.concat([Buffer.from("PK\x01\x02"), version, common, tail, Buffer.from(name)]));
    parts.push(local);
    offset += local.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(directory.length, 4);
  end.writeUInt16LE(directory.length, 6);
  end.writeUInt32LE(central.length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...parts, central, Buffer.from("PK\x05\x06"), end]);
}
