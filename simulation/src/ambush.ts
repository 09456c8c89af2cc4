/**
 * Chance alone breaks what is rare too rarely: each world also lies in wait at one point of the platform's
 * work, the next seed at the next, so that a hundred worlds break it in every way at every one.
 */
import type { Chance } from "./chance.ts";
import {
  CALLS,
  CLOSE_TRANSACTION_NAMES,
  CODE_CALLS,
  COMMISSION_TRANSACTION_NAMES,
  COST_POINTS,
  OTHER_MESSAGES,
  OWED_POINTS,
  PAYOUT_POINTS,
  SAME_DAY_POINTS,
  SHARING_POINTS,
  TRANSACTION_NAMES,
} from "./points.ts";
import type { MessageFate, TransactionFate } from "./weather.ts";

/** The points of each kind that is rare enough to be made commoner where something lies in wait for it. */
const PREY = {
  close: CLOSE_TRANSACTION_NAMES,
  /** Money on its way out. */
  payouts: PAYOUT_POINTS,
  /** Commission on money that does not pass us. */
  commission: COMMISSION_TRANSACTION_NAMES,
  /** Of that, what is owed to partners. */
  owed: OWED_POINTS,
  /** Costs that channels bill apart. */
  costs: COST_POINTS,
  /** Money that is split. */
  shares: SHARING_POINTS,
  /** What settles on its own day. */
  sameDay: SAME_DAY_POINTS,
  /** Buyers who show a code. */
  codes: CODE_CALLS,
  /** Cards. */
  stripe: ["stripe.session.expire", "stripe.refund"],
  /** What UnionPay undoes no more on its own day. */
  unionpay: ["unionpay.refund"],
};

export type PreyKind = keyof typeof PREY;

export type Ambush = {
  /** The fault of the sandbox without which what it lies in wait for may not come; null: it comes anyway. */
  readonly lure: Lure | null;
  /** What befalls this transaction, or this message; null: nothing lies in wait for it. */
  transaction(name: string): KnownTransactionFate | null;
  message(name: string): MessageFate | null;
  /** A transaction that it would have befallen at its COMMIT has come to none. */
  escaped(): void;
  /** Whether it lies in wait for something of this kind, which the world then has more of. */
  isOf(kind: PreyKind): boolean;
  /** Whether what lies in wait ends the process. */
  readonly isDeadly: boolean;
};

/** Fates that need to know what the transaction is for. */
export type KnownTransactionFate = Exclude<TransactionFate, "fine" | "refused" | "lost_within">;

type Trap = { readonly at: string } & (
  | { readonly kind: "transaction"; readonly fate: KnownTransactionFate }
  | { readonly kind: "message"; readonly fate: Exclude<MessageFate, "fine"> }
);

const TRANSACTION_FATES = [
  "crash_before",
  "crash_after_commit",
  "lost_before_commit",
  "lost_after_commit",
] as const;
const MESSAGE_FATES = ["not_sent", "lost", "answer_lost", "answer_awaited"] as const;

const TRAPS: readonly Trap[] = [
  ...TRANSACTION_NAMES.flatMap((at) =>
    TRANSACTION_FATES.map((fate) => ({ kind: "transaction", at, fate }) as const),
  ),
  ...[...CALLS, ...OTHER_MESSAGES].flatMap((at) =>
    MESSAGE_FATES.map((fate) => ({ kind: "message", at, fate }) as const),
  ),
  ...[...CALLS, "webhook"].map((at) => ({ kind: "message", at, fate: "crash_after_send" }) as const),
];

/** A kind of fault, and what it is limited to. */
export type Lure = { readonly kind: string; readonly match: Readonly<Record<string, string>> };

const LURES: Readonly<Record<string, Lure>> = {
  "keeping a stray notification": { kind: "notification_forged", match: {} },
  // Alipay splits at once: nobody asks but after an answer that was lost.
  "alipay.trade.order.settle.query": {
    kind: "answer_lost_after_success",
    match: { method: "alipay.trade.order.settle" },
  },
};

const STRIKES_MAX = 2;

export function layAmbush(seed: number, chance: Chance): Ambush {
  const trap = TRAPS[seed % TRAPS.length] as Trap;
  const draw = chance.stream("ambush");
  let left = STRIKES_MAX;
  const strikes = (kind: Trap["kind"], name: string) => {
    if (left === 0 || trap.kind !== kind || trap.at !== name || !draw.hits(0.8)) return false;
    left -= 1;
    return true;
  };
  return {
    lure: LURES[trap.at] ?? null,
    isOf: (kind) => PREY[kind].includes(trap.at),
    isDeadly: trap.fate.startsWith("crash_"),
    transaction: (name) => (strikes("transaction", name) && trap.kind === "transaction" ? trap.fate : null),
    escaped: () => {
      left += 1;
    },
    message: (name) => (strikes("message", name) && trap.kind === "message" ? trap.fate : null),
  };
}
