/**
 * How the accounts' lines are, as this process sees them: fed by the ends of calls and by orders that were
 * opened and paid. Nothing of it is kept: a process that starts supposes that every line works.
 */
import type { Clock } from "../../kernel/clock.ts";
import type { Id } from "../../kernel/ids.ts";
import type { SceneKind, Settings, SuccessFloor } from "../model.ts";
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
} from "./breaker.ts";
import { createShares, hasFallen, LOOK_MS, OPENED_MIN, RECENT_MINUTES, type Shares } from "./shares.ts";

/** What happened to a line, for the log and the metrics. */
/**
 * What opened a line's circuit: its calls, the share of its orders that are paid, or the cashier's beacons.
 */
export type OpenedBy = "calls" | "paid_share" | "beacons";

export type HealthEvent =
  | { readonly event: "opened" | "half_open" | "closed"; readonly why: OpenedBy }
  | { readonly event: "below_floor" | "above_floor"; readonly rate: number };

export type HealthDeps = {
  readonly clock: Pick<Clock, "now">;
  readonly settingsOf: (accountId: Id) => Settings;
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
  opened(accountId: Id, kind: SceneKind, at: Date): void;
  paid(accountId: Id, kind: SceneKind, openedAt: Date): void;
  /** The channel's page did not open for a buyer. */
  beacon(accountId: Id, kind: SceneKind): void;
  /** An order goes through an account that takes probes: nobody else's does meanwhile. */
  takeProbe(accountId: Id, kind: SceneKind, at: Date): void;
  readonly lines: () => readonly LineView[];
};

type Line = {
  readonly accountId: Id;
  readonly kind: SceneKind;
  readonly shares: Shares;
  breaker: Breaker;
  /** Opened by the paid share or beacons: calls that succeed do not close it, an order that is paid does. */
  openedByShare: boolean;
  lookedAt: number;
  counts: { calls: number; failed: number; timesOpened: number; beacons: number };
};

type Lines = Map<Id, Map<SceneKind, Line>>;

/** Where the buyer acts on a page or code of ours or the channel's, calls succeed while nobody can pay. */
const BY_SHARE: ReadonlySet<SceneKind> = new Set(["qr", "redirect", "app", "jsapi"]);

export function createHealth(deps: HealthDeps): Health {
  const lines: Lines = new Map();
  const floors = new Map<Id, { lookedAt: number; below: boolean }>();
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
    if (line.breaker.state === "closed") {
      if (hasFallen(line.shares.recent(now, RECENT_MINUTES), line.shares.baseline(now)))
        become(line, openedBreaker(now), "paid_share");
    } else if (line.breaker.state === "half_open" && line.openedByShare) judgeProbes(line, now, become);
  };
  const circuit: HealthView["circuit"] = (accountId, kind, at) => {
    const line = find(accountId, kind);
    if (line === undefined) return "closed";
    const now = at.getTime();
    look(line, now);
    if (line.breaker.state !== "half_open") return line.breaker.state;
    return mayProbe(line.breaker, now) ? "half_open" : "probing";
  };
  const isThrottled = (accountId: Id, at: Date): boolean => {
    const floor = deps.settingsOf(accountId).successFloor;
    if (floor === null) return false;
    return lookAtFloor(deps, lines, floors, accountId, floor, at.getTime());
  };
  return {
    circuit,
    isThrottled,
    paidShare: (accountId, kind, at) => {
      const line = find(accountId, kind);
      const recent = line?.shares.recent(at.getTime(), RECENT_MINUTES);
      if (line === undefined || recent === undefined) return null;
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
    opened: (accountId, kind, at) => {
      lineOf(accountId, kind).shares.opened(at.getTime());
      // Looked at with each order, so that operators hear of an account that is the only one, too.
      isThrottled(accountId, deps.clock.now());
    },
    paid: (accountId, kind, openedAt) => {
      const line = lineOf(accountId, kind);
      line.shares.paid(openedAt.getTime());
      const { breaker } = line;
      if (breaker.state === "half_open" && line.openedByShare && openedAt.getTime() >= breaker.since)
        become(line, closed(deps.clock.now().getTime()), "paid_share");
    },
    beacon: (accountId, kind) => {
      if (!BY_SHARE.has(kind)) return;
      const line = lineOf(accountId, kind);
      const now = deps.clock.now().getTime();
      line.shares.beacon(now);
      line.counts.beacons += 1;
      if (line.breaker.state === "closed" && line.shares.failsToOpen(now))
        become(line, openedBreaker(now), "beacons");
    },
    takeProbe: (accountId, kind, at) => {
      const line = find(accountId, kind);
      if (line !== undefined) line.breaker = probed(line.breaker, at.getTime());
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
    lookedAt: 0,
    counts: { calls: 0, failed: 0, timesOpened: 0, beacons: 0 },
  };
}

/** So many orders without a payment send a line that the paid share opened out of rotation again. */
const SHARE_PROBES = 10;

function judgeProbes(
  line: Line,
  now: number,
  become: (line: Line, breaker: Breaker, why: "paid_share") => void,
): void {
  if (line.breaker.state !== "half_open") return;
  const { since, openMs } = line.breaker;
  if (line.shares.since(since, now).mature >= SHARE_PROBES)
    become(line, openedBreaker(now, Math.min(openMs * 2, OPEN_MS_MAX)), "paid_share");
}

/** All kinds of scenes together: the channel counts them together. */
function lookAtFloor(
  deps: HealthDeps,
  lines: Lines,
  floors: Map<Id, { lookedAt: number; below: boolean }>,
  accountId: Id,
  floor: SuccessFloor,
  now: number,
): boolean {
  const known = floors.get(accountId) ?? { lookedAt: 0, below: false };
  floors.set(accountId, known);
  if (now - known.lookedAt < LOOK_MS) return known.below;
  known.lookedAt = now;
  let [opened, paid] = [0, 0];
  let kind: SceneKind = "qr";
  for (const line of lines.get(accountId)?.values() ?? []) {
    const recent = line.shares.recent(now, floor.windowMinutes);
    if (recent.opened > 0) kind = line.kind;
    opened += recent.opened;
    paid += recent.paid;
  }
  if (opened < floor.attemptsMin) return known.below;
  const rate = paid / opened;
  const below = rate * 1_000_000 < floor.rateMillionths;
  if (below !== known.below) {
    known.below = below;
    deps.onEvent(accountId, kind, { event: below ? "below_floor" : "above_floor", rate });
  }
  return below;
}

function viewOf(
  line: Line,
  circuit: HealthView["circuit"],
  isThrottled: HealthView["isThrottled"],
  at: Date,
): LineView {
  const { accountId, kind, shares, counts } = line;
  const recent = shares.recent(at.getTime(), RECENT_MINUTES);
  return {
    accountId,
    kind,
    circuit: circuit(accountId, kind, at),
    opened: Math.round(recent.opened),
    paid: recent.paid,
    paidShare: recent.opened === 0 ? null : recent.paid / recent.opened,
    baseline: shares.baseline(at.getTime()),
    calls: counts.calls,
    failedCalls: counts.failed,
    timesOpened: counts.timesOpened,
    beacons: counts.beacons,
    belowFloor: isThrottled(accountId, at),
  };
}
