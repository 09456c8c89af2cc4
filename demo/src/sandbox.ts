/**
 * The sandbox for programs: the buyer's wallet, faults, what Alipay told whom, the bill, the shop's inbox.
 */
import { callerOf } from "./calls.ts";

export type Trade = {
  readonly token: string;
  readonly out_trade_no: string;
  readonly trade_no: string | null;
  readonly subject: string;
  readonly amount: number;
  readonly status: string;
  readonly awaits_password: boolean;
  readonly amount_refunded: number;
};

export type Notified = {
  readonly id: string;
  readonly forged: string | null;
  readonly state: string;
  readonly params: Readonly<Record<string, string>>;
  readonly tries: readonly { readonly status: number | null; readonly body: string | null }[];
};

export type Published = {
  readonly date: string;
  readonly bills: readonly { readonly rows: number; readonly net: number }[];
};

export type Page = { readonly status: number; readonly title?: string; readonly text?: string };

export type AlipayApp = {
  readonly app_id: string;
  readonly pid: string;
  readonly gateway_url: string;
  readonly alipay_public_key: string;
};

export type InboxItem = { readonly webhook_id: string | null; readonly verified: boolean };

export type FaultWanted = {
  readonly kind: string;
  /** Without an app or merchant of a channel's: Alipay's app. */
  readonly match: {
    readonly out_trade_no?: string;
    readonly method?: string;
    readonly app_id?: string;
    readonly mchid?: string;
  };
  readonly params?: Readonly<Record<string, unknown>>;
  /** How many times; once when absent, null until it is taken back. */
  readonly count?: number | null;
};

export type Sandbox = ReturnType<typeof createSandbox>;

/** @param appId the app whose calls faults are limited to. */
export function createSandbox(url: string, appId: string) {
  const call = callerOf(url);
  const armed = new Set<string>();
  return {
    url,
    /** Opens what a code, link, app string or trade number stands for. */
    scan: async (code: string) => (await call<{ trade: Trade }>("POST", "/wallet/scan", { code })).trade,
    /** Scans a plate's address or a payment's own; the buyer comes to a trade or to a page. */
    scanWith: (wallet: "alipay" | "wechat", code: string, amount?: string) =>
      call<{ readonly trade?: Trade; readonly page?: Page }>("POST", "/wallet/scan", {
        code,
        wallet,
        ...(amount === undefined ? {} : { amount }),
      }),
    pay: async (code: string) => (await call<{ trade: Trade }>("POST", "/wallet/pay", { code })).trade,
    /** A trade as the buyer sees it now. */
    trade: async (token: string) => (await call<{ trade: Trade }>("GET", `/wallet/trades/${token}`)).trade,
    paymentCode: async (behaviour: "pays" | "asks_password", wallet = "alipay") =>
      (await call<{ code: string }>("POST", "/wallet/payment-codes", { behaviour, wallet })).code,
    /** The cardholder's bank takes a payment back, and decides. `order` is anything that names it. */
    dispute: (order: string) => call("POST", "/wallet/dispute", { order }),
    decideDispute: (order: string, outcome: "won" | "lost") =>
      call("POST", "/wallet/dispute-decide", { order, outcome }),
    /** Registers another app of Alipay's. */
    openAlipayApp: (publicKey: string, merchantName: string) =>
      call<AlipayApp>("POST", "/alipay/apps", {
        app_public_key: publicKey,
        mode: "public_key",
        merchant_name: merchantName,
      }),
    /** Lets a channel misbehave; gives the fault's id. */
    arm: async ({ kind, match, params = {}, count = 1 }: FaultWanted) => {
      const own = match.mchid === undefined ? { app_id: appId } : {};
      const wanted = { kind, match: { ...own, ...match }, count, params };
      const { id } = await call<{ id: string }>("POST", "/faults", wanted);
      armed.add(id);
      return id;
    },
    /** How often a fault happened. */
    happened: async (id: string) => {
      const { data } = await call<{ data: { id: string; happened: number }[] }>("GET", "/faults");
      return data.find((fault) => fault.id === id)?.happened ?? 0;
    },
    /** Takes back what was armed here and did not happen. */
    disarm: async () => {
      for (const id of armed) await call("DELETE", `/faults/${id}`).catch(() => {});
      armed.clear();
    },
    forgeNotification: (outTradeNo: string) =>
      call("POST", `/alipay/trades/${outTradeNo}/forge-notification`, { app_id: appId, how: "foreign_key" }),
    notifications: async (outTradeNo: string) =>
      (await call<{ data: Notified[] }>("GET", `/alipay/notifications?out_trade_no=${outTradeNo}`)).data,
    /** Publishes the bill of a day as far as it has come. */
    closeAlipayDay: (app: string, date: string) =>
      call<Published>("POST", "/alipay/close-day", { app_id: app, date }),
    closeWechatDay: (mchid: string, date: string) =>
      call<Published>("POST", "/wechat/close-day", { mchid, date }),
    closeUnionpayDay: (merId: string, date: string) =>
      call<Published>("POST", "/unionpay/close-day", { mer_id: merId, date }),
    closeStripeDay: (account: string, date: string) =>
      call<Published>("POST", "/stripe/close-day", { account_id: account, date }),
    openBankAccount: (number: string, name: string) =>
      call<{ url: string }>("POST", "/bank/accounts", { number, name, opening: 0 }),
    /** A channel pays out of what it owes, to an account at the bank; its own bill tells it. */
    payOut: (channel: "alipay" | "wechat", of: object, amount: number, account: string) =>
      call("POST", `/${channel}/payout`, { ...of, amount, bank_account: account }),
    inbox: async (inboxPath: string, webhookId: string) =>
      (await call<{ data: InboxItem[] }>("GET", `${inboxPath}?webhook_id=${webhookId}`)).data,
  };
}
