import type { Collection } from "../store/index.ts";
import { type OrderSharing, receivers, sharingNumbers } from "./sharing/model.ts";

// Merchant       商户号: who calls and is paid; a service provider's calls act for its sub-merchants
// PlatformKey    what WeChat Pay signs with: a public key with an id, or a certificate with a serial number
// Order          what a merchant asked for under an out_trade_no; a transaction once it is paid
// Scene          how the buyer meets the order
// Handle         what the buyer has in hand: code_url, prepay_id or h5_url; lives shorter than the order
// PaymentCode    付款码 that the buyer shows: eighteen digits, good for one order
// Coupon         代金券 that the merchant funded (免充值): less to pay and less to settle
// Book           the sandbox's own record of money that moved; bills are made of it and of nothing else

export type Scene = "native" | "jsapi" | "app" | "h5" | "code";

export type PlatformKey = {
  /** PUB_KEY_ID_…, or the serial number of the certificate. */
  id: string;
  privateKey: string;
  publicKey: string;
  certificate: string | null;
  createdAt: Date;
};

/** An app's secret tells who its users are; absent of one made before it was needed. */
export type SubMerchant = { mchid: string; appid: string; appSecret?: string };

export type Merchant = {
  mchid: string;
  appid: string;
  appSecret?: string;
  merchantName: string;
  mode: "public_key" | "certificate";
  apiV3Key: string;
  /** What v2 is signed with; absent of a merchant of a time before it. */
  apiV2Key?: string;
  /** The key that requests are verified with; PEM. */
  publicKey: string;
  /** Present where the sandbox made the pair. */
  privateKey: string | null;
  /** The certificate over `publicKey`, whose serial number requests name. */
  certificate: string;
  serial: string;
  /** The public key first; in certificate mode the certificate's after it. */
  platformKeys: PlatformKey[];
  subMerchants: SubMerchant[];
  /** Where refunds are told of that name no notify_url (商户平台-退款配置). */
  refundNotifyUrl: string | null;
  /** What the sandbox charges of every settled amount, in millionths. */
  feeRateMillionths: bigint;
  createdAt: Date;
};

export type Order = {
  id: string;
  /** Names the order in the wallet; unguessable. */
  token: string;
  mchid: string;
  subMchid: string | null;
  appid: string;
  subAppid: string | null;
  merchantName: string;
  outTradeNo: string;
  scene: Scene;
  /** Fen, as are all amounts here. */
  total: bigint;
  description: string;
  attach: string | null;
  deviceId: string | null;
  /** Empty for a payment code: v2 tells nobody of it. */
  notifyUrl: string;
  /** The parameters of the first call, in one spelling: a repeat must have the same. */
  parameters: string;
  /** The buyer that the merchant named. */
  openid: string | null;
  /** The field in which the payer is told: whose app's id for the buyer it is. */
  payerField: "openid" | "sp_openid" | "sub_openid";
  feeRateMillionths: bigint;
  placedAt: Date;
  /** After this the order is closed. */
  expiresAt: Date;
  handle: Handle;
  /** Where a mobile page's buyer goes after paying; the merchant adds it to the h5_url. */
  redirectUrl: string | null;
  openedAt: Date | null;
  abandonedAt: Date | null;
  lastFailure: string | null;
  closedAt: Date | null;
  /** Of a payment code alone, and absent of others. */
  code?: ChargedCode;
  payment: Payment | null;
  refunds: Refund[];
  /** Of an order whose money is frozen to be split, and absent of others. */
  sharing?: OrderSharing;
};

export type ChargedCode = {
  authCode: string;
  awaitsPassword: boolean;
  /** When it was reversed, paid or not. */
  revokedAt: Date | null;
};

export type PaymentCode = {
  code: string;
  behaviour: "pays" | "asks_password" | "insufficient_balance";
  createdAt: Date;
  expiresAt: Date;
  usedByOrder: string | null;
};

export type Handle = {
  prepayId: string;
  codeUrl: string | null;
  h5Url: string | null;
  /** After this the buyer cannot open it any more; the merchant may order again for a new one. */
  expiresAt: Date;
  h5ExpiresAt: Date | null;
};

export type Payment = {
  transactionId: string;
  paidAt: Date;
  openid: string;
  bankType: string;
  /** What the buyer really paid for: the order's total unless a fault says otherwise. */
  total: bigint;
  coupon: bigint;
  /** What the merchant gets before the fee: the total less the coupon, which is what the payer pays too. */
  settlement: bigint;
  fee: bigint;
};

export type RefundStatus = "PROCESSING" | "SUCCESS" | "ABNORMAL" | "CLOSED";

export type Refund = {
  outRefundNo: string;
  refundId: string;
  amount: bigint;
  /** The shares of the amount that go back to the payer's money, and of the fee. */
  settlement: bigint;
  fee: bigint;
  reason: string | null;
  notifyUrl: string | null;
  status: RefundStatus;
  createdAt: Date;
  /** How it will end, and when. */
  outcome: Exclude<RefundStatus, "PROCESSING">;
  settlesAt: Date;
};

/** Which order a merchant's refund number belongs to. */
export type RefundNumber = { id: string; orderId: string };

/** One movement of money in the sandbox's own book; amounts are positive in both directions. */
export type BookEntry = {
  id: string;
  /** A share, its return and a withdrawal are no trade: the fund bill alone shows them. */
  kind: "payment" | "refund" | "share" | "share_return" | "payout";
  mchid: string;
  subMchid: string | null;
  appid: string;
  /** Beijing date of `at`, yyyy-MM-dd. */
  date: string;
  at: Date;
  orderId: string;
  outTradeNo: string;
  transactionId: string;
  openid: string;
  scene: Scene;
  bankType: string;
  deviceId: string;
  description: string;
  attach: string;
  total: bigint;
  settlement: bigint;
  fee: bigint;
  feeRateMillionths: bigint;
  refundId: string;
  outRefundNo: string;
  /** How far the refund had come when the bill was published. */
  refundStatus: RefundStatus | null;
  /** When the refund came to the buyer. */
  refundedAt: Date | null;
  /** Whether it is a reversal, which has no number. */
  revoked?: boolean;
  /** Other than CNY only where a fault lies. */
  currency?: string;
};

/** A published trade bill: its lines as they were, or as a fault shows them. */
export type Bill = { id: string; mchid: string; date: string; publishedAt: Date; rows: BookEntry[] };

/** The right to fetch one file once, for a short while; the file as it was when it was asked for. */
export type BillTicket = { token: string; mchid: string; content: string; gzip: boolean; expiresAt: Date };

/** Something that happens to an order later by itself. */
export type Job = { id: string; orderId: string; kind: "settle" | "pay"; dueAt: Date };

export function orderId(payee: string, outTradeNo: string): string {
  return `${payee}/${outTradeNo}`;
}

/** Whose money an order is: the sub-merchant's where there is one. */
export function payeeOf(order: { mchid: string; subMchid: string | null }): string {
  return order.subMchid ?? order.mchid;
}

export const merchants: Collection<Merchant> = {
  name: "wechat_merchants",
  id: (merchant) => merchant.mchid,
  keys: {},
  group: null,
  dueAt: null,
};

export const orders: Collection<Order> = {
  name: "wechat_orders",
  id: (order) => order.id,
  keys: {
    token: (order) => order.token,
    transaction_id: (order) => order.payment?.transactionId ?? null,
    code_url: (order) => order.handle.codeUrl,
    prepay_id: (order) => order.handle.prepayId,
  },
  group: (order) => order.outTradeNo,
  dueAt: null,
};

export const paymentCodes: Collection<PaymentCode> = {
  name: "wechat_payment_codes",
  id: (code) => code.code,
  keys: {},
  group: null,
  dueAt: null,
};

/** What WeChat's page sends a browser back with: good once, for one app, to learn its user. */
export type OauthCode = { code: string; appid: string; openid: string; expiresAt: Date; usedAt: Date | null };

/** An app, found by its id: whose secret opens its codes. */
export type OauthApp = { appid: string; secret: string };

export const oauthCodes: Collection<OauthCode> = {
  name: "wechat_oauth_codes",
  id: (code) => code.code,
  keys: {},
  group: null,
  dueAt: null,
};

export const oauthApps: Collection<OauthApp> = {
  name: "wechat_oauth_apps",
  id: (app) => app.appid,
  keys: {},
  group: null,
  dueAt: null,
};

export const refundNumbers: Collection<RefundNumber> = {
  name: "wechat_refund_numbers",
  id: (number) => number.id,
  keys: {},
  group: null,
  dueAt: null,
};

export const book: Collection<BookEntry> = {
  name: "wechat_book",
  id: (entry) => entry.id,
  keys: {},
  group: (entry) => `${entry.mchid}/${entry.date}`,
  dueAt: null,
};

export const bills: Collection<Bill> = {
  name: "wechat_bills",
  id: (bill) => bill.id,
  keys: {},
  group: null,
  dueAt: null,
};

export const billTickets: Collection<BillTicket> = {
  name: "wechat_bill_tickets",
  id: (ticket) => ticket.token,
  keys: {},
  group: null,
  dueAt: null,
};

export const jobs: Collection<Job> = {
  name: "wechat_jobs",
  id: (job) => job.id,
  keys: {},
  group: null,
  dueAt: (job) => job.dueAt,
};

export const wechatCollections = [
  merchants,
  orders,
  paymentCodes,
  oauthApps,
  oauthCodes,
  refundNumbers,
  receivers,
  sharingNumbers,
  book,
  bills,
  billTickets,
  jobs,
];
