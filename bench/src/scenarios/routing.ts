/**
 * `routing`: how many orders a second one core routes, in process, by a thousand rules over two hundred
 * accounts: twenty merchants with ten accounts each, every decision with conditions to evaluate, a strategy,
 * quotas, windows and the health of its accounts, and its reasons written.
 */
import type { ChannelAccount } from "../../../server/src/channels/index.ts";
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
import { createPlan, createSnapshot } from "../../../server/src/routing/plan.ts";
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
const AT = new Date("2026-11-20T02:00:00Z");
/** What came before: so many orders of each account and kind of scene, over so long. */
const ORDERS_BEFORE = 300;
const BEFORE_MS = 30 * 60_000;
/** The clock goes on by so much with each decision, as at the rate that is wanted. */
const DECISION_MS = 1_000 / TARGET_PER_SECOND;
const KINDS = ["qr", "redirect", "jsapi"] as const;

export async function routing({ scenario, seconds, progress }: Given): Promise<Outcome> {
  const decide = aRouter();
  for (let done = 0; done < WARM_UP; done += 1) decide(done);
  let [decisions, ms, blockMsMax] = [0, 0, 0];
  const cpu = process.cpuUsage();
  while (ms < seconds * 1_000) {
    const begun = performance.now();
    for (let one = 0; one < BLOCK; one += 1) decide(decisions + one);
    const took = performance.now() - begun;
    decisions += BLOCK;
    ms += took;
    blockMsMax = Math.max(blockMsMax, took);
  }
  const { user, system } = process.cpuUsage(cpu);
  const perSecond = (decisions / ms) * 1_000;
  progress(`${Math.round(perSecond)} decisions/s`);
  return {
    figures: {
      scenario,
      rules: RULES,
      accounts: ACCOUNTS,
      decisions,
      decisions_per_second: round(perSecond, 0),
      us_per_decision: round((ms / decisions) * 1_000, 2),
      // Of the processor: what a machine that does nothing else needs.
      cpu_us_per_decision: round((user + system) / decisions, 2),
      slowest_block_per_second: round((BLOCK / blockMsMax) * 1_000, 0),
      reaches_target: perSecond >= TARGET_PER_SECOND,
    },
    valid: perSecond >= TARGET_PER_SECOND,
  };
}

/** Routes the nth of some thousand orders. */
function aRouter(): (nth: number) => void {
  const accounts = Array.from({ length: ACCOUNTS }, (_, index) => anAccount(index));
  const settings = accounts.map(settingsOf);
  const conditions = createConditions();
  const snapshot = createSnapshot(
    Array.from({ length: RULES }, (_, index) => aRule(index)),
    settings,
    conditions,
  );
  const plans = Array.from({ length: MERCHANTS }, (_, merchant) =>
    createPlan(
      snapshot,
      idOf(merchant),
      accounts.filter(({ merchantId }) => merchantId === idOf(merchant)),
      () => "Asia/Shanghai",
    ),
  );
  let now = AT;
  const health = createHealth({
    clock: { now: () => now },
    settingsOf: snapshot.settingsOf,
    paidOf: () => Promise.resolve([]),
    onEvent: () => undefined,
  });
  pastOrders((at, index, id, kind) => {
    now = at;
    health.call(id, kind, { failed: index % 50 === 0, startedAt: at.getTime(), endedAt: at.getTime() });
    health.opened(id, kind, at, idOf(index));
    if (index % 5 !== 0) health.paid(id, kind, at);
  }, accounts);
  const requests = Array.from({ length: REQUESTS }, (_, index) => aRequest(index));
  const usage = usageOf(accounts, settings);
  let draw = 1;
  // A generator of the bench's own: the draws of a run are those of every run.
  const chance = () => {
    draw = (draw * 16_807) % 2_147_483_647;
    return draw / 2_147_483_647;
  };
  return (nth) => {
    now = new Date(AT.getTime() + Math.floor(nth * DECISION_MS));
    const request = { ...(requests[nth % REQUESTS] as RoutingRequest), at: now };
    const plan = plans[nth % MERCHANTS] as (typeof plans)[number];
    const routed = route(plan, request, health, usage, chance);
    if ("refused" in routed) throw new Error(`the order ${nth} was not routed: ${routed.refused}`);
    usage.chosen(routed.order[0]?.account.id as string);
    if (decisionText(routed, 0) === "") throw new Error("a decision without a reason");
  };
}

/** Tells of the orders before the run, as they went by. */
function pastOrders(
  tell: (at: Date, index: number, accountId: string, kind: (typeof KINDS)[number]) => void,
  accounts: readonly ChannelAccount[],
): void {
  for (let index = 0; index < ORDERS_BEFORE; index += 1) {
    const at = new Date(AT.getTime() - BEFORE_MS + Math.floor((index * BEFORE_MS) / ORDERS_BEFORE));
    for (const { id } of accounts) {
      for (const kind of KINDS) tell(at, index, id, kind);
    }
  }
}

/** Half of every quota is used, and each account was chosen before. */
function usageOf(
  accounts: readonly ChannelAccount[],
  kept: readonly KeptSettings[],
): UsageView & { chosen(id: string): void } {
  const uses = new Map<string, Use>();
  accounts.forEach(({ id }, index) => {
    for (const demand of demandsOf(id, (kept[index] as KeptSettings).settings, "Asia/Shanghai", AT)) {
      const usedAmount = (demand.amountMax ?? 0n) / 2n;
      uses.set(useKey(demand), { ...demand, usedAmount, usedCount: 1_000n, lastUsedAt: AT });
    }
  });
  const turns = new Map(accounts.map(({ id }, index) => [id, index]));
  let turn = accounts.length;
  return {
    refusal: ({ account, settings, timeZone }, amount, at) => {
      for (const demand of demandsOf(account.id, settings, timeZone, at)) {
        const reason = refusalOf(demand, uses.get(useKey(demand)), amount, at);
        if (reason !== null) return reason;
      }
      return null;
    },
    turn: (id) => turns.get(id) ?? 0,
    chosen: (id) => {
      turn += 1;
      turns.set(id, turn);
    },
  };
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

/** One account in ten has a quota, and one a window. */
function settingsOf({ id }: ChannelAccount, index: number): KeptSettings {
  const place = Math.floor(index / MERCHANTS);
  return {
    channelAccountId: id,
    version: 1,
    updatedAt: AT,
    settings: {
      ...DEFAULT_SETTINGS,
      weight: 10 + place,
      dayAmountMax: place === 3 ? 1_000_000_000n : null,
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
