/**
 * Rule: an operator's word on which account takes which orders: equality keys, a CEL condition, an effect.
 * Effect: a choice among named accounts, a strategy over all of them, or an exclusion.
 * Strategy: how the accounts of a choice are put in order.
 * Settings: what routing needs to know of one account beyond its contract.
 * Window: minutes in which a channel takes no orders and nothing that fails counts against it.
 * Scene kind: how the buyer meets the channel; an account is healthy or not per scene kind.
 * Decision: the accounts that may take an order, the best first, with the reasons.
 */
import type { SceneTraits } from "../channels/index.ts";
import type { Id } from "../kernel/ids.ts";
import type { Currency } from "../kernel/money.ts";

export type SceneKind = SceneTraits["kind"];

/**
 * `ordered`: as named · `oldest`: the oldest account first · `weights`: by chance · `cost`: the cheapest for
 * this amount · `success_rate`: who is paid most often of late, with some exploration · `rotation` (轮询): who
 * has waited longest.
 */
export const STRATEGIES = ["ordered", "oldest", "weights", "cost", "success_rate", "rotation"] as const;
export type Strategy = (typeof STRATEGIES)[number];

export type Effect =
  /** `accounts` null: all that can take the order. `weights` beside `accounts`; null: each account's own. */
  | {
      readonly kind: "choose";
      readonly strategy: Strategy;
      readonly accounts: readonly Id[] | null;
      readonly weights: readonly number[] | null;
    }
  | { readonly kind: "exclude"; readonly accounts: readonly Id[] };

export type RuleStatus = "active" | "disabled";

export type Rule = {
  readonly id: Id;
  readonly version: number;
  readonly name: string;
  readonly status: RuleStatus;
  /** The highest is asked first; of equals the older rule. */
  readonly priority: number;
  /** Null: any. */
  readonly merchantId: Id | null;
  readonly method: string | null;
  readonly currency: Currency | null;
  /** CEL; null: always. */
  readonly condition: string | null;
  readonly effect: Effect;
  readonly createdAt: Date;
  readonly updatedAt: Date;
};

/** Minutes of the channel's day, `HH:MM`; one that ends before it begins goes over midnight. */
export type DayTime = { readonly from: string; readonly to: string };

export const WINDOW_KINDS = ["maintenance", "cut_over"] as const;
export type WindowKind = (typeof WINDOW_KINDS)[number];

export type Window =
  /** Once, from an instant to another. */
  | { readonly kind: WindowKind; readonly startsAt: Date; readonly endsAt: Date }
  /** On these days of the week (1 is Monday), on which it begins; every day where null. */
  | { readonly kind: WindowKind; readonly time: DayTime; readonly weekdays: readonly number[] | null };

export type SuccessFloor = {
  readonly rateMillionths: number;
  /** Up to `FLOOR_WINDOW_MINUTES_MAX`. */
  readonly windowMinutes: number;
  /** Fewer attempts than this in the window say nothing. */
  readonly attemptsMin: number;
};

export type Settings = {
  /** Its share where accounts are chosen by weight; 0: only when no other can. */
  readonly weight: number;
  readonly windows: readonly Window[];
  /** Outside of them it takes no orders; empty: at all times. */
  readonly tradingHours: readonly DayTime[];
  readonly dayAmountMax: bigint | null;
  readonly dayCountMax: number | null;
  readonly monthAmountMax: bigint | null;
  readonly monthCountMax: number | null;
  /**
   * When the account's day begins, `HH:MM` in the channel's time zone: 23:00 belongs to the next day's quota.
   */
  readonly dayStartsAt: string;
  /** After an order it rests this long; 0: not at all. */
  readonly coolDownSeconds: number;
  readonly successFloor: SuccessFloor | null;
};

export const DEFAULT_SETTINGS: Settings = {
  weight: 100,
  windows: [],
  tradingHours: [],
  dayAmountMax: null,
  dayCountMax: null,
  monthAmountMax: null,
  monthCountMax: null,
  dayStartsAt: "00:00",
  coolDownSeconds: 0,
  successFloor: null,
};

export const FLOOR_WINDOW_MINUTES_MAX = 60;

/** One version of an account's settings. */
export type KeptSettings = {
  readonly channelAccountId: Id;
  readonly version: number;
  readonly settings: Settings;
  readonly updatedAt: Date;
};

/** An order as routing sees it; `amount` in minor units of `currency`. */
export type RoutingRequest = {
  readonly merchantId: Id;
  readonly method: string;
  readonly kind: SceneKind;
  readonly currency: Currency;
  readonly amount: bigint;
  /** The merchant's own numbers; null: none named. */
  readonly store: string | null;
  readonly terminal: string | null;
  readonly device: string | null;
  readonly metadata: Readonly<Record<string, string>>;
  readonly at: Date;
};

/** Why an account is not, or not at once, in question. */
export type Reason =
  | "maintenance"
  | "cut_over"
  | "outside_trading_hours"
  | "quota_used"
  | "cooling_down"
  | "excluded_by_rule"
  | "not_in_rule"
  | "circuit_open"
  | "probe_under_way"
  | "throttled";

export type Put = { readonly accountId: Id; readonly reason: Reason; readonly ruleId: Id | null };
