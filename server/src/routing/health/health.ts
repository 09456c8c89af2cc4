/**
 * How the accounts' lines are, as this process sees them: fed by the ends of calls and by orders that were
 * opened and paid. Nothing of it is kept: a process that starts supposes that every line works.
 */
import type { Clock } from "../../kernel/clock.ts";
import { type Id, madeAt } from "../../kernel/ids.ts";
import type { SceneKind, Settings } from "../model.ts";
import type { HealthView } from "../route.ts";
import {
  afterCall,
  type Breaker,
  breakerAt,
  closed,
  type EndedCall,
  mayProbe,
  OPEN_MS_MAX,
  opened as openedBreaker,
  probed,
  probeGivenUp,
} from "./breaker.ts";
import { createFloors } from "./floor.ts";
import { createShares, hasFallen, LOOK_MS, OPENED_MIN, RECENT_MINUTES, type Shares } from "./shares.ts";

/**
 * What opened a line's circuit: its calls, the share of its orders that are paid, or the cashier's beacons.
 */
export type OpenedBy = "calls" | "paid_share" | "beacons";

/** What happened to a line, for the log and the metrics. */
export type HealthEvent =
  | { readonly event: "opened" | "half_open" | "closed"; readonly why: OpenedBy }
  /** `rate` null: too few of its orders came to tell. */
  | { readonly event: "below_floor" | "above_floor"; readonly rate: number | null };

export type HealthDeps = {
  readonly clock: Pick<Clock, "now">;
  readonly settingsOf: (accountId: Id) => Settings;
  /**
   * Which of these orders were paid, whichever process heard of it; never throws. It is asked before orders
   * that nobody paid count against an account, and while such an account takes probes.
   */
  readonly paidOf: (orderIds: readonly Id[]) => Promise<readonly Id[]>;
  readonly onEvent: (accountId: Id, kind: SceneKind, event: HealthEvent) => void;
};

/** One line as people and metrics see it. */
export type LineView = {
  readonly accountId: Id;
  readonly kind: SceneKind;
  readonly circuit: ReturnType<HealthView["circuit"]>;
  /** Of the last minutes, whose buyers have had their time. */
  readonly opened: number;
  readonly paid: number;
  readonly paidShare: number | null;
  readonly baseline: number | null;
  readonly calls: number;
  readonly failedCalls: number;
  readonly timesOpened: number;
  readonly beacons: number;
  readonly belowFloor: boolean;
};

export type Health = HealthView & {
  call(accountId: Id, kind: SceneKind, call: EndedCall): void;
  opened(accountId: Id, kind: SceneKind, at: Date, orderId: Id): void;
  paid(accountId: Id, kind: SceneKind, openedAt: Date): void;
  /** The channel's page did not open for a buyer. */
  beacon(accountId: Id, kind: SceneKind, orderedAt: Date): void;
  /**
   * An order goes through an account that takes probes: nobody else's does until this instant; 0: it takes
   * none, or another order is its probe.
   */
  takeProbe(accountId: Id, kind: SceneKind, at: Date): number;
  /** The order of a probe is not placed through the account after all. @param until as `takeProbe` said. */
  giveUpProbe(accountId: Id, kind: SceneKind, until: number): void;
  readonly lines: () => readonly LineView[];
};

type Line = {
  readonly accountId: Id;
  readonly kind: SceneKind;
  readonly shares: Shares;
  breaker: Breaker;
  /** Opened by the paid share or beacons: calls that succeed do not close it, an order that is paid does. */
  openedByShare: boolean;
  /** When an order that was paid closed it: what was opened before says nothing of it any more. */
  provedAt: number;
  lookedAt: number;
  isAsking: boolean;
  counts: { calls: number; failed: number; timesOpened: number; beacons: number };
};

type Lines = Map<Id, Map<SceneKind, Line>>;

/** Where the buyer acts on a page or code of ours or the channel's, calls succeed while nobody can pay. */
const BY_SHARE: ReadonlySet<SceneKind> = new Set(["qr", "redirect", "app", "jsapi"]);

export function createHealth(deps: HealthDeps): Health {
  const lines: Lines = new Map();
  const find = (accountId: Id, kind: SceneKind) => lines.get(accountId)?.get(kind);
  const lineOf = (accountId: Id, kind: SceneKind): Line => {
    const known = find(accountId, kind);
    if (known !== undefined) return known;
    const fresh = freshLine(accountId, kind);
    lines.set(accountId, (lines.get(accountId) ?? new Map<SceneKind, Line>()).set(kind, fresh));
    return fresh;
  };
  const become = (line: Line, breaker: Breaker, why: OpenedBy) => {
    const before = line.breaker.state;
    line.breaker = breaker;
    if (breaker.state === before) return;
    if (breaker.state === "open") line.counts.timesOpened += 1;
    line.openedByShare = breaker.state !== "closed" && (line.openedByShare || why !== "calls");
    deps.onEvent(line.accountId, line.kind, {
      event: breaker.state === "open" ? "opened" : breaker.state,
      why,
    });
  };
  const lookAtTime = (line: Line, now: number) => {
    const due = breakerAt(line.breaker, now);
    if (due !== line.breaker) become(line, due, line.openedByShare ? "paid_share" : "calls");
  };
  const look = (line: Line, now: number) => {
    lookAtTime(line, now);
    if (!BY_SHARE.has(line.kind) || now - line.lookedAt < LOOK_MS) return;
    line.lookedAt = now;
    const isProbing = line.breaker.state === "half_open" && line.openedByShare;
    if ((isProbing || isFallen(line, now)) && !line.isAsking) void ask(line, now);
  };
  const ask = async (line: Line, now: number) => {
    line.isAsking = true;
    const paid = await deps.paidOf(line.shares.remembered(now, RECENT_MINUTES));
    line.isAsking = false;
    line.shares.heard(new Set(paid));
    judge(line, deps.clock.now().getTime(), paid);
  };
  const judge = (line: Line, now: number, paid: readonly Id[]) => {
    const { breaker } = line;
    if (isFallen(line, now)) become(line, openedBreaker(now), "paid_share");
    if (breaker.state !== "half_open" || !line.openedByShare) return;
    if (paid.some((id) => madeAt(id).getTime() >= breaker.since)) prove(line, now);
    else if (line.shares.openedSince(breaker.since, now) >= SHARE_PROBES)
      become(line, openedBreaker(now, Math.min(breaker.openMs * 2, OPEN_MS_MAX)), "paid_share");
  };
  const prove = (line: Line, now: number) => {
    line.provedAt = now;
    become(line, closed(now), "paid_share");
  };
  const circuit: HealthView["circuit"] = (accountId, kind, at) => {
    const line = find(accountId, kind);
    if (line === undefined) return "closed";
    const now = at.getTime();
    look(line, now);
    if (line.breaker.state !== "half_open") return line.breaker.state;
    return mayProbe(line.breaker, now) ? "half_open" : "probing";
  };
  const isThrottled = createFloors(deps, (accountId) => [...(lines.get(accountId)?.values() ?? [])]);
  return {
    circuit,
    isThrottled,
    paidShare: (accountId, kind, at) => {
      const line = find(accountId, kind);
      if (line === undefined) return null;
      const recent = recentOf(line, at.getTime());
      if (recent.opened >= OPENED_MIN) return recent.paid / recent.opened;
      return line.shares.baseline(at.getTime());
    },
    call: (accountId, kind, ended) => {
      const line = lineOf(accountId, kind);
      line.counts.calls += 1;
      if (ended.failed) line.counts.failed += 1;
      // Its calls never failed: only orders that are paid tell that it works again.
      if (line.openedByShare && !ended.failed) return;
      // An order decided on before has asked nobody, and what its end makes of the line is told all the same.
      lookAtTime(line, ended.endedAt);
      become(line, afterCall(line.breaker, ended), "calls");
    },
    opened: (accountId, kind, at, orderId) => {
      lineOf(accountId, kind).shares.opened(at.getTime(), orderId);
      // Looked at with each order, so that operators hear of an account that is the only one, too.
      isThrottled(accountId, deps.clock.now());
    },
    paid: (accountId, kind, openedAt) => {
      const line = lineOf(accountId, kind);
      line.shares.paid(openedAt.getTime());
      const { breaker } = line;
      if (breaker.state !== "half_open" || !line.openedByShare) return;
      if (openedAt.getTime() < breaker.since) return;
      prove(line, deps.clock.now().getTime());
    },
    beacon: (accountId, kind, orderedAt) => {
      if (!BY_SHARE.has(kind)) return;
      const line = lineOf(accountId, kind);
      line.counts.beacons += 1;
      if (orderedAt.getTime() < line.provedAt) return;
      const now = deps.clock.now().getTime();
      line.shares.beacon(now);
      if (line.breaker.state === "closed" && line.shares.failsToOpen(now, line.provedAt))
        become(line, openedBreaker(now), "beacons");
    },
    takeProbe: (accountId, kind, at) => {
      const line = find(accountId, kind);
      if (line === undefined || !mayProbe(line.breaker, at.getTime())) return 0;
      line.breaker = probed(line.breaker, at.getTime());
      return line.breaker.state === "half_open" ? line.breaker.probeUntil : 0;
    },
    giveUpProbe: (accountId, kind, until) => {
      const line = find(accountId, kind);
      if (line !== undefined) line.breaker = probeGivenUp(line.breaker, until);
    },
    lines: () => {
      const at = deps.clock.now();
      return [...lines.values()]
        .flatMap((ofAccount) => [...ofAccount.values()])
        .map((line) => viewOf(line, circuit, isThrottled, at));
    },
  };
}

function freshLine(accountId: Id, kind: SceneKind): Line {
  return {
    accountId,
    kind,
    shares: createShares(kind),
    breaker: closed(),
    openedByShare: false,
    provedAt: 0,
    lookedAt: 0,
    isAsking: false,
    counts: { calls: 0, failed: 0, timesOpened: 0, beacons: 0 },
  };
}

/** The orders of late that its paid share is of. */
function recentOf({ shares, provedAt }: Line, now: number) {
  return shares.recent(now, RECENT_MINUTES, provedAt);
}

/** Whether it is in rotation and too few of its buyers pay. */
function isFallen(line: Line, now: number): boolean {
  return line.breaker.state === "closed" && hasFallen(recentOf(line, now), line.shares.baseline(now));
}

/** So many orders without a payment send a line that the paid share opened out of rotation again. */
const SHARE_PROBES = 10;

function viewOf(
  line: Line,
  circuit: HealthView["circuit"],
  isThrottled: HealthView["isThrottled"],
  at: Date,
): LineView {
  const { accountId, kind, shares, counts } = line;
  const recent = recentOf(line, at.getTime());
  return {
    accountId,
    kind,
    circuit: circuit(accountId, kind, at),
    opened: recent.opened,
    paid: Math.round(recent.paid),
    paidShare: recent.opened === 0 ? null : recent.paid / recent.opened,
    baseline: shares.baseline(at.getTime()),
    calls: counts.calls,
    failedCalls: counts.failed,
    timesOpened: counts.timesOpened,
    beacons: counts.beacons,
    belowFloor: isThrottled(accountId, at),
  };
}
