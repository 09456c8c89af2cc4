/** Contracts of a world's merchants: one with each of the sandbox's channels that takes their currencies. */
import {
  type Channel,
  type ChannelDeps,
  createAlipay,
  createStripe,
  createUnionpay,
  createWechat,
  type FundFlow,
} from "../../server/src/channels/index.ts";
import { type Body, bodyOf } from "./body.ts";
import type { Chance } from "./chance.ts";
import { sandboxUrl } from "./channel.ts";
import type { WorldCurrency } from "./methods.ts";
import { jsonRequest, type World } from "./world.ts";

/** What an operator enters of a contract. */
export type Draft = {
  readonly channel: ChannelName;
  /** What the channel calls the merchant. */
  readonly number: string;
  readonly gatewayUrl: string;
  /** The checks build a connector of their own from it. */
  readonly credentials: Readonly<Record<string, string>>;
};

export type Contract = Omit<Draft, "credentials"> & {
  readonly accountId: string;
  readonly fundFlow: FundFlow;
  /** Its keys may be rotated. */
  credentials: Readonly<Record<string, string>>;
  /** Its channel bills its costs apart. */
  isGross: boolean;
};

/** How a world meets a channel beside its protocol. */
export type ChannelName = "alipay" | "stripe" | "unionpay" | "wechat";

type Console = {
  /** Registers a merchant with a pair of keys of its own, on terms that differ where the channel's do. */
  register(world: World, terms: Chance): Promise<Draft>;
  /** Tells the channel where it notifies, where its orders do not say so. */
  entered?(world: World, number: string, notifyUrl: string): Promise<void>;
  readonly currency: WorldCurrency;
  /** A refund gives no part of the fee back. */
  readonly keepsFee: boolean;
  /** What of its own doings it tells: money that it takes back, and payers' claims. */
  readonly takesBack: "reverse" | "refund" | null;
  readonly hasDisputes: boolean;
  readonly create: (deps: ChannelDeps) => Channel;
  /** Publishes the bill of a day. */
  closeDay(number: string, date: string): { path: string; body: Record<string, unknown> };
  /** Where an order's own actions are. */
  orderPath(channelOrderNo: string): string;
  /** What names the merchant in an action. */
  named(number: string): Record<string, string>;
  /** What limits a fault to the merchant. */
  matched(number: string): Record<string, string>;
};

export const COST_RATE_MILLIONTHS = 6_000;

const FOR_YUAN = { currency: "CNY", keepsFee: false, takesBack: null, hasDisputes: false } as const;

export const CONSOLES: Readonly<Record<ChannelName, Console>> = {
  alipay: {
    register: async (world) => {
      const pair = world.keys.next();
      const app = await make(world, "/alipay/apps", {
        app_public_key: pair.publicKey,
        mode: "public_key",
        fee_rate_millionths: COST_RATE_MILLIONTHS,
      });
      const credentials = {
        mode: "public_key",
        app_id: app.app_id,
        seller_id: app.pid,
        private_key: pair.privateKey,
        alipay_public_key: app.alipay_public_key,
      };
      return { channel: "alipay", number: app.app_id, gatewayUrl: app.gateway_url, credentials };
    },
    ...FOR_YUAN,
    takesBack: "reverse",
    create: createAlipay,
    closeDay: (number, date) => ({ path: "/alipay/close-day", body: { app_id: number, date } }),
    orderPath: (channelOrderNo) => `/alipay/trades/${channelOrderNo}`,
    named: (number) => ({ app_id: number }),
    matched: (number) => ({ app_id: number }),
  },
  stripe: {
    register: async (world, terms) => {
      const account = await make(world, "/stripe/accounts", {
        currencies: ["usd"],
        fee_rate_millionths: COST_RATE_MILLIONTHS,
        fee_fixed: 0,
        // By some contracts a claim that is won brings its fee back.
        dispute_fee_returned: terms.hits(0.4),
      });
      const credentials = {
        secret_key: account.secret_key,
        publishable_key: account.publishable_key,
        webhook_secret: account.webhook_secret,
        account_id: account.account_id,
      };
      return { channel: "stripe", number: account.account_id, gatewayUrl: account.api_url, credentials };
    },
    entered: async (world, number, notifyUrl) => {
      await make(world, `/stripe/accounts/${number}/notify-url`, { notify_url: notifyUrl });
    },
    currency: "USD",
    keepsFee: true,
    takesBack: "refund",
    hasDisputes: true,
    create: createStripe,
    closeDay: (number, date) => ({ path: "/stripe/close-day", body: { account_id: number, date } }),
    orderPath: (channelOrderNo) => `/stripe/orders/${channelOrderNo}`,
    named: (number) => ({ account_id: number }),
    matched: (number) => ({ app_id: number }),
  },
  unionpay: {
    register: async (world) => {
      const pair = world.keys.next();
      const shop = await make(world, "/unionpay/merchants", {
        merchant_public_key: pair.publicKey,
        fee_rate_millionths: COST_RATE_MILLIONTHS,
      });
      const credentials = {
        mer_id: shop.mer_id,
        signing_certificate: shop.merchant_certificate,
        signing_private_key: pair.privateKey,
        root_certificate: shop.root_certificate,
        middle_certificate: shop.middle_certificate,
      };
      return { channel: "unionpay", number: shop.mer_id, gatewayUrl: shop.gateway_url, credentials };
    },
    ...FOR_YUAN,
    create: createUnionpay,
    closeDay: (number, date) => ({ path: "/unionpay/close-day", body: { mer_id: number, date } }),
    orderPath: (channelOrderNo) => `/unionpay/orders/${channelOrderNo}`,
    named: (number) => ({ mer_id: number }),
    matched: (number) => ({ mchid: number }),
  },
  wechat: {
    register: async (world) => {
      const pair = world.keys.next();
      const shop = await make(world, "/wechat/merchants", {
        merchant_public_key: pair.publicKey,
        fee_rate_millionths: COST_RATE_MILLIONTHS,
      });
      const credentials = {
        mchid: shop.mchid,
        appid: shop.appid,
        api_v2_key: shop.api_v2_key,
        api_v3_key: shop.api_v3_key,
        merchant_private_key: pair.privateKey,
        merchant_serial_no: shop.merchant_serial,
        wechatpay_public_key: shop.platform_public_key,
        wechatpay_public_key_id: shop.platform_public_key_id,
      };
      return { channel: "wechat", number: shop.mchid, gatewayUrl: shop.gateway_url, credentials };
    },
    ...FOR_YUAN,
    create: createWechat,
    closeDay: (number, date) => ({ path: "/wechat/close-day", body: { mchid: number, date } }),
    orderPath: (channelOrderNo) => `/wechat/orders/${channelOrderNo}`,
    named: (number) => ({ mchid: number }),
    matched: (number) => ({ mchid: number }),
  },
};

export const CHANNELS = Object.keys(CONSOLES) as readonly ChannelName[];
/** Those whose buyers show payment codes. */
export const WALLETS = CHANNELS.filter((name) => CONSOLES[name].currency === "CNY");

/** Registers or changes something beside the protocol. Throws when the sandbox refuses. */
export async function make(world: World, path: string, body: object): Promise<Body> {
  const response = await world.channel(jsonRequest("POST", sandboxUrl(path), body));
  const text = response.body.toString("utf8");
  if (response.status >= 300) throw new Error(`the sandbox answered ${response.status}: ${text}`);
  return bodyOf(response.body);
}
