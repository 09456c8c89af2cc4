import type { Collection } from "../store/index.ts";

// Merchant       商户: who calls and is paid, under a merId of 15 digits, with a certificate of its own
// Order          a purchase that a merchant asked for, under merId, orderId and the day of its txnTime
// Scene          how the buyer meets it: the cashier's page, the app (tn), a code to scan or to show
// QueryId        查询流水号: UnionPay's number of one transaction, 21 digits
// FollowUp       a void (撤销) or a refund (退货): a transaction of its own about a paid order
// Reversal       冲正: takes an order back under its own orderId and txnTime; no transaction of its own
// Lag            how long a query does not yet see a transaction as it is; a fault's doing
// Clearing day   清算日: from 23:00 of the day before until 23:00, yyyy-MM-dd
// Book           the sandbox's own record of money that moved; statements are made of it and of nothing else

export type Scene = "front" | "app" | "qr" | "code";

export type Merchant = {
  merId: string;
  merchantName: string;
  /** 商户类别, four digits. */
  categoryCode: string;
  /** The key that requests are verified with; PEM. */
  publicKey: string;
  /** Present where the sandbox made the pair. */
  privateKey: string | null;
  certificate: string;
  /** The certificate's serial number, in decimal. */
  certId: string;
  /** What the sandbox charges of every payment, in millionths. */
  feeRateMillionths: bigint;
  /** How many days after a payment it can be refunded; the second is of codes, scanned or shown. */
  refundWindowDays: number;
  codeRefundWindowDays: number;
  createdAt: Date;
};

/** What a transaction says about itself in every message; amounts are fen. */
export type Transaction = {
  orderId: string;
  txnTime: string;
  txnType: string;
  txnSubType: string;
  bizType: string;
  accessType: string;
  channelType: string;
  backUrl: string | null;
  reqReserved: string | null;
};

/** UnionPay's own marks of a transaction. */
export type Marks = { queryId: string; traceNo: string; at: Date };

/** How many queries still say 34, and then 05. */
export type Lag = { notFound: number; unknown: number };

export type Order = Transaction & {
  id: string;
  /** Names the order in the wallet; unguessable. */
  token: string;
  merId: string;
  merchantName: string;
  categoryCode: string;
  scene: Scene;
  total: bigint;
  subject: string;
  frontUrl: string | null;
  termId: string | null;
  feeRateMillionths: bigint;
  refundWindowDays: number;
  placedAt: Date;
  /** From this instant on it cannot be paid. */
  expiresAt: Date;
  tn: string | null;
  qrCode: string | null;
  openedAt: Date | null;
  /** Set when the buyer put the payment away without paying. */
  abandonedAt: Date | null;
  /** The buyer's last try that failed, a response code and a sentence. */
  lastFailure: Failure | null;
  /** A failed payment code is used up. */
  failedAt: Date | null;
  code: { qrNo: string; awaitsPassword: boolean } | null;
  lag: Lag;
  marks: Marks | null;
  payment: Payment | null;
  reversedAt: Date | null;
  followUps: FollowUp[];
};

export type Failure = { code: string; sentence: string };

export type Payment = {
  /** What the buyer really paid: the order's total unless a fault says otherwise. */
  total: bigint;
  fee: bigint;
  paidAt: Date;
  /** The buyer's card, masked. */
  accNo: string;
};

export type FollowUp = Transaction & {
  kind: "refund" | "void";
  marks: Marks;
  amount: bigint;
  fee: bigint;
  lag: Lag;
  /** For a refund that the buyer's bank sends back: from when on it has failed. */
  returnsAt: Date | null;
};

/** A number that a transaction of a merchant has taken on a day, and the order that it is about. */
export type TakenNumber = { id: string; orderRecord: string; kind: "purchase" | FollowUp["kind"] };

/** A buyer's payment code: shown to a cashier, good for one payment, for a short while. */
export type PaymentCode = {
  code: string;
  behaviour: "pays" | "asks_password" | "insufficient_balance";
  createdAt: Date;
  expiresAt: Date;
  usedByOrder: string | null;
};

/** One movement of money in the sandbox's own book; amounts are positive in both directions. */
export type BookEntry = Transaction & {
  id: string;
  merId: string;
  /** The clearing day. */
  date: string;
  kind: "payment" | FollowUp["kind"];
  marks: Marks;
  amount: bigint;
  fee: bigint;
  accNo: string;
  categoryCode: string;
  termId: string | null;
  /** The order number that faults name it by. */
  outTradeNo: string;
  original: (Marks & { orderId: string }) | null;
};

/** A published statement: its lines as they were, or as a fault shows them. */
export type Statement = { id: string; merId: string; date: string; publishedAt: Date; rows: BookEntry[] };

/** Something that happens to an order later by itself. */
export type Job = { id: string; orderRecord: string; kind: "pay"; dueAt: Date };

/** The keys and certificates of the simulated UnionPay, the root first. */
export type Chain = {
  id: "unionpay";
  root: KeyAndCertificate;
  middle: KeyAndCertificate;
  signing: KeyAndCertificate;
};

export type KeyAndCertificate = { privateKey: string; publicKey: string; certificate: string };

/** The number of a transaction: unique of a merchant on a day. */
export function numberOf(merId: string, orderId: string, txnTime: string): string {
  return `${merId}/${orderId}/${txnTime.slice(0, 8)}`;
}

export const chains: Collection<Chain> = plain("unionpay_chains", (chain) => chain.id);

export const merchants: Collection<Merchant> = plain("unionpay_merchants", (merchant) => merchant.merId);

export const orders: Collection<Order> = {
  name: "unionpay_orders",
  id: (order) => order.id,
  keys: {
    token: (order) => order.token,
    tn: (order) => order.tn,
    qr_code: (order) => order.qrCode,
    query_id: (order) => order.marks?.queryId ?? null,
  },
  group: (order) => order.orderId,
  dueAt: null,
};

export const takenNumbers: Collection<TakenNumber> = plain("unionpay_numbers", (taken) => taken.id);

export const paymentCodes: Collection<PaymentCode> = plain("unionpay_payment_codes", (code) => code.code);

export const book: Collection<BookEntry> = {
  name: "unionpay_book",
  id: (entry) => entry.id,
  keys: {},
  group: (entry) => `${entry.merId}/${entry.date}`,
  dueAt: null,
};

export const statements: Collection<Statement> = plain("unionpay_statements", (statement) => statement.id);

export const jobs: Collection<Job> = {
  name: "unionpay_jobs",
  id: (job) => job.id,
  keys: {},
  group: null,
  dueAt: (job) => job.dueAt,
};

export const unionpayCollections = [
  chains,
  merchants,
  orders,
  takenNumbers,
  paymentCodes,
  book,
  statements,
  jobs,
];

/** A collection that is looked up by its id alone. */
function plain<T>(name: string, id: (record: T) => string): Collection<T> {
  return { name, id, keys: {}, group: null, dueAt: null };
}
