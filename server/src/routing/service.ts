/**
 * Decisions with what this process knows: rules and settings, the merchant's accounts, health, what was used.
 */
import type { ChannelAccount, Channels } from "../channels/index.ts";
import type { Fees } from "../fees/index.ts";
import { createCache } from "../kernel/cache.ts";
import type { Cell, Db } from "../kernel/database.ts";
import { formatId, type Id, type IdMaker } from "../kernel/ids.ts";
import type { Log } from "../kernel/log.ts";
import type { Platform } from "../kernel/revision.ts";
import type { Merchants } from "../merchants/index.ts";
import type { Operators } from "../operators/index.ts";
import { createAccountSettings } from "./accounts/service.ts";
import { allSettings } from "./accounts/store.ts";
import { decisionText } from "./decision-text.ts";
import { createConditions } from "./expression.ts";
import { createHealth, type HealthEvent } from "./health/health.ts";
import { PATIENCE_MS } from "./health/shares.ts";
import { DEFAULT_SETTINGS, type RoutingRequest, type SceneKind } from "./model.ts";
import { createPlan, createSnapshot, type Plan, type Snapshot } from "./plan.ts";
import { type Demand, demandsOf, type Use } from "./quotas/model.ts";
import { type Routed, type RoutingRefusal, restsByClock, route } from "./route.ts";
import { createRules, loadRules } from "./rules/service.ts";
import { createUsage, usesSince } from "./usage.ts";
import { meetsWindow, windowAt } from "./windows.ts";

export type RoutingDeps = {
  readonly platform: Platform;
  readonly cell: Cell;
  readonly channels: Pick<Channels, "account" | "accountsOfMerchant" | "all" | "channel">;
  readonly merchants: Pick<Merchants, "get">;
  readonly operators: Operators;
  readonly fees: Pick<Fees, "schedulesOf">;
  readonly newId: IdMaker;
  readonly log: Log;
  /** Which of these orders were paid, as the rows say. */
  readonly paidOrders: (db: Db, orderIds: readonly Id[]) => Promise<readonly Id[]>;
};

/** One account that may take the order. */
export type Choice = {
  readonly account: ChannelAccount;
  /** The limits that the order counts in; none for an account without quotas. */
  readonly demands: readonly Demand[];
  /** Whether the account takes no orders at an instant: a window of its channel, or outside its hours. */
  rests(at: Date): boolean;
  /** Why this account, in the words that are kept with the order. @param because why not the one before. */
  reasons(because?: string): string;
};

/**
 * It holds the turn of its first choice, and its probe where it takes probes, so that of many orders at once
 * each sees what those before it take. Whoever does not place the order there gives them up.
 */
export type Decision = {
  readonly choices: readonly Choice[];
  readonly routed: Routed;
  readonly kind: SceneKind;
  readonly turn: number;
  readonly turnBefore: number;
  /** 0: the order is no probe. */
  readonly probeUntil: number;
};

/** How a call that places an order ended, as far as the line's health asks. */
export type PlacingEnd = {
  readonly end: "answered" | "refused" | "not_sent" | "unknown";
  /** Of a refusal: a fault of the channel or our account there, not of this order. */
  readonly isChannelSide: boolean;
  /** The rate of calls was refused, by the channel or by our own budget. */
  readonly isRateRefusal: boolean;
  readonly startedAt: Date;
  readonly orderId: Id;
  /** When the order was written: where it is paid, it counts in that minute. */
  readonly orderedAt: Date;
};

export type Routing = ReturnType<typeof createRouting>;

const MERCHANTS_REMEMBERED = 10_000;
const CHANCES = 2 ** 32;

export function createRouting(deps: RoutingDeps) {
  const { platform, cell } = deps;
  const { clock, random } = cell;
  const conditions = createConditions();
  let present: Snapshot | null = null;
  const snapshots = createCache<Snapshot>({
    clock,
    revision: platform.revision,
    load: async () => {
      const [rules, settings] = await Promise.all([loadRules(platform.db), allSettings(platform.db)]);
      present = createSnapshot(rules, settings, conditions);
      return present;
    },
  });
  const settingsOf = (id: Id) => present?.settingsOf(id) ?? DEFAULT_SETTINGS;
  const health = createHealth({
    clock,
    settingsOf,
    paidOf: (orderIds) =>
      deps.paidOrders(cell.db, orderIds).catch((error: unknown) => {
        deps.log.warn({ err: error }, "accounts are judged without what other processes heard of");
        return [];
      }),
    onEvent: (...told) => tell(deps.log, ...told),
  });
  const usage = createUsage(cell);
  const plans = createPlans(deps, () => snapshots.get(""));
  const changed = () => snapshots.forgetAll();
  const common = { ...deps, clock, conditions, changed };
  const chance = () => random.integer(CHANCES) / CHANCES;

  const planOf = async (request: RoutingRequest): Promise<Plan> => {
    const plan = await plans(request.merchantId);
    const taking = plan.section(request.method, request.currency).taking;
    if (taking.some(({ hasQuota }) => hasQuota)) await usage.refresh(taking, request.at);
    return plan;
  };
  return {
    rules: createRules(common),
    accounts: createAccountSettings(common),
    health,
    /** The decision for a hypothetical order: nothing of it is remembered. */
    consider: async (request: RoutingRequest): Promise<Routed | RoutingRefusal> =>
      route(await planOf(request), request, health, usage, chance),
    /** The accounts that may take the order, the best first, or why there is none. */
    decide: async (request: RoutingRequest): Promise<Decision | RoutingRefusal> => {
      const plan = await planOf(request);
      // From here to what is held nothing is waited for: of many at once, none decides in between.
      const routed = route(plan, request, health, usage, chance);
      if ("refused" in routed) return routed;
      const first = routed.order[0]?.account.id as Id;
      const { kind } = request;
      const turnBefore = usage.turn(first);
      usage.chosen(first);
      const probeUntil = health.takeProbe(first, kind, request.at);
      const choices = choicesOf(routed, request);
      return { routed, choices, kind, turn: usage.turn(first), turnBefore, probeUntil };
    },
    /** The order is not placed through the first choice of its decision: told at most once. */
    giveUp: ({ routed, kind, turn, turnBefore, probeUntil }: Decision): void => {
      const first = routed.order[0]?.account.id as Id;
      usage.unchosen(first, turn, turnBefore);
      if (probeUntil > 0) health.giveUpProbe(first, kind, probeUntil);
    },
    /** What an account has used of its quotas, the present periods and those since a month. */
    usesOf: (accountId: Id): Promise<Use[]> => usesSince(cell, accountId),
    /** An order goes through another account than the first of its decision. */
    noteChosen: (accountId: Id, kind: SceneKind): void => {
      usage.chosen(accountId);
      health.takeProbe(accountId, kind, clock.now());
    },
    /**
     * Reads what is set of accounts, unless it is known: a process that only sends orders again decides on
     * none. Rejects when the database is away.
     */
    learnSettings: async (): Promise<void> => {
      await snapshots.get("");
    },
    /**
     * A call that places an order has ended. In a window of the channel nothing counts; `learnSettings` was
     * called before it.
     */
    notePlacing: (account: ChannelAccount, kind: SceneKind, placing: PlacingEnd): void => {
      if (placing.isRateRefusal) return;
      const at = clock.now();
      const timeZone = timeZoneOf(deps, account.channel);
      const settings = settingsOf(account.id);
      if (windowAt(settings, timeZone, at) !== null) return;
      if (windowAt(settings, timeZone, placing.startedAt) !== null) return;
      const { end, isChannelSide, startedAt } = placing;
      const failed = end === "unknown" || end === "not_sent" || (end === "refused" && isChannelSide);
      health.call(account.id, kind, { failed, startedAt: startedAt.getTime(), endedAt: at.getTime() });
      // A buyer whom the window keeps from paying says nothing of the account.
      const isOpened =
        end === "answered" && !meetsWindow(settings, timeZone, placing.orderedAt, PATIENCE_MS[kind]);
      if (isOpened) health.opened(account.id, kind, placing.orderedAt, placing.orderId);
    },
    /** An order was paid. @param openedAt when it was placed. */
    notePaid: (accountId: Id, kind: SceneKind, openedAt: Date): void =>
      health.paid(accountId, kind, openedAt),
    /**
     * The cashier's page tells that the channel's did not open for a buyer. One of a window, or of an order
     * that does not count as opened because of one, counts for nothing. @param orderedAt when it was placed.
     */
    noteBeacon: (accountId: Id, method: string, orderedAt: Date): void => {
      const channel = deps.channels.all.find(({ traits }) => traits.scenes[method] !== undefined);
      const kind = channel?.traits.scenes[method]?.kind;
      if (channel === undefined || kind === undefined) return;
      const settings = settingsOf(accountId);
      const { timeZone } = channel.traits;
      if (windowAt(settings, timeZone, clock.now()) !== null) return;
      if (meetsWindow(settings, timeZone, orderedAt, PATIENCE_MS[kind])) return;
      health.beacon(accountId, kind, orderedAt);
    },
  };
}

function choicesOf(routed: Routed, { at }: RoutingRequest): Choice[] {
  return routed.order.map(({ account, candidate }, place) => ({
    account,
    demands: candidate.hasQuota ? demandsOf(account.id, candidate.settings, candidate.timeZone, at) : [],
    rests: (instant) => restsByClock(candidate, instant) !== null,
    reasons: (because) => decisionText(routed, place, because ?? null),
  }));
}

/** Plans are made again when rules, settings or the merchant's accounts have been read again. */
function createPlans(deps: RoutingDeps, snapshotOf: () => Promise<Snapshot>) {
  type Known = {
    readonly snapshot: Snapshot;
    readonly accounts: readonly ChannelAccount[];
    readonly plan: Plan;
  };
  const known = new Map<Id, Known>();
  return async (merchantId: Id): Promise<Plan> => {
    const snapshot = await snapshotOf();
    const accounts = await deps.channels.accountsOfMerchant(merchantId);
    const found = known.get(merchantId);
    if (found?.snapshot === snapshot && found.accounts === accounts) return found.plan;
    const plan = await makePlan(deps, snapshot, merchantId, accounts);
    if (known.size >= MERCHANTS_REMEMBERED) known.clear();
    known.set(merchantId, { snapshot, accounts, plan });
    return plan;
  };
}

/** Schedules of costs are read with it: they are as new as the snapshot, which every revision replaces. */
async function makePlan(
  deps: RoutingDeps,
  snapshot: Snapshot,
  merchantId: Id,
  accounts: readonly ChannelAccount[],
): Promise<Plan> {
  const read = accounts.map(async ({ id }) => [id, await deps.fees.schedulesOf(merchantId, id)] as const);
  const schedules = new Map(await Promise.all(read));
  return createPlan(
    snapshot,
    merchantId,
    accounts,
    (channel) => timeZoneOf(deps, channel),
    ({ id }) => schedules.get(id) ?? [],
  );
}

function timeZoneOf(deps: RoutingDeps, channel: string): string {
  return deps.channels.channel(channel)?.traits.timeZone ?? "Asia/Shanghai";
}

function tell(log: Log, accountId: Id, kind: SceneKind, event: HealthEvent): void {
  const about = { channel_account: formatId("cha", accountId), kind, ...event };
  const isBad = event.event === "opened" || event.event === "below_floor";
  const words: Readonly<Record<HealthEvent["event"], string>> = {
    opened: "a channel account has left rotation",
    half_open: "a channel account takes probes",
    closed: "a channel account is back in rotation",
    below_floor: "a channel account is below its success floor: it gets a fraction of its share",
    above_floor: "a channel account gets its whole share again",
  };
  if (isBad) log.warn(about, words[event.event]);
  else log.info(about, words[event.event]);
}
