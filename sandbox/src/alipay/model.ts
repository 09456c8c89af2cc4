import type { Collection } from "../store/index.ts";
import { type Royalty, royaltyReceivers } from "./royalty/model.ts";

// App what a merchant registered at Alipay: two key pairs meet in it, the app's and Alipay's Seller whose
// money it is: a 2088… number (pid). A service provider's app acts for other sellers Order what a merchant
// asked for under an out_trade_no. An order is not yet a trade: Trade exists from the moment a buyer opened
// the order (or Alipay was asked to create one) and has a trade_no Scene how the buyer meets the order
// Receipt 商家实收: what the seller gets of the total, less vouchers the seller funded Book the sandbox's own
// record of money that moved; the bill is made of it and of nothing else

export type Scene = "qr" | "code" | "jsapi" | "app" | "page" | "wap";

export type TradeStatus = "WAIT_BUYER_PAY" | "TRADE_SUCCESS" | "TRADE_FINISHED" | "TRADE_CLOSED";

export type Seller = { sellerId: string; authAppId: string };

export type App = {
  appId: string;
  pid: string;
  merchantName: string;
  mode: "public_key" | "certificate";
  /** The key that requests are verified with; PEM. */
  appPublicKey: string;
  /** The pair that answers and notifications are signed with; PEM. */
  platformPrivateKey: string;
  platformPublicKey: string;
  certificates: AppCertificates | null;
  /** Present for a service provider: the seller that authorised the app, and the token that says so. */
  authorisation: { appAuthToken: string; sellerId: string; authAppId: string } | null;
  /** What the sandbox charges of every receipt, in millionths. */
  feeRateMillionths: bigint;
  createdAt: Date;
};

export type AppCertificates = {
  appCert: string;
  appCertSn: string;
  alipayCert: string;
  alipayCertSn: string;
  rootCert: string;
  rootCertSn: string;
};

export type Buyer = { userId: string; openId: string; logonId: string; nameOnBill: string };

export type Order = {
  id: string;
  /** Names the order in the wallet; unguessable. */
  token: string;
  appId: string;
  authAppId: string;
  sellerId: string;
  merchantName: string;
  outTradeNo: string;
  scene: Scene;
  /** Fen, as are all amounts here. */
  total: bigint;
  subject: string;
  body: string | null;
  passbackParams: string | null;
  storeId: string | null;
  terminalId: string | null;
  operatorId: string | null;
  notifyUrl: string | null;
  returnUrl: string | null;
  quitUrl: string | null;
  feeRateMillionths: bigint;
  placedAt: Date;
  /** After this the trade can no longer be paid. */
  expiresAt: Date;
  qrCode: string | null;
  qrExpiresAt: Date | null;
  /** Set when the buyer put the payment away without paying. */
  abandonedAt: Date | null;
  trade: Trade | null;
  refunds: Refund[];
  /** Of an order whose money is frozen to be split, and absent of others. */
  royalty?: Royalty;
};

export type Trade = {
  tradeNo: string;
  status: TradeStatus;
  createdAt: Date;
  /** The payment code that opened it, and whether its owner must still confirm with a password. */
  authCode: string | null;
  awaitsPassword: boolean;
  lastFailure: string | null;
  closedAt: Date | null;
  closedBy: "close" | "cancel" | "expiry" | "refusal" | "refund" | null;
  payment: Payment | null;
};

export type Payment = {
  paidAt: Date;
  buyer: Buyer;
  /** What the buyer really paid for: the order's total unless a fault says otherwise. */
  total: bigint;
  voucher: bigint;
  receipt: bigint;
  fee: bigint;
};

export type Refund = {
  outRequestNo: string;
  amount: bigint;
  receipt: bigint;
  fee: bigint;
  reason: string | null;
  by: "merchant" | "cancel" | "channel";
  refundedAt: Date;
  /** The way back to the buyer's bank card, where there is one: P until `settlesAt`, then `outcome`. */
  depositBack: { outcome: "S" | "F"; settlesAt: Date } | null;
};

/** A buyer's payment code: shown to a cashier, good for one payment, for a short while. */
export type PaymentCode = {
  code: string;
  wallet: "alipay";
  behaviour: "pays" | "asks_password" | "insufficient_balance";
  createdAt: Date;
  expiresAt: Date;
  usedByOrder: string | null;
};

/** One movement of money in the sandbox's own book. */
export type BookEntry = {
  id: string;
  sellerId: string;
  appId: string;
  /** Beijing date of `finishedAt`, yyyy-MM-dd. */
  date: string;
  /** A royalty, its return and a withdrawal are no trade: the account bill alone shows them. */
  kind: "payment" | "refund" | "royalty" | "royalty_return" | "payout";
  tradeNo: string;
  outTradeNo: string;
  outRequestNo: string;
  subject: string;
  createdAt: Date;
  finishedAt: Date;
  storeId: string;
  operatorId: string;
  terminalId: string;
  buyer: string;
  total: bigint;
  receipt: bigint;
  voucher: bigint;
  fee: bigint;
};

/** A published bill: its lines as they were, or as a fault shows them. */
export type Bill = { id: string; sellerId: string; date: string; publishedAt: Date; rows: BookEntry[] };

/** The right to fetch one bill for a short while. */
export type BillTicket = {
  token: string;
  sellerId: string;
  appId: string;
  date: string;
  /** `trade` where it is absent. */
  type?: "trade" | "signcustomer";
  expiresAt: Date;
};

/** Something that happens to an order later by itself. */
export type Job = {
  id: string;
  orderId: string;
  kind: "expire" | "finish" | "deposit_back" | "pay" | "reverse";
  /** For `reverse`: how much; null is all that is left. For `deposit_back`: which refund. */
  amount: bigint | null;
  outRequestNo: string | null;
  dueAt: Date;
};

export function orderId(sellerId: string, outTradeNo: string): string {
  return `${sellerId}/${outTradeNo}`;
}

export const apps: Collection<App> = {
  name: "apps",
  id: (app) => app.appId,
  keys: {},
  group: null,
  dueAt: null,
};

export const orders: Collection<Order> = {
  name: "orders",
  id: (order) => order.id,
  keys: {
    token: (order) => order.token,
    trade_no: (order) => order.trade?.tradeNo ?? null,
    qr_code: (order) => order.qrCode,
  },
  group: (order) => order.outTradeNo,
  dueAt: null,
};

export const paymentCodes: Collection<PaymentCode> = {
  name: "payment_codes",
  id: (code) => code.code,
  keys: {},
  group: null,
  dueAt: null,
};

/** What Alipay's page sends a browser back with: good once, for one app, to learn its user. */
export type OauthCode = { code: string; appId: string; buyer: Buyer; expiresAt: Date; usedAt: Date | null };

export const oauthCodes: Collection<OauthCode> = {
  name: "oauth_codes",
  id: (code) => code.code,
  keys: {},
  group: null,
  dueAt: null,
};

export const book: Collection<BookEntry> = {
  name: "book",
  id: (entry) => entry.id,
  keys: {},
  group: (entry) => `${entry.sellerId}/${entry.date}`,
  dueAt: null,
};

export const bills: Collection<Bill> = {
  name: "bills",
  id: (bill) => bill.id,
  keys: {},
  group: null,
  dueAt: null,
};

export const billTickets: Collection<BillTicket> = {
  name: "bill_tickets",
  id: (ticket) => ticket.token,
  keys: {},
  group: null,
  dueAt: null,
};

export const jobs: Collection<Job> = {
  name: "jobs",
  id: (job) => job.id,
  keys: {},
  group: null,
  dueAt: (job) => job.dueAt,
};

export const alipayCollections = [
  apps,
  orders,
  paymentCodes,
  oauthCodes,
  royaltyReceivers,
  book,
  bills,
  billTickets,
  jobs,
];
