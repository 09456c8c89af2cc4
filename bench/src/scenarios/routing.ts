/**
 * `routing`: how many orders a second one core routes, in process, by a thousand rules over two hundred
 * accounts: twenty merchants with ten accounts each, every decision with conditions to evaluate, a strategy,
 * quotas, windows and the health of its accounts, and its reasons written. The accounts are those of a day
 * that is under way: hundreds of orders are placed and paid, some of their quotas are nearly used up.
 */
import type { ChannelAccount } from "../../../server/src/channels/index.ts";
import { MINUTE } from "../../../server/src/kernel/clock.ts";
import { decisionText } from "../../../server/src/routing/decision-text.ts";
import { createConditions } from "../../../server/src/routing/expression.ts";
import { createHealth } from "../../../server/src/routing/health/health.ts";
import {
  DEFAULT_SETTINGS,
  type KeptSettings,
  type RoutingRequest,
  type Rule,
  STRATEGIES,
} from "../../../server/src/routing/model.ts";
import { type Candidate, createPlan, createSnapshot } from "../../../server/src/routing/plan.ts";
import { demandsOf, refusalOf, type Use, useKey } from "../../../server/src/routing/quotas/model.ts";
import { route, type UsageView } from "../../../server/src/routing/route.ts";
import { round } from "../summary.ts";
import type { Given, Outcome } from "./scenario.ts";

const RULES = 1_000;
const MERCHANTS = 20;
const ACCOUNTS = 200;
const METHODS = ["alipay.qr", "alipay.page", "wechat.native", "wechat.jsapi", "wechat.h5"];
const WARM_UP = 50_000;
const REQUESTS = 4_096;
const BLOCK = 10_000;
const TARGET_PER_SECOND = 100_000;
const KINDS = ["qr", "redirect", "jsapi"] as const;
/** Long enough for a baseline beside the share of late. */
const PAST_MINUTES = 40;
const ORDERS_A_MINUTE = 10;
/** So many decisions fall into one millisecond of the clock. */
const DECISIONS_A_MS = 10;
const ZONE = "Asia/Shanghai";
const DAY_AMOUNT_MAX = 1_000_000_000n;
const AT = new Date("2026-11-20T02:00:00Z");

export async function routing({ scenario, seconds, progress }: Given): Promise<Outcome> {
  const router = createRouter();
  for (let done = 0; done < WARM_UP; done += 1) router.decide(done);
  let [decisions, ms, blockMsMax, cpuUs] = [0, 0, 0, 0];
  while (ms < seconds * 1_000) {
    // Beside what is measured: the accounts' orders go on, so that their shares stay those of late.
    router.trade();
    const cpu = process.cpuUsage();
    const begun = performance.now();
    for (let one = 0; one < BLOCK; one += 1) router.decide(decisions + one);
    const took = performance.now() - begun;
    const { user, system } = process.cpuUsage(cpu);
    decisions += BLOCK;
    ms += took;
    cpuUs += user + system;
    blockMsMax = Math.max(blockMsMax, took);
  }
  const perSecond = (decisions / ms) * 1_000;
  const { usesFound, quotaRefusals, linesWithoutShare } = router.seen();
  progress(`${Math.round(perSecond)} decisions/s`);
  const isReal = usesFound > 0 && quotaRefusals > 0 && linesWithoutShare === 0;
  return {
    figures: {
      scenario,
      rules: RULES,
      accounts: ACCOUNTS,
      decisions,
      decisions_per_second: round(perSecond, 0),
      us_per_decision: round((ms / decisions) * 1_000, 2),
      // Of the processor: what a machine that does nothing else needs.
      cpu_us_per_decision: round(cpuUs / decisions, 2),
      slowest_block_per_second: round((BLOCK / blockMsMax) * 1_000, 0),
      uses_looked_up: usesFound,
      refused_by_quota: quotaRefusals,
      reaches_target: perSecond >= TARGET_PER_SECOND,
    },
    valid: isReal && perSecond >= TARGET_PER_SECOND,
  };
}

/** What the decisions met: an empty book or accounts without orders would make them cheap. */
type Seen = {
  readonly usesFound: number;
  readonly quotaRefusals: number;
  /** Lines of which too few orders were opened to say which share of them is paid. */
  readonly linesWithoutShare: number;
};

type Router = {
  /** Routes the nth of some thousand orders. */
  decide(nth: number): void;
  /** Every line of every account places an order, which its buyer pays or not. */
  trade(): void;
  seen(): Seen;
};

/** A thousand rules over accounts whose day is under way. */
export function createRouter(): Router {
  const accounts = Array.from({ length: ACCOUNTS }, (_, index) => anAccount(index));
  const settings = accounts.map(settingsOf);
  const snapshot = createSnapshot(
    Array.from({ length: RULES }, (_, index) => aRule(index)),
    settings,
    createConditions(),
  );
  const plans = Array.from({ length: MERCHANTS }, (_, merchant) =>
    createPlan(
      snapshot,
      idOf(merchant),
      accounts.filter(({ merchantId }) => merchantId === idOf(merchant)),
      () => ZONE,
    ),
  );
  const clock = createClock();
  const health = createHealth({
    clock,
    settingsOf: snapshot.settingsOf,
    paidOf: () => Promise.resolve([]),
    onEvent: () => undefined,
  });
  const buyer = createChance();
  const trade = () => {
    const at = clock.now();
    for (const [index, { id }] of accounts.entries()) {
      for (const kind of KINDS) {
        health.opened(id, kind, at, id);
        health.call(id, kind, { failed: false, startedAt: at.getTime(), endedAt: at.getTime() });
        // From six to nine of ten are paid, by the account.
        if (buyer() < 0.6 + (index % 4) / 10) health.paid(id, kind, at);
      }
    }
  };
  for (let order = PAST_MINUTES * ORDERS_A_MINUTE; order > 0; order -= 1) {
    clock.set(AT.getTime() - (order * MINUTE) / ORDERS_A_MINUTE);
    trade();
  }
  clock.set(AT.getTime());
  const usage = usageOf(settings);
  const requests = Array.from({ length: REQUESTS }, (_, index) => aRequest(index));
  const chance = createChance();
  let decided = 0;
  return {
    decide: (nth) => {
      decided += 1;
      if (decided % DECISIONS_A_MS === 0) clock.set(clock.now().getTime() + 1);
      const request = { ...(requests[nth % REQUESTS] as RoutingRequest), at: clock.now() };
      const plan = plans[nth % MERCHANTS] as (typeof plans)[number];
      const routed = route(plan, request, health, usage, chance);
      if ("refused" in routed) throw new Error(`the order ${nth} was not routed: ${routed.refused}`);
      usage.chosen(routed.order[0]?.account.id as string);
      if (decisionText(routed, 0) === "") throw new Error("a decision without a reason");
    },
    trade,
    seen: () => {
      const lines = accounts.flatMap(({ id }) => KINDS.map((kind) => [id, kind] as const));
      const linesWithoutShare = lines.filter(
        ([id, kind]) => health.paidShare(id, kind, clock.now()) === null,
      ).length;
      return { ...usage.seen(), linesWithoutShare };
    },
  };
}

/** A clock that is set by hand. */
function createClock() {
  let now = AT;
  return {
    now: () => now,
    set: (ms: number) => {
      now = new Date(ms);
    },
  };
}

/** A generator of the bench's own: the draws of a run are those of every run. */
function createChance(): () => number {
  let draw = 1;
  return () => {
    draw = (draw * 16_807) % 2_147_483_647;
    return draw / 2_147_483_647;
  };
}

type Usage = UsageView & { chosen(id: string): void; seen(): Omit<Seen, "linesWithoutShare"> };

/** Looked up as the platform's own does: by the account, and by the limit's key in what is known of it. */
function usageOf(settings: readonly KeptSettings[]): Usage {
  const known = new Map(settings.map((kept, index) => [kept.channelAccountId, usesOf(kept, index)] as const));
  const turns = new Map<string, number>();
  let [turn, usesFound, quotaRefusals] = [0, 0, 0];
  return {
    refusal: ({ account, settings: own, timeZone }: Candidate, amount, at) => {
      const uses = known.get(account.id);
      for (const demand of demandsOf(account.id, own, timeZone, at)) {
        const use = uses?.get(useKey(demand));
        if (use !== undefined) usesFound += 1;
        const reason = refusalOf(demand, use, amount, at);
        if (reason === null) continue;
        quotaRefusals += 1;
        return reason;
      }
      return null;
    },
    turn: (id) => turns.get(id) ?? 0,
    chosen: (id) => {
      turn += 1;
      turns.set(id, turn);
    },
    seen: () => ({ usesFound, quotaRefusals }),
  };
}

/** What an account has used of its limits: one in three has room for small orders alone. */
function usesOf({ channelAccountId, settings }: KeptSettings, index: number): ReadonlyMap<string, Use> {
  const usedAmount = index % 3 === 0 ? DAY_AMOUNT_MAX - 100_000n : DAY_AMOUNT_MAX / 4n;
  const uses = demandsOf(channelAccountId, settings, ZONE, AT).map(
    ({ coolDownMs: _, ...demand }): Use => ({ ...demand, usedAmount, usedCount: 5_000n, lastUsedAt: AT }),
  );
  return new Map(uses.map((use) => [useKey(use), use]));
}

function idOf(number: number): string {
  return `00000000-0000-7000-8000-${number.toString(16).padStart(12, "0")}`;
}

const accountId = (index: number) => idOf(10_000 + index);

function anAccount(index: number): ChannelAccount {
  return {
    id: accountId(index),
    merchantId: idOf(index % MERCHANTS),
    channel: "alipay",
    label: `account ${index}`,
    gatewayUrl: "https://channel.example/gateway.do",
    mode: "direct",
    methods: METHODS,
    currencies: ["CNY"],
    amountMin: 1n,
    amountMax: 10_000_000n,
    orderLifetimeSeconds: 3_600,
    refundWindowDays: 365,
    refundPartsMax: null,
    refundSpacingSeconds: 0,
    callsPerSecond: 100,
    timeoutMs: 5_000,
    proxyUrl: null,
    connectionsMax: 128,
    connectTimeoutMs: 5_000,
    callsInFlightMax: 16,
    cancelCutoff: null,
    costRateMillionths: BigInt(3_000 + (index % 7) * 100),
    costReturnedOnRefund: true,
    feeReturnedOnRefund: true,
    costSettlement: "net",
    settledBy: "channel",
    fundFlow: "through_platform",
    settlementDays: 1,
    status: "active",
    verification: "waived",
    verifiedAt: null,
    counterpartRevision: 1,
    revision: 1,
    credentialVersion: 1,
    createdAt: new Date(AT.getTime() - index * 1_000),
    updatedAt: AT,
  };
}

/** One account in ten has quotas of the day and the month, one a floor of its success rate, one a window. */
function settingsOf({ id }: ChannelAccount, index: number): KeptSettings {
  const place = Math.floor(index / MERCHANTS);
  return {
    channelAccountId: id,
    version: 1,
    updatedAt: AT,
    settings: {
      ...DEFAULT_SETTINGS,
      weight: 10 + place,
      dayAmountMax: place === 3 ? DAY_AMOUNT_MAX : null,
      monthCountMax: place === 3 ? 1_000_000 : null,
      successFloor: place === 2 ? { rateMillionths: 700_000, windowMinutes: 30, attemptsMin: 50 } : null,
      windows:
        place === 5 ? [{ kind: "cut_over", time: { from: "23:50", to: "00:10" }, weekdays: null }] : [],
    },
  };
}

const CONDITIONS = [
  "amount >= 500000 && hour >= 9 && hour < 22",
  'has(metadata.vip) && metadata.vip == "yes"',
  'store.startsWith("S1") && weekday <= 5',
  'currency == "CNY" && amount < 10',
  "amount >= 100",
];

/** Nine of ten name a merchant and method; of those that match most do not hold. */
function aRule(index: number): Rule {
  const merchant = index % MERCHANTS;
  const own = [1, 4, 6].map((place) => accountId(merchant + place * MERCHANTS));
  const strategy = STRATEGIES[index % STRATEGIES.length] as Rule["effect"] extends infer E
    ? E extends { strategy: infer S }
      ? S
      : never
    : never;
  const isGeneral = index % 10 === 9;
  const accounts = isGeneral || (strategy !== "ordered" && index % 3 === 0) ? null : own;
  return {
    id: idOf(100_000 + index),
    version: 1,
    name: `rule ${index}`,
    status: "active",
    priority: index % 50,
    merchantId: isGeneral ? null : idOf(merchant),
    method: METHODS[Math.floor(index / MERCHANTS) % METHODS.length] as string,
    currency: "CNY",
    condition: CONDITIONS[index % CONDITIONS.length] as string,
    effect: {
      kind: "choose",
      strategy: accounts === null && strategy === "ordered" ? "oldest" : strategy,
      accounts,
      weights: null,
    },
    createdAt: AT,
    updatedAt: AT,
  };
}

function aRequest(index: number): RoutingRequest {
  return {
    merchantId: idOf(index % MERCHANTS),
    method: METHODS[index % METHODS.length] as string,
    kind: (["qr", "redirect", "qr", "jsapi", "redirect"] as const)[index % 5] as RoutingRequest["kind"],
    currency: "CNY",
    amount: BigInt(1 + ((index * 7_919) % 200_000)),
    store: index % 3 === 0 ? `S${index % 40}` : null,
    terminal: null,
    device: null,
    metadata: index % 8 === 0 ? { vip: "yes" } : {},
    at: AT,
  };
}
