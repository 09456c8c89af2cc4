/**
 * Chance alone breaks what is rare too rarely: each world also lies in wait at one point of the platform's
 * work, the next seed at the next, so that a hundred worlds break it in every way at every one.
 */
import type { Chance } from "./chance.ts";
import { type KnownTransactionFate, MESSAGE_FATES, type MessageFate, TRANSACTION_FATES } from "./fates.ts";
import {
  CALLS,
  CLOSE_TRANSACTION_NAMES,
  CODE_CALLS,
  COMMISSION_TRANSACTION_NAMES,
  COST_POINTS,
  DECISION_NAMES,
  OTHER_MESSAGES,
  OWED_POINTS,
  PAYOUT_POINTS,
  SAME_DAY_POINTS,
  SHARING_CALL_NAMES,
  SHARING_POINTS,
  TRANSACTION_NAMES,
} from "./points.ts";

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
  /** What is left to people. */
  decisions: DECISION_NAMES,
  /** Buyers who show a code. */
  codes: CODE_CALLS,
  /** Codes that are not paid in time: their orders are undone. */
  undone: ["alipay.trade.cancel", "unionpay.reversal", "wechat.reverse"],
  /** Cards. */
  stripe: ["stripe.session.expire", "stripe.refund", "stripe.refund.query"],
  /** Refunds of what few orders are paid by. */
  refunds: ["stripe.refund", "stripe.refund.query", "unionpay.refund"],
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
  /** Whose call it lies in wait for: a channel's name, or `bank`; null: it is no call. */
  readonly channel: string | null;
  /** Whether what lies in wait ends the process. */
  readonly isDeadly: boolean;
  /** Whether it lets a process stand still, so that only another machine can go on. */
  readonly isStilling: boolean;
};

type Trap = { readonly at: string } & (
  | { readonly kind: "transaction"; readonly fate: KnownTransactionFate }
  | { readonly kind: "message"; readonly fate: Exclude<MessageFate, "fine"> }
);

/** Whoever is no process of the platform does not die, and never stands still. */
const DEADLY = "crash_after_send";
const STILL = "stands_still";
const FATES_OF_TRANSACTIONS = Object.keys(TRANSACTION_FATES) as KnownTransactionFate[];
const FATES_OF_MESSAGES = (Object.keys(MESSAGE_FATES) as (keyof typeof MESSAGE_FATES)[]).filter(
  (fate) => fate !== DEADLY && fate !== STILL,
);

function brokenAt(names: readonly string[]): readonly Trap[] {
  return names.flatMap((at) =>
    FATES_OF_TRANSACTIONS.map((fate) => ({ kind: "transaction", at, fate }) as const),
  );
}

const TRAPS: readonly Trap[] = [
  ...brokenAt(TRANSACTION_NAMES),
  ...[...CALLS, ...OTHER_MESSAGES].flatMap((at) =>
    FATES_OF_MESSAGES.map((fate) => ({ kind: "message", at, fate }) as const),
  ),
  ...[...CALLS, "webhook"].map((at) => ({ kind: "message", at, fate: DEADLY }) as const),
  // Another machine asks meanwhile. Of all else that two report the channel's own word is one.
  ...SHARING_CALL_NAMES.map((at) => ({ kind: "message", at, fate: STILL }) as const),
  ...brokenAt(DECISION_NAMES),
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

/** What the report counts when it strikes. */
function nameOf(trap: Trap): string {
  const fate = trap.kind === "transaction" ? TRANSACTION_FATES[trap.fate] : MESSAGE_FATES[trap.fate];
  return `${fate} ${trap.at}`;
}

/**
 * The seeds above `after`, from the lowest on, whose worlds lie in wait for what the report counts under
 * this name, or at the transaction of this name; none where nothing does.
 */
export function* seedsInWait(name: string, after: number): Generator<number, void> {
  const turn = TRAPS.findIndex((trap) => nameOf(trap) === name || trap.at === name);
  if (turn < 0) return;
  const first = after + 1;
  for (let seed = first + ((turn - (first % TRAPS.length) + TRAPS.length) % TRAPS.length); ; ) {
    yield seed;
    seed += TRAPS.length;
  }
}

/** The seeds above `after`, from the lowest on, whose worlds have more of what is of this kind. */
export function* seedsOf(kind: PreyKind, after: number): Generator<number, void> {
  for (let seed = after + 1; ; seed += 1) {
    if (PREY[kind].includes((TRAPS[seed % TRAPS.length] as Trap).at)) yield seed;
  }
}

/** The seeds above `after`, from the lowest on, in whose worlds a process stands still behind its call. */
export function* seedsOfStillness(after: number): Generator<number, void> {
  for (let seed = after + 1; ; seed += 1) {
    if ((TRAPS[seed % TRAPS.length] as Trap).fate === STILL) yield seed;
  }
}

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
    channel: CALLS.includes(trap.at) ? (trap.at.split(".")[0] as string) : null,
    isDeadly: trap.fate.startsWith("crash_"),
    isStilling: trap.fate === STILL,
    transaction: (name) => (strikes("transaction", name) && trap.kind === "transaction" ? trap.fate : null),
    escaped: () => {
      left += 1;
    },
    message: (name) => (strikes("message", name) && trap.kind === "message" ? trap.fate : null),
  };
}
