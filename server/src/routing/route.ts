/**
 * The decision: which of a merchant's accounts may take an order, the best first. Pure: health, what was used
 * and chance are handed in, so that the same decision can be made again to explain it.
 */
import type { ChannelAccount, Method } from "../channels/index.ts";
import type { Id } from "../kernel/ids.ts";
import type { Currency } from "../kernel/money.ts";
import { contextOf } from "./expression.ts";
import type { Put, Reason, RoutingRequest, SceneKind, Strategy } from "./model.ts";
import type { Candidate, CompiledRule, Plan } from "./plan.ts";
import { tradesAt, windowAt } from "./windows.ts";

/** How the lines of accounts are, as far as a decision asks. */
export type HealthView = {
  /** `closed`: in rotation · `open`: out of it · `half_open`: takes a probe · `probing`: one is under way. */
  circuit(accountId: Id, kind: SceneKind, at: Date): "closed" | "open" | "half_open" | "probing";
  /** The paid share of its orders of late, from 0 to 1; null: too few to say. */
  paidShare(accountId: Id, kind: SceneKind, at: Date): number | null;
  /** Its success rate is below its floor: it gets a fraction of its share. */
  isThrottled(accountId: Id, at: Date): boolean;
};

/** What accounts have used, as last known: the reservation in the order's transaction decides for good. */
export type UsageView = {
  /** Why the account's quotas do not allow the order, or null. */
  refusal(
    candidate: Candidate,
    amount: bigint,
    at: Date,
  ): Extract<Reason, "quota_used" | "cooling_down"> | null;
  /** A number that grows whenever the account is chosen; 0: never yet. */
  turn(accountId: Id): number;
};

/** From 0 to below 1. */
export type Chance = () => number;

export type Ranked = { readonly account: ChannelAccount; readonly candidate: Candidate };

export type Routed = {
  readonly order: readonly Ranked[];
  readonly strategy: Strategy;
  /** The rule that chose, or null: all accounts, the oldest first. */
  readonly rule: CompiledRule | null;
  /** No account in rotation was left, so one that is out of it is tried after all. */
  readonly lastResort: boolean;
  readonly put: readonly Put[];
};

/** Why there is no account. The first reason in this order of checks wins. */
export type RoutingRefusal =
  | { readonly refused: "method_not_available"; readonly available: readonly Method[] }
  | { readonly refused: "currency_not_supported"; readonly supported: readonly Currency[] }
  | { readonly refused: "amount_out_of_range"; readonly amountMin: bigint; readonly amountMax: bigint }
  | { readonly refused: "no_account_available"; readonly put: readonly Put[] };

/** How often `success_rate` tries another than the best, so that it learns when that one has recovered. */
export const EXPLORE_SHARE = 0.05;

/** What is left of the share of an account below its success floor. */
export const THROTTLED_SHARE = 0.1;

/** What is supposed of an account that has too few orders to tell. */
const SHARE_SUPPOSED = 0.5;

export function route(
  plan: Plan,
  request: RoutingRequest,
  health: HealthView,
  usage: UsageView,
  chance: Chance,
): Routed | RoutingRefusal {
  const able = ableAccounts(plan, request);
  if ("refused" in able) return able;
  const put: Put[] = [];
  const free = able.filter((candidate) => {
    const reason = hindrance(candidate, request, usage);
    if (reason !== null) put.push({ accountId: candidate.account.id, reason, ruleId: null });
    return reason === null;
  });
  const chosen = applyRules(plan, request, free, put);
  if (chosen.accounts.length === 0) return { refused: "no_account_available", put };
  const { inRotation, outOfIt } = byHealth(chosen.accounts, request, health, put);
  const lastResort = inRotation.length === 0;
  const taken = lastResort ? outOfIt : inRotation;
  const strategy = chosen.strategy;
  const ordered =
    taken.length === 1 ? taken : inOrder(taken, strategy, chosen.weights, request, health, usage, chance);
  const order = throttled(ordered, strategy, request, health, put, chance).map((candidate) => ({
    account: candidate.account,
    candidate,
  }));
  return { order, strategy, rule: chosen.rule, lastResort, put };
}

function ableAccounts(
  plan: Plan,
  { method, currency, amount }: RoutingRequest,
): readonly Candidate[] | RoutingRefusal {
  const taking = plan.taking(method, currency);
  if (taking.length === 0) {
    const serving = plan.serving(method);
    if (serving.length > 0) {
      const supported = distinct(serving.flatMap(({ account }) => account.currencies));
      return { refused: "currency_not_supported", supported };
    }
    const available = distinct(plan.active.flatMap(({ account }) => account.methods));
    return { refused: "method_not_available", available };
  }
  const able = taking.filter(({ account }) => account.amountMin <= amount && amount <= account.amountMax);
  if (able.length > 0) return able;
  return {
    refused: "amount_out_of_range",
    amountMin: ascending(taking.map(({ account }) => account.amountMin)).at(0) as bigint,
    amountMax: ascending(taking.map(({ account }) => account.amountMax)).at(-1) as bigint,
  };
}

/** What keeps an account from any order now, whatever its health. */
function hindrance(candidate: Candidate, { amount, at }: RoutingRequest, usage: UsageView): Reason | null {
  const { settings, timeZone } = candidate;
  if (candidate.hasClock) {
    const window = windowAt(settings, timeZone, at);
    if (window !== null) return window;
    if (!tradesAt(settings, timeZone, at)) return "outside_trading_hours";
  }
  return candidate.hasQuota ? usage.refusal(candidate, amount, at) : null;
}

type Chosen = {
  readonly accounts: readonly Candidate[];
  readonly strategy: Strategy;
  readonly rule: CompiledRule | null;
  /** Beside `accounts`; null: each account's own. */
  readonly weights: ReadonlyMap<Id, number> | null;
};

/**
 * Every exclusion that matches holds; of the choices the first that matches and leaves an account decides.
 */
function applyRules(plan: Plan, request: RoutingRequest, free: readonly Candidate[], put: Put[]): Chosen {
  const rules = plan.rules(request.method, request.currency);
  if (rules.length === 0) return { accounts: free, strategy: "oldest", rule: null, weights: null };
  const context = contextOf(request, plan.merchant);
  const excluded = new Set<Id>();
  const choices: CompiledRule[] = [];
  for (const rule of rules) {
    if (!matches(rule, context)) continue;
    if (rule.effect.kind === "choose") choices.push(rule);
    else {
      for (const accountId of rule.effect.accounts) {
        if (excluded.has(accountId) || !free.some(({ account }) => account.id === accountId)) continue;
        excluded.add(accountId);
        put.push({ accountId, reason: "excluded_by_rule", ruleId: rule.id });
      }
    }
  }
  const left = excluded.size === 0 ? free : free.filter(({ account }) => !excluded.has(account.id));
  for (const rule of choices) {
    const chosen = chosenBy(rule, left);
    if (chosen.accounts.length === 0) continue;
    for (const { account } of left) {
      if (!chosen.accounts.some((one) => one.account.id === account.id))
        put.push({ accountId: account.id, reason: "not_in_rule", ruleId: rule.id });
    }
    return chosen;
  }
  return { accounts: left, strategy: "oldest", rule: null, weights: null };
}

/** A condition that cannot be evaluated (metadata without the key it asks for) does not hold. */
function matches(rule: CompiledRule, context: ReturnType<typeof contextOf>): boolean {
  if (rule.test === null) return true;
  try {
    return rule.test(context);
  } catch {
    return false;
  }
}

function chosenBy(rule: CompiledRule, left: readonly Candidate[]): Chosen {
  const { effect } = rule;
  if (effect.kind !== "choose") throw new Error(`the rule ${rule.id} chooses nothing`);
  const { strategy, accounts: named, weights } = effect;
  if (named === null) return { accounts: left, strategy, rule, weights: null };
  const accounts = named.flatMap((id) => left.filter(({ account }) => account.id === id));
  const byId = weights === null ? null : new Map(named.map((id, index) => [id, weights[index] ?? 0]));
  return { accounts, strategy, rule, weights: byId };
}

function byHealth(
  accounts: readonly Candidate[],
  { kind, at }: RoutingRequest,
  health: HealthView,
  put: Put[],
): { inRotation: readonly Candidate[]; outOfIt: readonly Candidate[] } {
  const inRotation: Candidate[] = [];
  const outOfIt: Candidate[] = [];
  for (const candidate of accounts) {
    const { id } = candidate.account;
    const circuit = health.circuit(id, kind, at);
    if (circuit === "closed" || circuit === "half_open") inRotation.push(candidate);
    else {
      outOfIt.push(candidate);
      put.push({
        accountId: id,
        reason: circuit === "open" ? "circuit_open" : "probe_under_way",
        ruleId: null,
      });
    }
  }
  return { inRotation, outOfIt };
}

function inOrder(
  accounts: readonly Candidate[],
  strategy: Strategy,
  weights: ReadonlyMap<Id, number> | null,
  request: RoutingRequest,
  health: HealthView,
  usage: UsageView,
  chance: Chance,
): readonly Candidate[] {
  switch (strategy) {
    case "ordered":
      return accounts;
    case "oldest":
      return sortedBy(accounts, ({ account }) => account.createdAt.getTime());
    case "weights":
      return byWeight(accounts, weights, request, health, chance);
    case "cost":
      return sortedBy(accounts, ({ account }) => costOf(account, request.amount));
    case "rotation":
      return sortedBy(accounts, ({ account }) => usage.turn(account.id));
    case "success_rate":
      return bySuccess(accounts, request, health, chance);
  }
}

/**
 * What the channel charges, as the cost schedule says: millionths of the amount, rounded up to be compared.
 */
function costOf(account: ChannelAccount, amount: bigint): number {
  return Number((amount * account.costRateMillionths + 999_999n) / 1_000_000n);
}

/** Drawn without putting back: the first by its weight, the next by its weight among those left. */
function byWeight(
  accounts: readonly Candidate[],
  weights: ReadonlyMap<Id, number> | null,
  { at }: RoutingRequest,
  health: HealthView,
  chance: Chance,
): readonly Candidate[] {
  const left = accounts.map((candidate) => ({
    candidate,
    weight:
      weightOf(candidate, weights) * (health.isThrottled(candidate.account.id, at) ? THROTTLED_SHARE : 1),
  }));
  const drawn: Candidate[] = [];
  while (left.length > 0) {
    const total = left.reduce((sum, { weight }) => sum + weight, 0);
    const at = placeAt(left, chance() * total);
    drawn.push(...left.splice(at, 1).map(({ candidate }) => candidate));
  }
  return drawn;
}

/** Whose weight a point falls on. Weights of zero come last, in their order. */
function placeAt(left: readonly { readonly weight: number }[], point: number): number {
  let passed = 0;
  for (const [index, { weight }] of left.entries()) {
    passed += weight;
    if (point < passed) return index;
  }
  return Math.max(
    0,
    left.findLastIndex(({ weight }) => weight > 0),
  );
}

export function weightOf({ account, settings }: Candidate, weights: ReadonlyMap<Id, number> | null): number {
  return weights?.get(account.id) ?? settings.weight;
}

/** The best share first; now and then another, so that one that has recovered is found. */
function bySuccess(
  accounts: readonly Candidate[],
  { kind, at }: RoutingRequest,
  health: HealthView,
  chance: Chance,
): readonly Candidate[] {
  const best = sortedBy(
    accounts,
    ({ account }) => -(health.paidShare(account.id, kind, at) ?? SHARE_SUPPOSED),
  );
  if (chance() >= EXPLORE_SHARE) return best;
  const explored = 1 + Math.floor(chance() * (best.length - 1));
  const first = best[explored] as Candidate;
  return [first, ...best.filter((candidate) => candidate !== first)];
}

/** An account below its floor goes behind the others, but for a fraction of the orders that were its own. */
function throttled(
  ordered: readonly Candidate[],
  strategy: Strategy,
  { at }: RoutingRequest,
  health: HealthView,
  put: Put[],
  chance: Chance,
): readonly Candidate[] {
  if (ordered.length < 2 || strategy === "weights") return ordered;
  const first = ordered[0] as Candidate;
  if (!health.isThrottled(first.account.id, at) || chance() < THROTTLED_SHARE) return ordered;
  put.push({ accountId: first.account.id, reason: "throttled", ruleId: null });
  return [...ordered.slice(1), first];
}

/** Sorted by a key, keeping the order of equals. */
function sortedBy(
  accounts: readonly Candidate[],
  key: (candidate: Candidate) => number,
): readonly Candidate[] {
  const keyed = accounts.map((candidate) => ({ candidate, by: key(candidate) }));
  return keyed.sort((a, b) => a.by - b.by).map(({ candidate }) => candidate);
}

function distinct(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)].sort();
}

function ascending(amounts: readonly bigint[]): readonly bigint[] {
  return [...amounts].sort((a, b) => (a < b ? -1 : 1));
}
