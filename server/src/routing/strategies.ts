/** How the accounts of a choice are put in order. Pure: chance is handed in. */
import { quoteCost } from "../fees/index.ts";
import { dateIn } from "../kernel/clock.ts";
import type { Id } from "../kernel/ids.ts";
import type { RoutingRequest, Strategy } from "./model.ts";
import type { Candidate } from "./plan.ts";
import type { Chance, HealthView, UsageView } from "./route.ts";

/** How often `success_rate` tries another than the best, so that it learns when that one has recovered. */
export const EXPLORE_SHARE = 0.05;

/** What is left of the share of an account below its success floor. */
export const THROTTLED_SHARE = 0.1;

/** What is supposed of an account that has too few orders to tell. */
const SHARE_SUPPOSED = 0.5;

/** What an order is decided with. */
export type Surroundings = {
  readonly request: RoutingRequest;
  readonly health: HealthView;
  readonly usage: UsageView;
  readonly chance: Chance;
};

/** The accounts, which come the oldest first or as a rule names them, the best first. */
export function inOrder(
  accounts: readonly Candidate[],
  { strategy, weights }: { readonly strategy: Strategy; readonly weights: ReadonlyMap<Id, number> | null },
  around: Surroundings,
): readonly Candidate[] {
  switch (strategy) {
    case "ordered":
    case "oldest":
      return accounts;
    case "weights":
      return byWeight(accounts, weights, around);
    case "cost":
      return sortedBy(accounts, (candidate) => costOf(candidate, around.request));
    case "rotation":
      return sortedBy(accounts, ({ account }) => around.usage.turn(account.id));
    case "success_rate":
      return bySuccess(accounts, around);
  }
}

/** What the channel would charge today, in minor units; what card will pay is not known. */
function costOf({ account, schedules, timeZone }: Candidate, request: RoutingRequest): number {
  const { method, currency, amount, at } = request;
  const date = schedules.length === 0 ? "" : dateIn(timeZone, at);
  return Number(quoteCost(schedules, account, { method, currency, amount, date, cardType: null }).amount);
}

/** Drawn without putting back: the first by its weight, the next by its weight among those left. */
function byWeight(
  accounts: readonly Candidate[],
  weights: ReadonlyMap<Id, number> | null,
  { request: { at }, health, chance }: Surroundings,
): readonly Candidate[] {
  const left = accounts.map((candidate) => ({
    candidate,
    weight:
      weightOf(candidate, weights) * (health.isThrottled(candidate.account.id, at) ? THROTTLED_SHARE : 1),
  }));
  const drawn: Candidate[] = [];
  while (left.length > 0) {
    const total = left.reduce((sum, { weight }) => sum + weight, 0);
    const place = placeAt(left, chance() * total);
    drawn.push(...left.splice(place, 1).map(({ candidate }) => candidate));
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

function weightOf({ account, settings }: Candidate, weights: ReadonlyMap<Id, number> | null): number {
  return weights?.get(account.id) ?? settings.weight;
}

/** The best share first; now and then another, so that one that has recovered is found. */
function bySuccess(
  accounts: readonly Candidate[],
  { request: { kind, at }, health, chance }: Surroundings,
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

/** Sorted by a key, keeping the order of equals. */
export function sortedBy(
  accounts: readonly Candidate[],
  key: (candidate: Candidate) => number,
): readonly Candidate[] {
  const keyed = accounts.map((candidate) => ({ candidate, by: key(candidate) }));
  return keyed.sort((a, b) => a.by - b.by).map(({ candidate }) => candidate);
}
