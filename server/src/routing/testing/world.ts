/** A merchant's accounts, rules and settings for pure tests, with health, use and chance as a test likes. */
import type { ChannelAccount } from "../../channels/index.ts";
import type { Schedule } from "../../fees/index.ts";
import { createConditions } from "../expression.ts";
import { DEFAULT_SETTINGS, type Effect, type RoutingRequest, type Rule, type Settings } from "../model.ts";
import { createPlan, createSnapshot } from "../plan.ts";
import { type HealthView, route, type UsageView } from "../route.ts";

export const AT = new Date("2026-11-20T02:00:00Z");
export const MERCHANT = "00000000-0000-7000-8000-00000000000a";

export const idOf = (number: number) => `00000000-0000-7000-8000-${String(number).padStart(12, "0")}`;

/** The nth account, the first the oldest. */
export function anAccount(number: number, changes: Partial<ChannelAccount> = {}): ChannelAccount {
  return {
    id: idOf(number),
    merchantId: MERCHANT,
    channel: "alipay",
    label: `account ${number}`,
    gatewayUrl: "https://channel.example/gateway.do",
    mode: "direct",
    methods: ["alipay.qr", "alipay.page"],
    currencies: ["CNY"],
    amountMin: 1n,
    amountMax: 1_000_000n,
    orderLifetimeSeconds: 3_600,
    refundWindowDays: 365,
    refundPartsMax: null,
    refundSpacingSeconds: 0,
    callsPerSecond: 10,
    timeoutMs: 5_000,
    proxyUrl: null,
    connectionsMax: 128,
    connectTimeoutMs: 5_000,
    callsInFlightMax: 16,
    cancelCutoff: null,
    costRateMillionths: 3_800n,
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
    createdAt: new Date(AT.getTime() + number),
    updatedAt: AT,
    ...changes,
  };
}

export function aRule(number: number, effect: Effect, changes: Partial<Rule> = {}): Rule {
  return {
    id: idOf(1_000 + number),
    version: 1,
    name: `rule ${number}`,
    status: "active",
    priority: 0,
    merchantId: MERCHANT,
    method: null,
    currency: null,
    condition: null,
    effect,
    createdAt: AT,
    updatedAt: AT,
    ...changes,
  };
}

export const choose = (
  strategy: Extract<Effect, { kind: "choose" }>["strategy"],
  ...numbers: number[]
): Effect => ({
  kind: "choose",
  strategy,
  accounts: numbers.length === 0 ? null : numbers.map(idOf),
  weights: null,
});

export const exclude = (...numbers: number[]): Effect => ({ kind: "exclude", accounts: numbers.map(idOf) });

export const anOrder = (changes: Partial<RoutingRequest> = {}): RoutingRequest => ({
  merchantId: MERCHANT,
  method: "alipay.qr",
  kind: "qr",
  currency: "CNY",
  amount: 1_000n,
  store: null,
  terminal: null,
  device: null,
  metadata: {},
  at: AT,
  ...changes,
});

export type World = {
  readonly accounts: readonly ChannelAccount[];
  readonly rules?: readonly Rule[];
  readonly settings?: Readonly<Record<number, Partial<Settings>>>;
  readonly health?: Partial<HealthView>;
  readonly usage?: Partial<UsageView>;
  /** Of an account's costs. */
  readonly schedules?: Readonly<Record<number, readonly Schedule[]>>;
  /** The draws, in turn; 0.5 when there are no more. */
  readonly draws?: readonly number[];
};

export function decideIn(world: World, order: RoutingRequest = anOrder()) {
  const kept = Object.entries(world.settings ?? {}).map(([number, changes]) => ({
    channelAccountId: idOf(Number(number)),
    version: 1,
    settings: { ...DEFAULT_SETTINGS, ...changes },
    updatedAt: AT,
  }));
  const snapshot = createSnapshot(world.rules ?? [], kept, createConditions());
  const plan = createPlan(
    snapshot,
    MERCHANT,
    world.accounts,
    () => "Asia/Shanghai",
    ({ id }) => world.schedules?.[Number(id.slice(-12))] ?? [],
  );
  const health = { circuit: () => "closed" as const, paidShare: () => null, isThrottled: () => false };
  const usage = { refusal: () => null, turn: () => 0 };
  const draws = [...(world.draws ?? [])];
  const chance = () => draws.shift() ?? 0.5;
  return route(plan, order, { ...health, ...world.health }, { ...usage, ...world.usage }, chance);
}

/** The numbers of the accounts in the order of the decision, or why there is none. */
export function orderIn(world: World, order?: RoutingRequest): readonly number[] | string {
  const routed = decideIn(world, order);
  return "refused" in routed
    ? routed.refused
    : routed.order.map(({ account }) => Number(account.id.slice(-12)));
}
