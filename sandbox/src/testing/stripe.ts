import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Stripe } from "stripe";
import { type SandboxOptions, startSandbox } from "../index.ts";
import { postJson } from "./merchant.ts";

type Json = Record<string, unknown>;

/** What `POST /stripe/accounts` answers. */
export type StripeRegistered = {
  account_id: string;
  secret_key: string;
  publishable_key: string;
  webhook_endpoint_id: string;
  webhook_secret: string;
  notify_url: string | null;
  api_url: string;
};

/** An event as it arrived: its bytes, its signature, and what is in it. */
export type StripeHeard = { signature: string; body: string; event: Stripe.Event };

/** A sandbox with one account at Stripe, the SDK, and an ear for events. */
export type StripeBench = {
  url: string;
  account: StripeRegistered;
  sdk: Stripe;
  /** A hosted page's session for the order number. */
  session: (
    orderNo: string,
    more?: Partial<Stripe.Checkout.SessionCreateParams>,
  ) => Promise<Stripe.Checkout.Session>;
  /** A session that a buyer has paid; answers its intent with the charge and its money. */
  paid: (orderNo: string, more?: object) => Promise<Stripe.PaymentIntent>;
  post: (path: string, body?: object) => Promise<{ status: number; body: Json }>;
  get: (path: string) => Promise<Json>;
  arm: (kind: string, more?: object) => Promise<string>;
  /** Waits until `count` events of the type have arrived. */
  hear: (type: string, count: number, about?: (object: Json) => boolean) => Promise<StripeHeard[]>;
  heard: StripeHeard[];
  answerWith: (status: number) => void;
  stopSandbox: () => Promise<void>;
  stop: () => Promise<void>;
};

/** Opens an account at a running sandbox, told to notify the given address. */
export async function registerStripeAccount(
  url: string,
  notifyUrl: string | null,
  more: object = {},
): Promise<StripeRegistered> {
  const asked = { ...(notifyUrl !== null && { notify_url: notifyUrl }), ...more };
  const answer = await postJson(`${url}/stripe/accounts`, asked);
  return answer.body as unknown as StripeRegistered;
}

/** The official SDK, pointed at a sandbox. */
export function stripeSdk(url: string, secretKey: string): Stripe {
  const { hostname, port } = new URL(url);
  return new Stripe(secretKey, {
    host: hostname,
    port,
    protocol: "http",
    telemetry: false,
    maxNetworkRetries: 0,
  });
}

export async function startStripeBench(
  options: Partial<SandboxOptions> & { account?: object } = {},
): Promise<StripeBench> {
  const { account: asked, ...rest } = options;
  const log = (line: string): void => console.error(line);
  const sandbox = await startSandbox({ port: 0, host: "127.0.0.1", store: { kind: "memory" }, log, ...rest });
  let running = true;
  const ear = await listen();
  const account = await registerStripeAccount(sandbox.url, ear.url, asked);
  const sdk = stripeSdk(sandbox.url, account.secret_key);
  const post = (path: string, body: object = {}): Promise<{ status: number; body: Json }> =>
    postJson(`${sandbox.url}${path}`, body);
  const session: StripeBench["session"] = (orderNo, more = {}) =>
    sdk.checkout.sessions.create({ ...anySession(orderNo), ...more });
  return {
    url: sandbox.url,
    account,
    sdk,
    session,
    paid: async (orderNo, more) => {
      const { id, url } = await session(orderNo);
      await post("/wallet/pay", { code: url!, ...more });
      const expand = ["payment_intent.latest_charge.balance_transaction"];
      const paid = await sdk.checkout.sessions.retrieve(id, { expand });
      return paid.payment_intent as Stripe.PaymentIntent;
    },
    post,
    get: async (path) => (await (await fetch(`${sandbox.url}${path}`)).json()) as Json,
    arm: async (kind, more = {}) => (await post("/faults", { kind, ...more })).body.id as string,
    heard: ear.heard,
    hear: async (type, count, about = () => true) => {
      const found = () =>
        ear.heard.filter(({ event }) => event.type === type && about(event.data.object as unknown as Json));
      while (found().length < count) await ear.next();
      return found();
    },
    answerWith: ear.answerWith,
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

/** What a shop asks of a hosted page: two teas for 12.34 dollars. */
function anySession(orderNo: string): Stripe.Checkout.SessionCreateParams {
  const tea = { currency: "usd", unit_amount: 617, product_data: { name: "Tea 茶" } };
  return {
    mode: "payment",
    client_reference_id: orderNo,
    line_items: [{ quantity: 2, price_data: tea }],
    payment_intent_data: { metadata: { order_no: orderNo } },
    success_url: "http://127.0.0.1:1/done?session={CHECKOUT_SESSION_ID}",
    cancel_url: "http://127.0.0.1:1/back",
  };
}

async function listen() {
  const heard: StripeHeard[] = [];
  let status = 200;
  const waiting = new Set<() => void>();
  const take = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    let body = "";
    for await (const chunk of request) body += chunk;
    const signature = request.headers["stripe-signature"];
    const event = JSON.parse(body) as Stripe.Event;
    heard.push({ signature: typeof signature === "string" ? signature : "", body, event });
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
