/** What the bench tells the generator's process, and what that counts. */
import type { Behaviour } from "./receiver.ts";

export type Merchant = { readonly key: string; readonly notifyPath: string };

export type StartCommand = {
  readonly do: "start";
  readonly host: string;
  readonly port: number;
  readonly merchants: readonly Merchant[];
  /** Exponent of the Zipf law by which merchants are drawn; 0: alike. */
  readonly zipf: number;
  /** Sockets at most. */
  readonly lanes: number;
  /** Begins every order number, so that no request repeats one of another run. */
  readonly run: string;
  /** The skeleton tells nobody: its payments are complete when their report is answered. */
  readonly completeOn: "webhook" | "report";
};

export type PhaseCommand = {
  readonly do: "phase";
  /** Closed loop: so many payments at a time. */
  readonly inFlight?: number;
  /** Open loop: arrivals by schedule, whatever is answered. */
  readonly perSecond?: number;
  readonly mix?: Mix;
  /** Only the first so many merchants take part; all where absent. */
  readonly merchants?: number;
  /** Goes on with the latencies of the phase before. */
  readonly keepLatency?: boolean;
};

export type GeneratorCommand =
  | StartCommand
  | PhaseCommand
  | { readonly do: "behave"; readonly path: string; readonly behaviour: Behaviour }
  /** Opens every socket, each with a request that asks for nothing; they count as errands. */
  | { readonly do: "connect" }
  /** Stops arrivals; what is under way goes on. */
  | { readonly do: "pause" }
  | { readonly do: "count" }
  /** Every payment so far, and what was acknowledged of it. */
  | { readonly do: "acknowledged" }
  | { readonly do: "stop" };

/** What each payment is followed by, as shares from 0 to 1. */
export type Mix = {
  readonly refunds?: number;
  readonly reads?: number;
  readonly lists?: number;
  readonly timelines?: number;
};

export const COUNTED = [
  /** Arrivals. */
  "started",
  /** Creations answered with 201. */
  "created",
  /** Reports acknowledged: the success is durable. */
  "reported",
  /** The merchant has been told (the skeleton: reported). */
  "completed",
  "refunded",
  "read",
  /** Creations answered with 503 and Retry-After, before anything happened. */
  "shed",
  /** Reports sent again after a 503, as channels do. */
  "repeated",
  /** Any other answer that was not hoped for. */
  "refused",
  /** Connections that broke before their answer. */
  "broken",
] as const;
export type Counted = (typeof COUNTED)[number];

export const TIMED = [
  /** A creation's answer, since it was due. */
  "create",
  /** A report's acknowledgement, since it was sent first. */
  "outcome",
  /** From when a payment was due to its webhook's arrival. */
  "complete",
  "refund",
  "read",
  "list",
] as const;
export type Timed = (typeof TIMED)[number];

/** Milliseconds. */
export type Percentiles = {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
};

export type GeneratorCount = Readonly<Record<Counted, number>> & {
  readonly delivered: number;
  /** Since the first phase that it was not kept over. */
  readonly latency: Readonly<Record<Timed, Percentiles>>;
  /** Of creations answered since the last count. */
  readonly createSince: Percentiles;
  /** Of payments completed since the last count. */
  readonly completeSince: Percentiles;
  readonly cpuUs: number;
  /** Requests that wait for a socket. */
  readonly queued: number;
  /** Reads and refunds that are not answered yet. */
  readonly errands: number;
};

/** Bits of what was acknowledged of a payment. */
export const ACKNOWLEDGED = { created: 1, reported: 2, refunded: 4, completed: 8 } as const;

export type GeneratorEvent =
  | { readonly is: "ready"; readonly receiverPort: number }
  | { readonly is: "count"; readonly count: GeneratorCount }
  /** `flags`: base64 of one byte for each payment, in the order of their numbers. */
  | { readonly is: "acknowledged"; readonly flags: string };

const NUMBER_DIGITS = 9;

/** A payment's order number: as long for every payment of a run. */
export function orderNumber(run: string, index: number): string {
  return `${run}-${String(index).padStart(NUMBER_DIGITS, "0")}`;
}

/** The payment that an order number names, or null when it is of another run. */
export function indexOfNumber(run: string, number: string): number | null {
  if (number.length !== run.length + 1 + NUMBER_DIGITS || !number.startsWith(run)) return null;
  return Number(number.slice(run.length + 1));
}
