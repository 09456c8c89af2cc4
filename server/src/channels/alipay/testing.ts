import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { systemRandom } from "../../kernel/clock.ts";
import type { Channel, ChannelContext, ChannelHttp, NewOrder, RefundOrder } from "../port.ts";
import { createAlipay } from "./channel.ts";
import type { AlipayCredentialsInput } from "./credentials.ts";

// What the tests of this folder share: keys, certificates made by hand, and an Alipay that answers what it is
// told to.

export type Pair = { readonly privateKey: KeyObject; readonly publicKey: KeyObject };

export function newPair(bits = 2_048): Pair {
  return generateKeyPairSync("rsa", { modulusLength: bits });
}

/** As Alipay's console shows keys: base64 without armour. */
export function bare(key: KeyObject, type: "pkcs1" | "pkcs8" | "spki"): string {
  const der = key.export({ format: "der", type: type as "pkcs1" });
  return der.toString("base64");
}

export function pem(key: KeyObject, type: "pkcs1" | "pkcs8" | "spki"): string {
  return key.export({ format: "pem", type: type as "pkcs1" }).toString();
}

export const APP_ID = "2021000000000001";
export const SELLER_ID = "2088000000000001";

export function publicKeyInput(app: Pair, alipay: Pair): AlipayCredentialsInput {
  return {
    mode: "public_key",
    app_id: APP_ID,
    seller_id: SELLER_ID,
    private_key: bare(app.privateKey, "pkcs8"),
    alipay_public_key: bare(alipay.publicKey, "spki"),
  };
}

/** The context of credentials that must be good. */
export function contextOf(
  channel: Pick<Channel, "parseCredentials">,
  input: AlipayCredentialsInput,
): ChannelContext {
  const parsed = channel.parseCredentials(input);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  return {
    channelAccountId: "account",
    gatewayUrl: "https://openapi.example/gateway.do",
    credentials: parsed.credentials,
    timeoutMs: 1_000,
  };
}

/** 2026-11-20 09:30:07.250 in Beijing. */
export const NOW = new Date("2026-11-20T01:30:07.250Z");

export function newOrder(changes: Partial<NewOrder> = {}): NewOrder {
  return {
    method: "alipay.qr",
    channelOrderNo: "att01k0000000000000000000000",
    channelTradeNo: null,
    amount: 1_234n,
    currency: "CNY",
    createdAt: NOW,
    subject: "测试商品",
    expiresAt: new Date(NOW.getTime() + 3_600_000),
    notifyUrl: "https://pay.example/notify/alipay/cha_1",
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
  return { channel: createAlipay({ clock, random: systemRandom, http }), sent };
}

export function response(body: string | Buffer, status = 200): Returned {
  return { end: "response", status, headers: {}, body: Buffer.from(body) };
}

/** An answer as Alipay sends it: slashes escaped, the bytes of the inner object signed. */
export function signedAnswer(
  method: string,
  inner: object,
  signer: KeyObject,
  extra = "",
  inwards: (text: string) => string = (text) => text,
): string {
  const body = inwards(JSON.stringify(inner).replaceAll("/", "\\/"));
  const signature = rsa2(body, signer);
  return `{"${method.replaceAll(".", "_")}_response":${body}${extra},"sign":"${signature}"}`;
}

export function rsa2(text: string, privateKey: KeyObject): string {
  return sign("RSA-SHA256", Buffer.from(text), privateKey).toString("base64");
}

type Name = readonly (readonly [attribute: keyof typeof ATTRIBUTES, value: string])[];
const ATTRIBUTES = { C: 3 + 3, L: 7, ST: 8, O: 10, OU: 11, CN: 3 } as const;

/**
 * A certificate in PEM, names outermost part first. `algorithm` may name what node could never sign, such as
 * SM2.
 */
export function certificate(options: {
  subject: Name;
  issuer: Name;
  publicKey: KeyObject;
  signer: KeyObject;
  serial: bigint;
  algorithm?: string;
  /** From and to, as `250101000000Z`. */
  validity?: readonly [from: string, to: string];
}): string {
  const [from, to] = options.validity ?? ["250101000000Z", "450101000000Z"];
  const algorithm = tlv(0x30, oid(options.algorithm ?? "1.2.840.113549.1.1.11"), tlv(0x05));
  const body = tlv(
    0x30,
    tlv(0xa0, integer(2n)),
    integer(options.serial),
    algorithm,
    nameOf(options.issuer),
    tlv(0x30, tlv(0x17, Buffer.from(from)), tlv(0x17, Buffer.from(to))),
    nameOf(options.subject),
    options.publicKey.export({ type: "spki", format: "der" }),
  );
  const signature = sign("RSA-SHA256", body, options.signer);
  const der = tlv(0x30, body, algorithm, tlv(0x03, Buffer.concat([Buffer.from([0]), signature])));
  const lines = der.toString("base64").replace(/.{64}(?=.)/g, "$&\n");
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
}

function nameOf(name: Name): Buffer {
  return tlv(
    0x30,
    ...name.map(([attribute, value]) =>
      tlv(0x31, tlv(0x30, oid(`2.5.4.${ATTRIBUTES[attribute]}`), tlv(0x0c, Buffer.from(value)))),
    ),
  );
}

function tlv(tag: number, ...parts: Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const size = content.length;
  const length = size < 128 ? [size] : size < 256 ? [0x81, size] : [0x82, size >> 8, size & 255];
  return Buffer.concat([Buffer.from([tag, ...length]), content]);
}

function integer(value: bigint): Buffer {
  const hex = value.toString(16);
  const bytes = Buffer.from(hex.padStart(hex.length + (hex.length % 2), "0"), "hex");
  return tlv(0x02, (bytes[0] as number) > 127 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes);
}

function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  const arcs = rest.flatMap((arc) => {
    const digits = [arc & 127];
    for (let left = arc >> 7; left > 0; left >>= 7) digits.unshift(128 | (left & 127));
    return digits;
  });
  return tlv(0x06, Buffer.from([first * 40 + second, ...arcs]));
}
