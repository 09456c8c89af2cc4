import assert from "node:assert/strict";
import { createPublicKey, verify } from "node:crypto";
import { createKeyring, type Keyring } from "../../kernel/crypto.ts";
import { type MerchantOffice, startMerchantOffice } from "../../merchants/testing.ts";
import { createAlipay } from "../alipay/index.ts";
import { newPair, type Pair, pem, publicKeyInput, response, signedAnswer } from "../alipay/testing.ts";
import type { Channel, ChannelHttp } from "../port.ts";
import { type Channels, createChannels } from "../service.ts";
import type { AccountOpening } from "./model.ts";
import { registerChannelAccounts } from "./routes.ts";

/**
 * An Alipay gateway that believes the signatures of the apps registered with it, and signs with its own key.
 * Only as much as proving credentials needs; the sandbox is the whole.
 */
export type Gateway = {
  readonly http: ChannelHttp;
  readonly alipay: Pair;
  /** The apps' public keys that it accepts. */
  readonly registered: Pair[];
  /** What it does next: answer, be away, or keep silent. */
  mood: "answers" | "away" | "silent";
  asked: number;
  /** Awaited before each answer, so that a test can hold answers back. */
  hold: () => Promise<void>;
};

export function createGateway(): Gateway {
  const gateway: Gateway = {
    alipay: newPair(),
    registered: [],
    mood: "answers",
    asked: 0,
    hold: async () => {},
    http: {
      request: async ({ url, body }) => {
        gateway.asked += 1;
        await gateway.hold();
        if (gateway.mood === "away") return { end: "not_sent", reason: "connection refused" };
        if (gateway.mood === "silent") return { end: "unknown", reason: "no answer within 1000 ms" };
        const parameters = new URLSearchParams(`${new URL(url).search.slice(1)}&${body}`);
        const known = gateway.registered.some((app) => signedBy(app, parameters));
        const inner = known
          ? { code: "40004", msg: "Business Failed", sub_code: "ACQ.TRADE_NOT_EXIST", sub_msg: "none" }
          : { code: "40002", msg: "Invalid Arguments", sub_code: "isv.invalid-signature", sub_msg: "no" };
        return response(signedAnswer("alipay.trade.query", inner, gateway.alipay.privateKey));
      },
    },
  };
  return gateway;
}

function signedBy(app: Pair, parameters: URLSearchParams): boolean {
  const text = [...parameters]
    .filter(([name]) => name !== "sign")
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join("&");
  const signature = Buffer.from(parameters.get("sign") ?? "", "base64");
  const publicKey = createPublicKey(pem(app.publicKey, "spki"));
  return verify("RSA-SHA256", Buffer.from(text), publicKey, signature);
}

export type ChannelOffice = MerchantOffice & {
  readonly channels: Channels;
  readonly gateway: Gateway;
  readonly openings: AccountOpening[];
  readonly keyring: Keyring;
  readonly merchant: string;
  /** Another process over the same database, perhaps with another keyring. */
  anotherChannels(keyring?: Keyring): Channels;
  /** An app that the gateway knows. */
  newApp(): Pair;
  /** The credentials of an app. */
  credentialsOf(app: Pair): Record<string, string>;
  /** A request that makes a good draft, without credentials. */
  draft(more?: Record<string, unknown>): Record<string, unknown>;
  /** Makes an account with credentials; gives its id. */
  contract(app: Pair, more?: Record<string, unknown>): Promise<string>;
};

export const MASTER_KEY = Buffer.alloc(32, 7);

/** @param others connectors beside Alipay's */
export async function startChannelOffice(
  production = false,
  others: (deps: MerchantOffice["deps"]) => readonly Channel[] = () => [],
): Promise<ChannelOffice> {
  const gateway = createGateway();
  const openings: AccountOpening[] = [];
  const keyring = createKeyring(MASTER_KEY);
  let make: ((keyring: Keyring) => Channels) | null = null;
  let channels: Channels | null = null;
  const office = await startMerchantOffice(({ deps, operators, http }, merchants) => {
    const alipay = createAlipay({ ...deps, http: gateway.http });
    make = (used) =>
      createChannels({
        ...deps,
        channels: [alipay, ...others(deps)],
        merchants,
        operators,
        keyring: used,
        production,
        openAccounts: async (wanted) => {
          openings.push(...wanted);
        },
      });
    channels = make(keyring);
    registerChannelAccounts(http, { ...deps, operators, accounts: channels.accounts });
  });
  const merchant = await office.admit("Shop");
  const draft = (more: Record<string, unknown> = {}) => ({
    merchant_id: merchant,
    channel: "alipay",
    label: "main contract",
    gateway_url: "https://gateway.example/gateway.do",
    cost_rate_millionths: 3_800,
    fund_flow: "through_platform",
    ...more,
  });
  const credentialsOf = (app: Pair) => ({ ...publicKeyInput(app, gateway.alipay) }) as Record<string, string>;
  return {
    ...office,
    channels: channels as unknown as Channels,
    gateway,
    openings,
    keyring,
    merchant,
    anotherChannels: (used = keyring) => (make as unknown as (used: Keyring) => Channels)(used),
    newApp: () => {
      const app = newPair();
      gateway.registered.push(app);
      return app;
    },
    credentialsOf,
    draft,
    contract: async (app, more = {}) => {
      const body = draft({ credentials: credentialsOf(app), ...more });
      const made = await office.call("POST", "/v1/ops/channel_accounts", body);
      assert.equal(made.status, 201, made.text);
      return made.body.id;
    },
  };
}
