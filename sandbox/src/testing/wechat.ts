import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Aes, Formatter, Rsa, Wechatpay } from "wechatpay-axios-plugin";
import { type SandboxOptions, startSandbox } from "../index.ts";
import { newKeys, postJson } from "./merchant.ts";

type Json = Record<string, unknown>;

/** A notification as it arrived, and what is in it. */
export type Heard = { headers: Record<string, string>; body: string; event: Json; told: Json };

/** An answer of the gateway: of the SDK, or of a call that it ended with an error. */
export type Answered = { status: number; data: Json; headers: Record<string, string> };

/** A sandbox with one merchant at WeChat Pay, the SDK, and an ear for notifications. */
export type WechatBench = {
  url: string;
  mchid: string;
  appid: string;
  privateKey: string;
  provisioned: Record<string, string>;
  notifyUrl: string;
  /** Calls the gateway by the SDK, which signs the call and checks the answer. */
  call: (verb: "get" | "post", path: string, given?: object, options?: object) => Promise<Answered>;
  order: (outTradeNo: string, more?: object) => Json;
  place: (outTradeNo: string, more?: object) => Promise<string>;
  paid: (outTradeNo: string, more?: object) => Promise<Json>;
  query: (outTradeNo: string) => Promise<Answered>;
  refund: (outTradeNo: string, outRefundNo: string, fen: number, more?: object) => Promise<Answered>;
  /** What a page or an app hands over for a prepay_id, signed as a merchant does; `more` is signed too. */
  handOver: (kind: "jsapi" | "app", prepayId: string, more?: Json) => string;
  post: (path: string, body?: object) => Promise<{ status: number; body: Json }>;
  get: (path: string) => Promise<Json>;
  arm: (kind: string, more?: object) => Promise<string>;
  heard: Heard[];
  /** Waits until `count` notifications about the order number have arrived. */
  hear: (outTradeNo: string, count: number) => Promise<Heard[]>;
  /** What the merchant answers notifications with. */
  answerWith: (status: number) => void;
  /** Whether the SDK takes the notification for WeChat Pay's. */
  trusts: (heard: Heard) => boolean;
  stopSandbox: () => Promise<void>;
  stop: () => Promise<void>;
};

export async function startWechatBench(
  options: Partial<SandboxOptions> & { merchant?: object } = {},
): Promise<WechatBench> {
  const { merchant, ...rest } = options;
  const store = { kind: "memory" } as const;
  const log = (line: string): void => console.error(line);
  const sandbox = await startSandbox({ port: 0, host: "127.0.0.1", store, log, ...rest });
  let running = true;
  const { privateKey, publicKey } = newKeys();
  const post = (path: string, body: object = {}) => postJson(`${sandbox.url}${path}`, body);
  const { body: provisioned } = await post("/wechat/merchants", {
    merchant_public_key: publicKey,
    ...merchant,
  });
  const ear = await listen(provisioned.api_v3_key!);
  const call = callerOf(provisioned, privateKey);
  const order = (outTradeNo: string, more: object = {}): Json => ({
    appid: provisioned.appid,
    mchid: provisioned.mchid,
    description: "Tea 茶",
    out_trade_no: outTradeNo,
    notify_url: ear.url,
    amount: { total: 1234, currency: "CNY" },
    ...more,
  });
  const place = async (outTradeNo: string, more: object = {}): Promise<string> => {
    const placed = await call("post", "v3/pay/transactions/native", order(outTradeNo, more));
    return placed.data.code_url as string;
  };
  const query = (outTradeNo: string) =>
    call("get", `v3/pay/transactions/out-trade-no/${outTradeNo}`, { mchid: provisioned.mchid });
  return {
    url: sandbox.url,
    mchid: provisioned.mchid!,
    appid: provisioned.appid!,
    privateKey,
    provisioned,
    notifyUrl: ear.url,
    call,
    order,
    place,
    paid: async (outTradeNo, more) => {
      await post("/wallet/pay", { code: await place(outTradeNo, more) });
      return (await query(outTradeNo)).data;
    },
    query,
    refund: (outTradeNo, outRefundNo, fen, more = {}) =>
      call("post", "v3/refund/domestic/refunds", {
        out_trade_no: outTradeNo,
        out_refund_no: outRefundNo,
        notify_url: ear.url,
        amount: { refund: fen, total: 1234, currency: "CNY" },
        ...more,
      }),
    handOver: (kind, prepayId, more = {}) => {
      const fields = kind === "jsapi" ? pageFields(provisioned, prepayId) : appFields(provisioned, prepayId);
      return signedOver({ ...fields, ...more }, privateKey);
    },
    post,
    get: async (path) => (await (await fetch(`${sandbox.url}${path}`)).json()) as Json,
    arm: async (kind, more = {}) => (await post("/faults", { kind, ...more })).body.id!,
    heard: ear.heard,
    hear: async (outTradeNo, count) => {
      const about = () => ear.heard.filter(({ told }) => told.out_trade_no === outTradeNo);
      while (about().length < count) await ear.next();
      return about();
    },
    answerWith: ear.answerWith,
    trusts: ({ headers, body }) => trusts(certsOf(provisioned), headers, body),
    stopSandbox: () => {
      running = false;
      return sandbox.stop();
    },
    stop: async () => {
      await ear.stop();
      if (running) await sandbox.stop();
    },
  };
}

const moment = { time: "1763640000", nonce: "593BEC0C930BF1AFEB40B4A08C8FB242" };

function pageFields({ appid }: Record<string, string>, prepayId: string): Json {
  const { time: timeStamp, nonce: nonceStr } = moment;
  return { appId: appid, timeStamp, nonceStr, package: `prepay_id=${prepayId}`, signType: "RSA" };
}

function appFields({ appid, mchid }: Record<string, string>, prepayid: string): Json {
  const { time: timestamp, nonce: noncestr } = moment;
  return { appid, timestamp, noncestr, prepayid, partnerid: mchid, package: "Sign=WXPay" };
}

/** The fields with the signature over the first four of them. */
export function signedOver(fields: Json, privateKey: string): string {
  const lines = Formatter.joinedByLineFeed(...(Object.values(fields).slice(0, 4) as string[]));
  const name = "signType" in fields ? "paySign" : "sign";
  return JSON.stringify({ ...fields, [name]: Rsa.sign(lines, privateKey) });
}

/** The platform's keys by their ids, as an operator enters them. */
export function certsOf(provisioned: Record<string, string>): Record<string, string> {
  const certs: Record<string, string> = {
    [provisioned.platform_public_key_id!]: provisioned.platform_public_key!,
  };
  if (provisioned.platform_certificate) {
    certs[provisioned.platform_certificate_serial!] = provisioned.platform_certificate;
  }
  return certs;
}

/** Calls by the SDK: an error of the gateway is an answer, an answer that does not verify is thrown. */
function callerOf(provisioned: Record<string, string>, privateKey: string): WechatBench["call"] {
  const client = new Wechatpay({
    mchid: provisioned.mchid!,
    serial: provisioned.merchant_serial!,
    privateKey,
    certs: certsOf(provisioned),
    baseURL: `${provisioned.gateway_url}/`,
  }) as unknown as { chain: (path: string) => Record<"get" | "post", Sent> };
  return async (verb, path, given = {}, options = {}) => {
    try {
      const sent = client.chain(path);
      return verb === "get" ? await sent.get({ params: given, ...options }) : await sent.post(given, options);
    } catch (error) {
      const { response, code } = error as { response?: Answered; code?: string };
      if (!response || code?.startsWith("EV3_")) throw error;
      return response;
    }
  };
}

type Sent = (...given: object[]) => Promise<Answered>;

function trusts(certs: Record<string, string>, headers: Record<string, string>, body: string): boolean {
  const signature = headers["wechatpay-signature"];
  const key = certs[headers["wechatpay-serial"] ?? ""];
  if (!signature || !key) return false;
  const text = Formatter.response(headers["wechatpay-timestamp"]!, headers["wechatpay-nonce"]!, body);
  return Rsa.verify(text, signature, key);
}

async function listen(apiV3Key: string) {
  const heard: Heard[] = [];
  let status = 204;
  const waiting = new Set<() => void>();
  const take = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    let body = "";
    for await (const chunk of request) body += chunk;
    const event = JSON.parse(body) as Json & { resource: Record<string, string> };
    const { ciphertext, nonce, associated_data: aad } = event.resource;
    const told = JSON.parse(Aes.AesGcm.decrypt(ciphertext!, apiV3Key, nonce!, aad)) as Json;
    heard.push({ headers: request.headers as Record<string, string>, body, event, told });
    response.writeHead(status).end();
    for (const go of waiting) go();
    waiting.clear();
  };
  const server = createServer((request, response) => void take(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    heard,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/notify`,
    next: () => new Promise<void>((resolve) => waiting.add(resolve)),
    answerWith: (next: number) => {
      status = next;
    },
    stop: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

/** How a call by hand is bent: what is signed and what is sent need not be the same. */
export type Bent = {
  now: Date;
  ageMs?: number;
  timestamp?: string;
  privateKey?: string;
  serial?: string;
  mchid?: string;
  scheme?: string;
  /** The path that is signed, where it is not the path that is called. */
  target?: string;
  /** The body as it is sent, and as it is signed. */
  wire?: string;
  signed?: string;
};

/** A call signed by hand at the given instant; its answer is not checked. */
export async function signedFetch(
  bench: WechatBench,
  verb: string,
  path: string,
  body: object | undefined,
  bent: Bent,
): Promise<{ status: number; data: Json; headers: Headers }> {
  const signed = bent.signed ?? (body === undefined ? "" : JSON.stringify(body));
  const wire = bent.wire ?? signed;
  const seconds = Math.floor((bent.now.getTime() - (bent.ageMs ?? 0)) / 1_000);
  const timestamp = bent.timestamp ?? String(seconds);
  const nonce = Formatter.nonce();
  const text = Formatter.request(verb, bent.target ?? path, timestamp, nonce, signed);
  const authorization = Formatter.authorization(
    bent.mchid ?? bench.mchid,
    nonce,
    Rsa.sign(text, bent.privateKey ?? bench.privateKey),
    timestamp,
    bent.serial ?? bench.provisioned.merchant_serial!,
  ).replace("WECHATPAY2-SHA256-RSA2048", bent.scheme ?? "WECHATPAY2-SHA256-RSA2048");
  const answer = await fetch(`${bench.url}/wechat${path}`, {
    method: verb,
    headers: {
      authorization,
      accept: "application/json",
      "user-agent": "test",
      "content-type": "application/json",
    },
    ...(wire !== "" && { body: wire }),
  });
  const told = await answer.text();
  return { status: answer.status, data: told ? (JSON.parse(told) as Json) : {}, headers: answer.headers };
}
