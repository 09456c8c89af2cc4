import type { Clock } from "../../kernel/clock.ts";
import type { Id } from "../../kernel/ids.ts";
import { afterFailure, type Delivery, type Health, sendsAllowed, TRY_TIMEOUT_MS } from "../model.ts";

/**
 * One lane per endpoint: at most 16 deliveries in flight, none while it is paused, one while it has yet to
 * recover. So one slow endpoint delays no other. A delivery without a place is left: its lease returns it.
 * A place is free when the endpoint has answered; until the result is written too, the delivery counts
 * among those in hand, of which there are at most `IN_HAND` times as many.
 */
export type Lanes = {
  /** Runs the delivery now or when a place is free, or leaves it; `done` is called in each case. */
  take(delivery: Delivery, done: () => void): void;
  /** Deliveries of an endpoint in this process's hands. */
  busy(endpointId: Id): number;
  /** Notes how a try went. */
  note(endpointId: Id, attempt: Attempt): void;
  /** The endpoint's health as far as it is known here, given what the database knows. */
  learn(endpointId: Id, stored: Health | null): Health | null;
  /** More was due than had places: `onPlaces` is called when half of them are free again. */
  expectMore(endpointId: Id): void;
  /** The endpoint was changed: it is trusted anew. */
  forget(endpointId: Id): void;
  /** Leaves what waits and takes nothing more. */
  close(): void;
  /** Resolves when nothing is in flight. */
  idle(): Promise<void>;
  readonly gauges: { readonly inFlight: number; readonly waiting: number; readonly left: number };
};

export type Attempt = { readonly startedAt: Date; readonly endedAt: Date; readonly delivered: boolean };

export type LanesDeps = {
  readonly clock: Clock;
  /**
   * Makes one try, calls `answered` when its end is known, and writes its result. It never rejects; false:
   * the delivery is left to its lease.
   */
  readonly run: (delivery: Delivery, answered: () => void) => Promise<boolean>;
  readonly onPlaces: () => void;
};

/** Waiting per endpoint, for bursts: what would wait longer than its lease allows is left to it. */
const WAITING_PER_ENDPOINT_MAX = 256;
/** Waiting in all: each is a payload in memory. */
const WAITING_MAX = 16_384;
/** In flight in all; each is a socket. */
const IN_FLIGHT_MAX = 2_048;
/**
 * In flight or not yet written, for each that may be in flight: a result waits for its batch some 30 ms, and
 * sixteen places that waited with it would be 500 deliveries a second to the busiest endpoint.
 */
const IN_HAND = 4;

type Job = { readonly delivery: Delivery; readonly done: () => void };
type Lane = {
  running: number;
  /** Answered, and the result not yet written. */
  writing: number;
  readonly waiting: Job[];
  health: Health | null;
  moreDue: boolean;
};
type State = {
  readonly lanes: Map<Id, Lane>;
  readonly inFlight: Set<Promise<void>>;
  closed: boolean;
  waiting: number;
  left: number;
};

export function createLanes(deps: LanesDeps): Lanes {
  const state: State = { lanes: new Map(), inFlight: new Set(), closed: false, waiting: 0, left: 0 };
  const { lanes } = state;
  return {
    take: (delivery, done) => take(deps, state, { delivery, done }),
    busy: (endpointId) => {
      const lane = lanes.get(endpointId);
      return lane === undefined ? 0 : lane.running + lane.writing + lane.waiting.length;
    },
    note: (endpointId, attempt) => {
      const lane = laneOf(state, endpointId);
      lane.health = attempt.delivered ? null : afterFailure(lane.health, attempt);
    },
    learn: (endpointId, stored) => {
      const known = lanes.get(endpointId)?.health ?? null;
      // Another process may have seen it fail later than this one did.
      if (stored === null || (known !== null && known.failedAt >= stored.failedAt)) return known;
      laneOf(state, endpointId).health = stored;
      return stored;
    },
    expectMore: (endpointId) => {
      laneOf(state, endpointId).moreDue = true;
    },
    forget: (endpointId) => {
      const lane = lanes.get(endpointId);
      if (lane === undefined) return;
      lane.health = null;
      dropIfIdle(state, endpointId, lane);
    },
    close: () => {
      state.closed = true;
      for (const [endpointId, lane] of lanes) advance(deps, state, endpointId, lane);
    },
    idle: async () => {
      await Promise.all(state.inFlight);
    },
    gauges: {
      get inFlight() {
        return state.inFlight.size;
      },
      get waiting() {
        return state.waiting;
      },
      get left() {
        return state.left;
      },
    },
  };
}

function laneOf(state: State, endpointId: Id): Lane {
  const known = state.lanes.get(endpointId);
  if (known !== undefined) return known;
  const lane: Lane = { running: 0, writing: 0, waiting: [], health: null, moreDue: false };
  state.lanes.set(endpointId, lane);
  return lane;
}

function dropIfIdle({ lanes }: State, endpointId: Id, lane: Lane): void {
  if (lane.running + lane.writing + lane.waiting.length === 0 && lane.health === null)
    lanes.delete(endpointId);
}

function hasPlace({ running, writing }: Lane, allowed: number): boolean {
  return running < allowed && running + writing < allowed * IN_HAND;
}

function allowedIn(deps: LanesDeps, state: State, lane: Lane): number {
  return state.closed ? 0 : sendsAllowed(lane.health, deps.clock.now());
}

function take(deps: LanesDeps, state: State, job: Job): void {
  const { endpointId } = job.delivery;
  const lane = laneOf(state, endpointId);
  const allowed = allowedIn(deps, state, lane);
  if (hasPlace(lane, allowed) && state.inFlight.size < IN_FLIGHT_MAX) {
    start(deps, state, lane, job);
  } else if (lane.running + lane.writing > 0 && allowed > 1 && hasRoom(state, lane)) {
    state.waiting += 1;
    lane.waiting.push(job);
  } else {
    leave(state, job);
    dropIfIdle(state, endpointId, lane);
  }
}

function hasRoom(state: State, lane: Lane): boolean {
  return lane.waiting.length < WAITING_PER_ENDPOINT_MAX && state.waiting < WAITING_MAX;
}

function start(deps: LanesDeps, state: State, lane: Lane, job: Job): void {
  const { endpointId } = job.delivery;
  lane.running += 1;
  let isRunning = true;
  const answered = () => {
    if (!isRunning) return;
    isRunning = false;
    lane.running -= 1;
    lane.writing += 1;
    advance(deps, state, endpointId, lane);
  };
  const work = deps.run(job.delivery, answered).then((finished) => {
    answered();
    state.inFlight.delete(work);
    lane.writing -= 1;
    if (finished) job.done();
    else leave(state, job);
    advance(deps, state, endpointId, lane);
  });
  state.inFlight.add(work);
}

/** A place became free, or the lane's limit changed. */
function advance(deps: LanesDeps, state: State, endpointId: Id, lane: Lane): void {
  const allowed = allowedIn(deps, state, lane);
  const now = deps.clock.now().getTime();
  while (lane.waiting.length > 0 && (allowed === 0 || hasPlace(lane, allowed))) {
    const job = lane.waiting.shift() as Job;
    state.waiting -= 1;
    // Nobody else may hold it while its try is under way, so enough of the lease must be left for a whole
    // one.
    const leaseLeftMs = job.delivery.leasedUntil.getTime() - now;
    if (allowed > 0 && leaseLeftMs > TRY_TIMEOUT_MS) start(deps, state, lane, job);
    else leave(state, job);
  }
  if (lane.moreDue && lane.running + lane.writing <= allowed / 2) {
    lane.moreDue = false;
    deps.onPlaces();
  }
  dropIfIdle(state, endpointId, lane);
}

function leave(state: State, job: Job): void {
  state.left += 1;
  job.done();
}
