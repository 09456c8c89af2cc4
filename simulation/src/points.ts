/** The moments of the platform's work at which a world breaks it, by names that the report shows. */

/** What a transaction is for, by the name of its first statement. */
const TRANSACTIONS: Readonly<Record<string, string>> = {
  payments_insert: "creating a payment",
  ledger_share_day: "a decision of the door",
  attempts_claim: "claiming attempts",
  payments_claim: "claiming payments",
  refunds_claim: "claiming refunds",
  webhooks_endpoints_waiting: "claiming deliveries",
  webhooks_lock_deliveries: "writing deliveries' results",
  payment_watch: "watching a payment",
  attempt_request_insert: "remembering a wish's key",
  attempt_request_delete: "giving a wish's key back",
  stray_insert: "keeping a stray notification",
  ledger_insert_book: "opening accounts",
  ledger_take_day: "opening the day",
  operators_insert: "starting",
};

/** The same of a day's close. */
const CLOSE_TRANSACTIONS: Readonly<Record<string, string>> = {
  close_run_insert: "beginning a day's close",
  close_runs_claim: "claiming a day's close",
  close_run_lock: "a step of a day's close",
  ledger_is_closed: "writing down closed balances",
  statement_fetches_insert: "expecting statements",
  statement_fetches_claim: "claiming statements",
  statement_insert: "keeping a statement",
  // One whose findings are breaks now, and those that found nothing.
  breaks_generation_applied: "ending a comparison's breaks",
  breaks_plain_generations_applied: "ending a comparison's breaks",
  settlement_accounts_ensure: "naming what settles",
  settlement_accounts_lock: "settling",
  bills_insert: "making bills",
  bill_chunk: "writing a bill's lines",
  close_report_insert: "writing a day's report",
};

/** The same of money's way out, and of what channels pay in for it. */
const PAYOUT_TRANSACTIONS: Readonly<Record<string, string>> = {
  payouts_waiting: "proposing a batch of payouts",
  payout_batch_lock: "deciding on a batch of payouts",
  payout_batches_claim: "claiming batches of payouts",
  payout_batches_finish: "ending batches of payouts",
  payouts_claim: "claiming payouts",
  channel_payouts_claim: "claiming channels' payouts",
  bank_entries_insert: "keeping entries at the bank",
  bank_statement_keep: "keeping what a bank's statement says",
  bank_readings_note: "claiming readings of banks' statements",
  bank_reading_end: "ending the reading of a bank's statement",
  channel_cost_payments_claim: "claiming payments of channels' costs",
  owed_dues_lock: "asking for a payout of what is owed",
  approvals_insert: "proposing to a second person",
  approvals_by_id_locked: "deciding as a second person",
};

/** The same of money that is split. */
const SHARING_TRANSACTIONS: Readonly<Record<string, string>> = {
  shares_claim: "claiming shares",
  // What comes back of a share is a call of the same kind.
  share_returns_claim: "claiming shares",
  sharings_claim: "claiming splittings",
  receivers_insert: "making a receiver known",
  receivers_lock: "making a receiver known",
  receiver_bindings_claim: "making a receiver known",
  receiver_bindings_update: "making a receiver known",
};
const OF_SHARES = "a decision about shares";
/** What the door of shares reads next. */
const SPLITTINGS_READ = "sharings_of_payments";
/** A payment's lock and what is read under it tell no door from the other. */
const LOCKED_PAYMENT = "payments_lock";
const UNDER_ITS_LOCK = [
  LOCKED_PAYMENT,
  "attempts_of_payments",
  "refunds_of_payments",
  "disputes_of_payments",
];

const PAYING_COSTS = "paying channels' costs";
const MINIMUM = "booking a month's minimum";

/** Many begin with the day that they post on, and are told apart by what they lock or write after it. */
const POSTING = "ledger_share_day";
const OF_THE_LEDGER = "ledger_";
const PAYOUT_POSTINGS: Readonly<Record<string, string>> = {
  payouts_insert: "asking for payouts",
  owed_account_open: "dividing what is owed",
  payout_batch_lock: "instructing a batch of payouts",
  payouts_lock: "a word about payouts",
  channel_payouts_insert: "announcing channels' payouts",
  channel_payouts_lock: "booking channels' payouts in transit",
  bank_entry_lock: "placing an entry at the bank",
  channel_cost_payments_lock: "booking channels' costs",
};
const LOCKED_PENDING = "settlement_accounts_lock";
/** What settles on its own day; all else that is locked so while the day is held settles a closed date. */
const SETTLING_TODAY = "settling on the day itself";
const SETTLED = "deciding what settles";
const AFTER_PENDING: Readonly<Record<string, string>> = { same_day_next_number: SETTLING_TODAY };
const REPAYING = "paying own money back";
/** Of a day's close. */
const CLOSE_POSTINGS: Readonly<Record<string, string>> = {
  channel_cost_minimum_insert: MINIMUM,
  settlement_advances_lock: REPAYING,
};

/** What people do about breaks. */
export const DECISION_NAMES: readonly string[] = ["deciding on a break"];
const DECISIONS: Readonly<Record<string, string>> = { breaks_lock: "deciding on a break" };

const RECEIVING_COMMISSION = "receiving commission";
const LOCKED_ENTRY = "bank_entry_lock";
/** What is locked after an entry that paid channels' costs or brought them back, or is commission. */
const AFTER_ENTRY: Readonly<Record<string, string>> = {
  commission_lock_open: RECEIVING_COMMISSION,
  channel_cost_locks_open: PAYING_COSTS,
  channel_cost_payments_lock: PAYING_COSTS,
};

/** The same of commission on money that does not pass us. */
const COMMISSION_TRANSACTIONS: Readonly<Record<string, string>> = {
  // Statements that tell it, and receipts whose second side is not booked yet.
  statements_claim_commissions: "claiming commission",
  commission_receipts_claim: "claiming commission",
  commission_rows_of_day: "booking commission",
  commission_lock_open: "booking commission",
  statement_commissions_done: "booking commission",
  commission_receipts_lock: "booking our side of commission",
};
/** What the reading of any statement locks and looks at first. */
const OF_ANY_READING = ["statements_lock_scope", "statements_newer"];

export const COMMISSION_TRANSACTION_NAMES: readonly string[] = [
  ...new Set([...Object.values(COMMISSION_TRANSACTIONS), RECEIVING_COMMISSION]),
];
const PAYOUT_TRANSACTION_NAMES = [
  ...Object.values(PAYOUT_TRANSACTIONS),
  ...Object.values(PAYOUT_POSTINGS),
  ...COMMISSION_TRANSACTION_NAMES,
  PAYING_COSTS,
];

const SHARING_TRANSACTION_NAMES = [...new Set(Object.values(SHARING_TRANSACTIONS)), OF_SHARES];

export const CLOSE_TRANSACTION_NAMES: readonly string[] = [
  ...new Set(Object.values(CLOSE_TRANSACTIONS)),
  ...Object.values(CLOSE_POSTINGS),
  SETTLED,
];
export const TRANSACTION_NAMES: readonly string[] = [
  ...Object.values(TRANSACTIONS),
  ...CLOSE_TRANSACTION_NAMES,
  SETTLING_TODAY,
  ...PAYOUT_TRANSACTION_NAMES,
  ...SHARING_TRANSACTION_NAMES,
];

/** What a transaction is for, by its statements after `begin` so far; null: the next one tells. */
export function transactionNamed(statements: readonly string[]): string | null {
  const [first, ...others] = statements.filter((name) => !OF_ANY_READING.includes(name));
  if (first === undefined) return null;
  if (first === POSTING) {
    const own = others.filter((name) => !name.startsWith(OF_THE_LEDGER));
    const told = own[0] === LOCKED_PAYMENT ? own.find((name) => !UNDER_ITS_LOCK.includes(name)) : own[0];
    const isToBeTold = told === LOCKED_ENTRY || told === LOCKED_PENDING;
    if (told === undefined || (isToBeTold && own.length === 1)) return null;
    if (told === LOCKED_PENDING) return AFTER_PENDING[own[1] as string] ?? SETTLED;
    if (told === LOCKED_ENTRY) return AFTER_ENTRY[own[1] as string] ?? (PAYOUT_POSTINGS[told] as string);
    if (told === SPLITTINGS_READ) return OF_SHARES;
    const known = PAYOUT_POSTINGS[told] ?? CLOSE_POSTINGS[told] ?? COMMISSION_TRANSACTIONS[told];
    return known ?? DECISIONS[told] ?? (TRANSACTIONS[POSTING] as string);
  }
  const name = [
    TRANSACTIONS,
    CLOSE_TRANSACTIONS,
    PAYOUT_TRANSACTIONS,
    COMMISSION_TRANSACTIONS,
    SHARING_TRANSACTIONS,
  ].find((names) => names[first] !== undefined)?.[first];
  return name ?? `another transaction (${first})`;
}

const BANK_CALL_NAMES = ["bank.payments", "bank.payments.query", "bank.statement"] as const;

/** Points of what partners are owed. */
export const OWED_POINTS: readonly string[] = [
  "asking for a payout of what is owed",
  "dividing what is owed",
];

/** Points of costs that channels bill apart. */
export const COST_POINTS: readonly string[] = [PAYING_COSTS, "booking channels' costs", MINIMUM];

/** Points of what settles on its own day. */
export const SAME_DAY_POINTS: readonly string[] = [SETTLING_TODAY, REPAYING];

/** Points of money's way out. */
export const PAYOUT_POINTS: readonly string[] = [...PAYOUT_TRANSACTION_NAMES, ...BANK_CALL_NAMES];

export const SHARING_CALL_NAMES = [
  "alipay.trade.royalty.relation.bind",
  "alipay.trade.order.settle",
  "alipay.trade.order.settle.query",
  "wechat.receiver",
  "wechat.share",
  "wechat.share.query",
  "wechat.share.return",
  "wechat.share.finish",
] as const;

/** Points of money that is split. */
export const SHARING_POINTS: readonly string[] = [...SHARING_TRANSACTION_NAMES, ...SHARING_CALL_NAMES];

/** Points of payment codes alone: their orders are paid, or undone, by calls of their own. */
export const CODE_CALLS: readonly string[] = [
  "alipay.trade.pay",
  "alipay.trade.cancel",
  "unionpay.purchase.code",
  "unionpay.reversal",
  "wechat.micropay",
  "wechat.orderquery",
  "wechat.reverse",
];

/** What the platform asks a channel, and its banks. */
export const CALLS: readonly string[] = [
  "alipay.trade.precreate",
  "alipay.trade.create",
  "alipay.trade.pay",
  "alipay.trade.query",
  "alipay.trade.close",
  "alipay.trade.cancel",
  "alipay.trade.refund",
  "alipay.trade.fastpay.refund.query",
  "stripe.session",
  "stripe.session.query",
  "stripe.session.expire",
  "stripe.intent",
  "stripe.intent.query",
  "stripe.intent.cancel",
  "stripe.refund",
  "stripe.refund.query",
  "unionpay.purchase.qr",
  "unionpay.purchase.app",
  "unionpay.purchase.code",
  "unionpay.query",
  "unionpay.void",
  "unionpay.refund",
  "unionpay.reversal",
  "wechat.native",
  "wechat.h5",
  "wechat.app",
  "wechat.jsapi",
  "wechat.query",
  "wechat.close",
  "wechat.refund",
  "wechat.refund.query",
  "wechat.micropay",
  "wechat.orderquery",
  "wechat.reverse",
  ...BANK_CALL_NAMES,
  ...SHARING_CALL_NAMES,
];

const BANK = /^\/bank\/\w+\/(payments|statements)\b/;
const BANK_CALLS: Readonly<Record<string, string>> = {
  "POST payments": "bank.payments",
  "GET payments": "bank.payments.query",
  "GET statements": "bank.statement",
};

const STRIPE = "/v1/";
/** A list is looked through, and a search made, for what a query by number would have told. */
const STRIPE_OBJECTS: Readonly<Record<string, string>> = {
  "checkout/sessions": "session",
  payment_intents: "intent",
  refunds: "refund",
  disputes: "dispute",
};
const UNIONPAY = "/gateway/api/";
/** By its kind of transaction, where an address serves several. */
const UNIONPAY_CALLS: Readonly<Record<string, string>> = {
  "01/01": "purchase.app",
  "01/06": "purchase.code",
  "01/07": "purchase.qr",
  "00/00": "query",
  "04/00": "refund",
  "31/00": "void",
  "99/01": "reversal",
};
const WECHAT = "/wechat/v3/";
/** Payment codes go by the protocol before it. */
const WECHAT_V2 = /^\/wechat\/(?:secapi\/)?pay\/(\w+)$/;

/** What a call is for: Alipay names it in its address, WeChat Pay by the path, UnionPay in the body. */
export function callNamed(verb: string, url: string, body: string | null): string {
  const { pathname, searchParams } = new URL(url);
  const method = searchParams.get("method");
  if (method !== null) return method;
  const bank = BANK.exec(pathname)?.[1];
  if (bank !== undefined) return BANK_CALLS[`${verb} ${bank}`] ?? pathname;
  if (pathname.startsWith(STRIPE)) return stripeCall(verb, pathname.slice(STRIPE.length));
  if (pathname.startsWith(UNIONPAY)) return unionpayCall(body ?? "");
  const older = WECHAT_V2.exec(pathname)?.[1];
  if (older !== undefined) return `wechat.${older}`;
  if (!pathname.startsWith(WECHAT)) return pathname;
  const parts = pathname.slice(WECHAT.length).split("/");
  if (parts[0] === "profitsharing") return sharingCall(verb, parts);
  if (parts[0] === "refund") return verb === "GET" ? "wechat.refund.query" : "wechat.refund";
  if (parts.at(-1) === "close") return "wechat.close";
  return verb === "GET" ? "wechat.query" : `wechat.${parts.at(-1)}`;
}

/** A split and what comes back of it are asked about alike. */
function sharingCall(verb: string, [, what, deed]: readonly string[]): string {
  if (what === "receivers") return "wechat.receiver";
  if (verb === "GET") return "wechat.share.query";
  if (what === "return-orders") return "wechat.share.return";
  return deed === "unfreeze" ? "wechat.share.finish" : "wechat.share";
}

function stripeCall(verb: string, path: string): string {
  const [found] = Object.entries(STRIPE_OBJECTS).filter(([prefix]) => path.startsWith(prefix));
  if (found === undefined) return `stripe.${path}`;
  const [prefix, name] = found;
  if (verb === "GET") return `stripe.${name}.query`;
  const deed = path.slice(prefix.length).split("/")[2];
  return deed === undefined ? `stripe.${name}` : `stripe.${name}.${deed}`;
}

function unionpayCall(body: string): string {
  const form = new URLSearchParams(body);
  const kind = `${form.get("txnType")}/${form.get("txnSubType")}`;
  return `unionpay.${UNIONPAY_CALLS[kind] ?? kind}`;
}

/** Messages besides calls to a channel. */
export const OTHER_MESSAGES: readonly string[] = ["notification", "webhook", "request"];

/** What a message is, by its label in the trace. */
export function messageNamed(label: string): string {
  if (label.startsWith("webhook ")) return "webhook";
  if (label.startsWith("call ")) return label.slice("call ".length);
  return label === "notification" ? label : "request";
}
