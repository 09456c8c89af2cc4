/**
 * The decision: which of a merchant's accounts may take an order, the best first. Pure: health, what was used
 * and chance are handed in, so that the same decision can be made again to explain it.
 */
import type { ChannelAccount, Method } from "../channels/index.ts";
import type { Id } from "../kernel/ids.ts";
import type { Currency } from "../kernel/money.ts";
import { contextOf } from "./expression.ts";
import type { Put, Reason, RoutingRequest, SceneKind, Strategy } from "./model.ts";
import type { Candidate, CompiledRule, Plan, RulesFor, Section } from "./plan.ts";
import { inOrder, sortedBy, THROTTLED_SHARE } from "./strategies.ts";
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

export function route(
  plan: Plan,
  request: RoutingRequest,
  health: HealthView,
  usage: UsageView,
  chance: Chance,
): Routed | RoutingRefusal {
  const section = plan.section(request.method, request.currency);
  const able = ableAccounts(plan, section, request);
  if ("refused" in able) return able;
  const put: Put[] = [];
  const free = able.filter((candidate) => {
    const reason = hindrance(candidate, request, usage);
    if (reason !== null) put.push({ accountId: candidate.account.id, reason, ruleId: null });
    return reason === null;
  });
  const chosen = applyRules(plan, section.rules, request, free, put);
  if (chosen.accounts.length === 0) return { refused: "no_account_available", put };
  const { inRotation, outOfIt } = byHealth(chosen.accounts, request, health, put);
  const lastResort = inRotation.length === 0;
  const taken = lastResort ? outOfIt : inRotation;
  const { strategy } = chosen;
  const ordered = taken.length === 1 ? taken : inOrder(taken, chosen, { request, health, usage, chance });
  const order = throttled(ordered, strategy, request, health, put, chance).map((candidate) => ({
    account: candidate.account,
    candidate,
  }));
  return { order, strategy, rule: chosen.rule, lastResort, put };
}

function ableAccounts(
  plan: Plan,
  { serving, taking }: Section,
  { amount }: RoutingRequest,
): readonly Candidate[] | RoutingRefusal {
  if (taking.length === 0) {
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
  const rest = restsByClock(candidate, at);
  if (rest !== null) return rest;
  return candidate.hasQuota ? usage.refusal(candidate, amount, at) : null;
}

/** Why an account takes no orders at an instant whatever was used, or null: a window, or its hours. */
export function restsByClock({ settings, timeZone, hasClock }: Candidate, at: Date): Reason | null {
  if (!hasClock) return null;
  const window = windowAt(settings, timeZone, at);
  if (window !== null) return window;
  return tradesAt(settings, timeZone, at) ? null : "outside_trading_hours";
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
function applyRules(
  plan: Plan,
  { exclusions, choices }: RulesFor,
  request: RoutingRequest,
  free: readonly Candidate[],
  put: Put[],
): Chosen {
  if (exclusions.length + choices.length === 0) return everyOne(free);
  const context = contextOf(request, plan.merchant);
  let left = free;
  for (const rule of exclusions) {
    if (!matches(rule, context)) continue;
    const kept = left.filter(({ account }) => !rule.named.has(account.id));
    if (kept.length < left.length) tellPut(put, left, kept, "excluded_by_rule", rule);
    left = kept;
  }
  for (const rule of choices) {
    if (!matches(rule, context)) continue;
    const chosen = chosenBy(rule, left);
    if (chosen.accounts.length === 0) continue;
    if (chosen.accounts.length < left.length) tellPut(put, left, chosen.accounts, "not_in_rule", rule);
    return chosen;
  }
  return everyOne(left);
}

function everyOne(accounts: readonly Candidate[]): Chosen {
  return { accounts, strategy: "oldest", rule: null, weights: null };
}

function tellPut(
  put: Put[],
  before: readonly Candidate[],
  kept: readonly Candidate[],
  reason: Reason,
  rule: CompiledRule,
): void {
  for (const candidate of before) {
    if (!kept.includes(candidate)) put.push({ accountId: candidate.account.id, reason, ruleId: rule.id });
  }
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
  const among = left.filter(({ account }) => rule.named.has(account.id));
  const accounts = strategy === "ordered" ? inNamedOrder(among, named) : among;
  const byId = weights === null ? null : new Map(named.map((id, index) => [id, weights[index] ?? 0]));
  return { accounts, strategy, rule, weights: byId };
}

function inNamedOrder(accounts: readonly Candidate[], named: readonly Id[]): readonly Candidate[] {
  return sortedBy(accounts, ({ account }) => named.indexOf(account.id));
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

function distinct(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)].sort();
}

function ascending(amounts: readonly bigint[]): readonly bigint[] {
  return [...amounts].sort((a, b) => (a < b ? -1 : 1));
}
