/**
 * The load generator, a process of its own: it creates payments, plays the buyer and the channel (each
 * success is reported over HTTP), and receives the webhooks. It is told what to do over the process's channel
 * and tells what it counted.
 */

import { getRequest, type Lanes, openLanes, postRequest } from "./http-lanes.ts";
import { createLatency, type Latency } from "./latency.ts";
import { type Behaviour, type Receiver, startReceiver } from "./receiver.ts";

export type Merchant = { readonly key: string; readonly notifyPath: string };

export type GeneratorCommand =
  | {
      readonly do: "start";
      readonly host: string;
      readonly port: number;
      readonly merchants: readonly Merchant[];
      /** Exponent of the Zipf law by which merchants are drawn; 0: alike. */
      readonly zipf: number;
      readonly lanes: number;
    }
  /**
   * `inFlight`: closed loop with that many payments at a time. `perSecond`: open loop, arrivals by schedule.
   */
  | { readonly do: "phase"; readonly inFlight?: number; readonly perSecond?: number; readonly mix?: Mix }
  | { readonly do: "behave"; readonly path: string; readonly behaviour: Behaviour }
  /** Stops arrivals; what is under way goes on. */
  | { readonly do: "pause" }
  | { readonly do: "count" }
  | { readonly do: "stop" };

/** What each payment is followed by, as shares from 0 to 1. */
export type Mix = { readonly refunds?: number; readonly reads?: number; readonly lists?: number };

export type GeneratorCount = {
  readonly started: number;
  readonly created: number;
  readonly reported: number;
  readonly completed: number;
  readonly refunded: number;
  readonly read: number;
  readonly refused: number;
  readonly broken: number;
  readonly delivered: number;
  readonly createP50: number;
  readonly createP99: number;
  readonly createP999: number;
  readonly outcomeP50: number;
  readonly outcomeP99: number;
  readonly completeP50: number;
  readonly completeP99: number;
  readonly cpuUs: number;
  readonly queued: number;
};

export type GeneratorEvent =
  | { readonly is: "ready"; readonly receiverPort: number }
  | { readonly is: "count"; readonly count: GeneratorCount };

const ATTEMPT = /"channel_order_no":"([^"]+)"/;
const PAYMENT = /"id":"(pay_[^"]+)"/;
const AMOUNT = 1_234;
const TICK_MS = 2;

type State = {
  lanes: Lanes;
  host: string;
  merchants: readonly Merchant[];
  cumulative: Float64Array;
  mix: Mix;
  counts: Record<
    "started" | "created" | "reported" | "completed" | "refunded" | "read" | "refused" | "broken",
    number
  >;
  create: Latency;
  outcome: Latency;
  complete: Latency;
  startedAt: Map<string, number>;
  onEnd: () => void;
};

const run = `${Date.now().toString(36)}`;

function begin(command: Extract<GeneratorCommand, { do: "start" }>): State {
  const { merchants, zipf, host, port } = command;
  const weights = merchants.map((_, index) => 1 / (index + 1) ** zipf);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let sum = 0;
  const cumulative = Float64Array.from(weights, (weight) => {
    sum += weight / total;
    return sum;
  });
  return {
    lanes: openLanes(host, port, command.lanes),
    host: `${host}:${port}`,
    merchants,
    cumulative,
    mix: {},
    counts: {
      started: 0,
      created: 0,
      reported: 0,
      completed: 0,
      refunded: 0,
      read: 0,
      refused: 0,
      broken: 0,
    },
    create: createLatency(),
    outcome: createLatency(),
    complete: createLatency(),
    startedAt: new Map(),
    onEnd: () => {},
  };
}

function draw(state: State): Merchant {
  const chance = Math.random();
  let low = 0;
  let high = state.cumulative.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((state.cumulative[middle] as number) < chance) low = middle + 1;
    else high = middle;
  }
  return state.merchants[low] as Merchant;
}

/** One payment's life. @param dueAt when it should have begun: waiting for a socket counts as latency. */
function pay(state: State, dueAt: number): void {
  const merchant = draw(state);
  const number = `${run}-${state.counts.started}`;
  state.counts.started += 1;
  const body =
    `{"merchant_order_no":"${number}","amount":${AMOUNT},"currency":"CNY","subject":"A cup of tea",` +
    `"method":"instant.qr"}`;
  state.startedAt.set(number, dueAt);
  state.lanes.send(postRequest(state.host, "/v1/payments", merchant.key, body), (created) => {
    const now = performance.now();
    const order = ATTEMPT.exec(created.body)?.[1];
    if (created.status !== 201 || order === undefined) {
      end(state, number, created.status);
      return;
    }
    state.counts.created += 1;
    state.create.add(now - dueAt);
    report(state, merchant, number, order, PAYMENT.exec(created.body)?.[1] as string, now);
  });
}

function report(
  state: State,
  merchant: Merchant,
  number: string,
  order: string,
  payment: string,
  from: number,
) {
  const body = `{"order":"${order}","amount":"${AMOUNT}","trade":"t${number}"}`;
  state.lanes.send(postRequest(state.host, merchant.notifyPath, null, body), (reported) => {
    if (reported.status !== 200) {
      end(state, number, reported.status);
      return;
    }
    state.counts.reported += 1;
    state.outcome.add(performance.now() - from);
    follow(state, merchant, payment, number);
  });
}

function follow(state: State, merchant: Merchant, payment: string, number: string): void {
  const { mix, host, lanes, counts } = state;
  const read = (path: string) => {
    lanes.send(getRequest(host, path, merchant.key), (answer) => {
      if (answer.status === 200) counts.read += 1;
    });
  };
  if (mix.reads !== undefined && Math.random() < mix.reads) read(`/v1/payments/${payment}`);
  if (mix.lists !== undefined && Math.random() < mix.lists) read("/v1/payments?limit=20");
  if (mix.refunds !== undefined && Math.random() < mix.refunds) {
    const body = `{"merchant_refund_no":"r${number}","amount":234}`;
    lanes.send(postRequest(host, `/v1/payments/${payment}/refunds`, merchant.key, body), (answer) => {
      if (answer.status === 201) counts.refunded += 1;
      else counts.refused += 1;
    });
  }
}

function end(state: State, number: string, status: number): void {
  if (status === 0) state.counts.broken += 1;
  else state.counts.refused += 1;
  state.startedAt.delete(number);
  state.onEnd();
}

function completed(state: State, number: string): void {
  const from = state.startedAt.get(number);
  // A repeated delivery completes nothing twice.
  if (from === undefined) return;
  state.startedAt.delete(number);
  state.counts.completed += 1;
  state.complete.add(performance.now() - from);
  state.onEnd();
}

/** Begins a phase; the returned function ends its arrivals. */
function phase(state: State, command: Extract<GeneratorCommand, { do: "phase" }>): () => void {
  state.mix = command.mix ?? {};
  state.create = createLatency();
  state.outcome = createLatency();
  state.complete = createLatency();
  if (command.inFlight !== undefined) {
    state.onEnd = () => pay(state, performance.now());
    for (let i = 0; i < command.inFlight; i += 1) pay(state, performance.now());
    return () => {
      state.onEnd = () => {};
    };
  }
  state.onEnd = () => {};
  const gapMs = 1_000 / (command.perSecond ?? 1);
  let due = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    for (; due <= now; due += gapMs) pay(state, due);
  }, TICK_MS);
  return () => clearInterval(timer);
}

function countOf(state: State, receiver: Receiver): GeneratorCount {
  const usage = process.cpuUsage();
  return {
    ...state.counts,
    delivered: receiver.received(),
    createP50: state.create.percentile(0.5),
    createP99: state.create.percentile(0.99),
    createP999: state.create.percentile(0.999),
    outcomeP50: state.outcome.percentile(0.5),
    outcomeP99: state.outcome.percentile(0.99),
    completeP50: state.complete.percentile(0.5),
    completeP99: state.complete.percentile(0.99),
    cpuUs: usage.user + usage.system,
    queued: state.lanes.queued(),
  };
}

async function main(): Promise<void> {
  let state: State | null = null;
  let endPhase = () => {};
  const receiver = await startReceiver((number) => {
    if (state !== null) completed(state, number);
  });
  const send = (event: GeneratorEvent) => process.send?.(event);
  process.on("message", (command: GeneratorCommand) => {
    if (command.do === "start") state = begin(command);
    else if (command.do === "behave") receiver.behave(command.path, command.behaviour);
    else if (command.do === "stop") process.exit(0);
    else if (state !== null && command.do === "count") send({ is: "count", count: countOf(state, receiver) });
    else if (state !== null) {
      endPhase();
      state.onEnd = () => {};
      if (command.do === "phase") endPhase = phase(state, command);
    }
  });
  process.on("disconnect", () => process.exit(0));
  send({ is: "ready", receiverPort: receiver.port });
}

await main();
