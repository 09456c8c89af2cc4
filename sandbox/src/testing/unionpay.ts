import { createHash, sign, verify, X509Certificate } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type SandboxOptions, startSandbox } from "../index.ts";
import { postJson } from "./merchant.ts";

type Json = Record<string, unknown>;
export type Form = Record<string, string>;

/** A sandbox with one merchant at UnionPay, what signs and verifies for it, and an ear for notifications. */
export type UnionpayBench = {
  url: string;
  merId: string;
  provisioned: Form;
  backUrl: string;
  /** The fields that every message has, with those given on top. */
  message: (more: Form) => Form;
  /** A message signed by the merchant. */
  signed: (message: Form, privateKey?: string) => Form;
  /** Sends a form as it is, and reads the answer; throws where UnionPay did not sign it. */
  send: (path: string, form: Form) => Promise<Form>;
  /** A message signed and sent to one of the gateway's paths. */
  call: (path: Path, more: Form) => Promise<Form>;
  /** Places an order for the buyer to scan, and answers its text. */
  applyQr: (orderId: string, more?: Form) => Promise<string>;
  front: (orderId: string, more?: Form) => Form;
  chargeCode: (orderId: string, qrNo: string, more?: Form) => Promise<Form>;
  /** An order that a buyer has paid by scanning; answers its queryId. */
  paid: (orderId: string, more?: Form) => Promise<string>;
  query: (orderId: string) => Promise<Form>;
  refund: (orderId: string, origQryId: string, fen: number, more?: Form) => Promise<Form>;
  voidPayment: (orderId: string, origQryId: string, fen: number, more?: Form) => Promise<Form>;
  reverse: (orderId: string) => Promise<Form>;
  newCode: (behaviour?: string) => Promise<string>;
  /** What the wallet's routes answer. */
  post: (path: string, body?: object) => Promise<{ status: number; body: Json }>;
  get: (path: string) => Promise<Json>;
  arm: (kind: string, more?: object) => Promise<string>;
  heard: Form[];
  /** Waits until `count` notifications about the transaction have arrived. */
  hear: (orderId: string, count: number) => Promise<Form[]>;
  answerWith: (status: number) => void;
  /** Why the merchant does not believe a message of UnionPay's; null when it does. */
  doubts: (form: Form, at?: Date) => string | null;
  stopSandbox: () => Promise<void>;
  stop: () => Promise<void>;
};

export type Path = "app" | "back" | "query" | "file";

const paths: Record<Path, string> = {
  app: "/gateway/api/appTransReq.do",
  back: "/gateway/api/backTransReq.do",
  query: "/gateway/api/queryTrans.do",
  file: "/unionpay/file/",
};

export async function startUnionpayBench(
  options: Partial<SandboxOptions> & { merchant?: object; txnTime?: string } = {},
): Promise<UnionpayBench> {
  const { merchant, txnTime = "20261120093000", ...rest } = options;
  const store = { kind: "memory" } as const;
  const log = (line: string): void => console.error(line);
  const sandbox = await startSandbox({ port: 0, host: "127.0.0.1", store, log, ...rest });
  let running = true;
  const post = (path: string, body: object = {}) => postJson(`${sandbox.url}${path}`, body);
  const { body: provisioned } = await post("/unionpay/merchants", { ...merchant });
  const ear = await listen();
  const signedForm = (message: Form, privateKey = provisioned.merchant_private_key!): Form =>
    signForm(message, privateKey);
  const message = (more: Form): Form => ({ ...envelope(provisioned, txnTime), ...more });
  const send = (path: string, form: Form): Promise<Form> => sendForm(`${sandbox.url}${path}`, form);
  const call = async (path: Path, more: Form): Promise<Form> => {
    const answer = await send(paths[path], signedForm(message(more)));
    const doubt = doubtOf(provisioned, answer, rest.clock?.now() ?? new Date());
    if (doubt !== null) throw new Error(`the answer is not UnionPay's: ${doubt}`);
    return answer;
  };
  const stopSandbox = async (): Promise<void> => {
    if (running) await sandbox.stop();
    running = false;
  };
  const words = wordsFor(call, ear.url);
  return {
    url: sandbox.url,
    merId: provisioned.mer_id!,
    provisioned,
    backUrl: ear.url,
    message,
    signed: signedForm,
    send,
    call,
    ...words,
    front: (orderId, more = {}) =>
      signedForm(message({ ...purchase, orderId, backUrl: ear.url, frontUrl: `${ear.url}/return`, ...more })),
    paid: async (orderId, more) => {
      await post("/wallet/pay", { code: await words.applyQr(orderId, more) });
      return (await words.query(orderId)).queryId!;
    },
    newCode: async (behaviour = "pays") =>
      (await post("/wallet/payment-codes", { wallet: "unionpay", behaviour })).body.code!,
    post,
    get: async (path) => (await (await fetch(`${sandbox.url}${path}`)).json()) as Json,
    arm: async (kind, more = {}) => (await post("/faults", { kind, ...more })).body.id!,
    heard: ear.heard,
    hear: async (orderId, count) => {
      const about = () => ear.heard.filter((form) => form.orderId === orderId);
      while (about().length < count) await ear.next();
      return about();
    },
    answerWith: ear.answerWith,
    doubts: (form, at = rest.clock?.now() ?? new Date()) => doubtOf(provisioned, form, at),
    stopSandbox,
    stop: async () => {
      await ear.stop();
      await stopSandbox();
    },
  };
}

const purchase: Form = {
  txnType: "01",
  txnSubType: "01",
  bizType: "000201",
  channelType: "07",
  txnAmt: "1234",
  currencyCode: "156",
};
const qr: Form = { ...purchase, txnSubType: "07", bizType: "000000", channelType: "08" };

function wordsFor(call: UnionpayBench["call"], backUrl: string) {
  const followUp = (txnType: string, orderId: string, origQryId: string, fen: number, more: Form) =>
    call("back", {
      txnType,
      txnSubType: "00",
      bizType: "000000",
      channelType: "08",
      orderId,
      origQryId,
      txnAmt: String(fen),
      backUrl,
      ...more,
    });
  return {
    applyQr: async (orderId: string, more: Form = {}): Promise<string> =>
      (await call("back", { ...qr, orderId, backUrl, ...more })).qrCode!,
    chargeCode: (orderId: string, qrNo: string, more: Form = {}): Promise<Form> =>
      call("back", { ...qr, txnSubType: "06", orderId, qrNo, termId: "00000001", backUrl, ...more }),
    query: (orderId: string): Promise<Form> =>
      call("query", { txnType: "00", txnSubType: "00", bizType: "000000", orderId }),
    refund: (orderId: string, origQryId: string, fen: number, more: Form = {}) =>
      followUp("04", orderId, origQryId, fen, more),
    voidPayment: (orderId: string, origQryId: string, fen: number, more: Form = {}) =>
      followUp("31", orderId, origQryId, fen, more),
    reverse: (orderId: string): Promise<Form> =>
      call("back", { txnType: "99", txnSubType: "01", bizType: "000000", channelType: "08", orderId }),
  };
}

function envelope(provisioned: Form, txnTime: string): Form {
  return {
    version: "5.1.0",
    encoding: "UTF-8",
    signMethod: "01",
    certId: provisioned.cert_id!,
    accessType: "0",
    merId: provisioned.mer_id!,
    txnTime,
  };
}

/** The text that a signature covers, put together in another way than the sandbox does. */
export function textToSign(form: Form): string {
  const pairs = Object.entries(form).filter(([name, value]) => name !== "signature" && value !== "");
  pairs.sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return pairs.map(([name, value]) => [name, value].join("=")).join("&");
}

export function signForm(form: Form, privateKey: string): Form {
  const digest = createHash("sha256").update(textToSign(form)).digest("hex");
  return { ...form, signature: sign("sha256", Buffer.from(digest), privateKey).toString("base64") };
}

/** The fields of a raw answer: split where `name=` follows, so that values may hold = and line ends. */
export function parseAnswer(body: string): Form {
  return Object.fromEntries(
    body.split(/&(?=[A-Za-z0-9]+=)/).map((pair) => {
      const at = pair.indexOf("=");
      return [pair.slice(0, at), pair.slice(at + 1)];
    }),
  );
}

async function sendForm(url: string, form: Form): Promise<Form> {
  const answer = await fetch(url, { method: "POST", body: new URLSearchParams(form) });
  const body = await answer.text();
  if (answer.status !== 200) throw new Error(`HTTP ${answer.status}: ${body}`);
  return parseAnswer(body);
}

function doubtOf(provisioned: Form, form: Form, at: Date): string | null {
  if (!form.signPubKeyCert || !form.signature) return "it is not signed";
  const root = new X509Certificate(provisioned.root_certificate!);
  const middle = new X509Certificate(provisioned.middle_certificate!);
  const leaf = new X509Certificate(form.signPubKeyCert);
  if (!root.verify(root.publicKey) || !middle.verify(root.publicKey)) return "the authorities are wrong";
  if (!leaf.verify(middle.publicKey) || !leaf.checkIssued(middle))
    return "nobody vouches for its certificate";
  for (const one of [root, middle, leaf]) {
    const [from, to] = [one.validFromDate, one.validToDate];
    if (at.getTime() + 1_000 < from.getTime() || at > to) return "its certificate is past its time";
  }
  if (!/CN=.*@中国银联股份有限公司/.test(leaf.subject)) return "its certificate is not UnionPay's";
  const digest = createHash("sha256").update(textToSign(form)).digest("hex");
  const signature = Buffer.from(form.signature, "base64");
  return verify("sha256", Buffer.from(digest), leaf.publicKey, signature) ? null : "its signature is wrong";
}

async function listen() {
  const heard: Form[] = [];
  let status = 200;
  const waiting = new Set<() => void>();
  const take = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    let body = "";
    for await (const chunk of request) body += chunk;
    heard.push(Object.fromEntries(new URLSearchParams(body)));
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
