import type { Collection } from "../store/index.ts";
import type { CardName } from "./cards.ts";

// Account    what a merchant has at Stripe: its keys, its currencies and what Stripe charges it
// Endpoint   where an account's events are sent, with the secret that signs them
// Order      everything about one payment: session, intent, charges, refunds, disputes. One record, one lock
// Session    a hosted page (`cs_`); its intent is made when the buyer first confirms, not before
// Intent     the payment itself (`pi_`); Charge (`ch_`) is one attempt at it
// Name       which order an object's id belongs to; also what lists are made of
// Movement   one balance transaction (`txn_`): money that moved, live in the lists at once
// Event      what happened, as it was then (`evt_`)

export type Account = {
  id: string;
  secretKey: string;
  publishableKey: string;
  merchantName: string;
  /** Lower case, as Stripe writes them. */
  currencies: string[];
  /** What Stripe keeps of a charge: a share in millionths, and minor units of whatever currency. */
  feeRateMillionths: bigint;
  feeFixed: bigint;
  disputeFee: bigint;
  /** Whether a dispute's fee comes back when it is won. */
  disputeFeeReturned: boolean;
  createdAt: Date;
};

export type Endpoint = {
  id: string;
  accountId: string;
  /** Null for a registered account that has not told its address yet. */
  url: string | null;
  enabledEvents: string[];
  secret: string;
  /** Signs beside the new one until then. */
  rolled: { secret: string; until: Date } | null;
  description: string | null;
  metadata: Record<string, string>;
  createdAt: Date;
};

export type Line = { name: string; unitAmount: bigint; quantity: bigint; currency: string };

export type Session = {
  id: string;
  status: "open" | "complete" | "expired";
  paymentStatus: "unpaid" | "paid";
  lines: Line[];
  clientReferenceId: string | null;
  metadata: Record<string, string>;
  intentMetadata: Record<string, string>;
  intentDescription: string | null;
  customerEmail: string | null;
  successUrl: string | null;
  cancelUrl: string | null;
  createdAt: Date;
  expiresAt: Date;
};

export type IntentStatus =
  | "requires_payment_method"
  | "requires_action"
  | "processing"
  | "succeeded"
  | "canceled";

export type Failure = { code: string; declineCode: string | null; message: string; chargeId: string | null };

export type Intent = {
  id: string;
  clientSecret: string;
  status: IntentStatus;
  metadata: Record<string, string>;
  description: string | null;
  paymentMethodTypes: string[];
  automatic: boolean;
  createdAt: Date;
  /** The card whose owner still has to authenticate, or whose bank still works. */
  card: CardName | null;
  /** While `processing`: when the bank is done. */
  processedAt: Date | null;
  lastError: Failure | null;
  canceledAt: Date | null;
  cancellationReason: string | null;
};

export type Charge = {
  id: string;
  paymentMethodId: string;
  card: CardName;
  status: "succeeded" | "failed";
  amount: bigint;
  fee: bigint;
  createdAt: Date;
  movementId: string | null;
  failure: Failure | null;
};

export type RefundStatus = "pending" | "succeeded" | "failed";

export type Refund = {
  id: string;
  chargeId: string;
  amount: bigint;
  reason: string | null;
  metadata: Record<string, string>;
  by: "merchant" | "channel";
  status: RefundStatus;
  createdAt: Date;
  settlesAt: Date;
  /** When the buyer's bank sends it back; null: never. */
  failsAt: Date | null;
  movementId: string;
  failureMovementId: string | null;
};

export type Dispute = {
  id: string;
  chargeId: string;
  amount: bigint;
  fee: bigint;
  feeReturned: boolean;
  reason: string;
  status: "needs_response" | "won" | "lost";
  createdAt: Date;
  closedAt: Date | null;
  movementIds: string[];
};

export type Order = {
  id: string;
  /** Names the order in the wallet; unguessable. */
  token: string;
  accountId: string;
  merchantName: string;
  /** The merchant's own number where it told one, else the id of the first object. */
  orderNo: string;
  /** Minor units, as are all amounts here. */
  amount: bigint;
  currency: string;
  description: string;
  placedAt: Date;
  abandonedAt: Date | null;
  session: Session | null;
  intent: Intent | null;
  charges: Charge[];
  refunds: Refund[];
  disputes: Dispute[];
};

export type NameKind = "session" | "intent" | "charge" | "refund" | "dispute";
export type Name = { id: string; accountId: string; kind: NameKind; orderId: string };

/** `key` and `value` of an intent's metadata, for the search. */
export type Tag = { id: string; accountId: string; key: string; value: string; intentId: string };

/** What Stripe moves by itself, of no order. */
export const OWN_MOVEMENTS = [
  "stripe_fee",
  "adjustment",
  "reserve_transaction",
  "topup",
  "transfer",
] as const;
type OwnMovement = (typeof OWN_MOVEMENTS)[number];

export type Movement = {
  id: string;
  accountId: string;
  /** UTC date of `createdAt`. */
  date: string;
  type: "charge" | "refund" | "refund_failure" | "payout" | OwnMovement;
  category: "charge" | "refund" | "refund_failure" | "dispute" | "dispute_reversal" | "payout" | OwnMovement;
  /** Signed; what the account gets is `amount` less `fee`. */
  amount: bigint;
  fee: bigint;
  currency: string;
  /** Of what Stripe moves by itself, empty. */
  sourceId: string;
  /** Of a payout and of what Stripe moves by itself, which belong to no order, empty. */
  orderId: string;
  orderNo: string;
  description: string;
  createdAt: Date;
};

/** A closed day as a fault shows it; movements that it does not cover are live. */
export type Day = { id: string; accountId: string; date: string; covered: string[]; rows: Movement[] };

export type StripeEvent = {
  id: string;
  accountId: string;
  type: string;
  /** The object as it was, in JSON. */
  object: string;
  orderId: string;
  createdAt: Date;
};

/** What a call with an idempotency key was answered, once it had begun to be carried out. */
export type Replay = {
  id: string;
  fingerprint: string;
  status: number;
  body: string;
  createdAt: Date;
};

/** Something that happens to an order later by itself. */
export type Job = {
  id: string;
  orderId: string;
  kind: "settle" | "pay" | "reverse";
  /** For `reverse`: how much; null is all that is left. */
  amount: bigint | null;
  dueAt: Date;
};

export const accounts: Collection<Account> = {
  name: "stripe_accounts",
  id: (account) => account.id,
  keys: { secret_key: (account) => account.secretKey },
  group: null,
  dueAt: null,
};

export const endpoints: Collection<Endpoint> = {
  name: "stripe_endpoints",
  id: (endpoint) => endpoint.id,
  keys: {},
  group: (endpoint) => endpoint.accountId,
  dueAt: null,
};

export const orders: Collection<Order> = {
  name: "stripe_orders",
  id: (order) => order.id,
  keys: { token: (order) => order.token },
  group: (order) => order.orderNo,
  dueAt: null,
};

export const names: Collection<Name> = {
  name: "stripe_names",
  id: (name) => name.id,
  keys: {},
  group: (name) => `${name.accountId}/${name.kind}`,
  dueAt: null,
};

export const tags: Collection<Tag> = {
  name: "stripe_tags",
  id: (tag) => tag.id,
  keys: {},
  group: (tag) => tagGroup(tag.accountId, tag.key, tag.value),
  dueAt: null,
};

export function tagGroup(accountId: string, key: string, value: string): string {
  return `${accountId}/${key}=${value}`;
}

export const movements: Collection<Movement> = {
  name: "stripe_movements",
  id: (movement) => movement.id,
  keys: {},
  group: (movement) => `${movement.accountId}/${movement.date}`,
  dueAt: null,
};

export const days: Collection<Day> = {
  name: "stripe_days",
  id: (day) => day.id,
  keys: {},
  group: null,
  dueAt: null,
};

export const events: Collection<StripeEvent> = {
  name: "stripe_events",
  id: (event) => event.id,
  keys: {},
  group: (event) => event.accountId,
  dueAt: null,
};

export const replays: Collection<Replay> = {
  name: "stripe_replays",
  id: (replay) => replay.id,
  keys: {},
  group: null,
  dueAt: null,
};

export const jobs: Collection<Job> = {
  name: "stripe_jobs",
  id: (job) => job.id,
  keys: {},
  group: null,
  dueAt: (job) => job.dueAt,
};

export const stripeCollections = [
  accounts,
  endpoints,
  orders,
  names,
  tags,
  movements,
  days,
  events,
  replays,
  jobs,
];
