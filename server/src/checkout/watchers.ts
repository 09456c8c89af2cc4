/**
 * Live status: pages that look at payments are told of every change, by server-sent events. A process looks
 * at all watched payments with one question per round, however many pages there are.
 */
import { Readable } from "node:stream";
import { type Clock, MINUTE, SECOND } from "../kernel/clock.ts";
import type { Id } from "../kernel/ids.ts";
import type { Log } from "../kernel/log.ts";
import type { CheckoutState } from "./view.ts";

/** Between two looks at what is watched. */
export const LOOK_MS = SECOND;
/** Something is said at least this often, so that proxies keep the connection and the page knows it lives. */
export const BEAT_MS = 15 * SECOND;
/** A connection ends after this; a page that is still open comes again. */
export const STREAM_MS_MAX = 15 * MINUTE;
/** After losing the connection a browser waits this long. */
const RETRY_MS = 3 * SECOND;
const STREAMS_MAX = 2_000;
/** Pages of one payment: the buyer's computer and phone, each opened twice. More is nobody's buyer. */
const STREAMS_PER_PAYMENT_MAX = 8;
/** Payments per question. */
const LOOK_CHUNK = 250;
/** A browser that takes nothing of what is sent is gone. */
const UNREAD_BYTES_MAX = 64 * 1024;

export type Watchers = {
  /** A stream of events that begins with the payment's present state; null: no room, the page polls. */
  watch(paymentId: Id, state: CheckoutState): Readable | null;
  /** Ends every stream, so that nothing waits for them. */
  stop(): void;
  readonly gauges: { readonly streams: number; readonly payments: number; readonly refused: number };
};

export type WatchersDeps = {
  readonly clock: Clock;
  readonly log: Log;
  /** The present states of payments; what there is none of is left out. */
  readonly look: (paymentIds: readonly Id[]) => Promise<ReadonlyMap<Id, CheckoutState>>;
  readonly streamsMax?: number;
};

type Stream = { readonly out: Readable; readonly openedAt: number; saidAt: number };
type Watched = { face: string; readonly streams: Set<Stream> };

export function createWatchers(deps: WatchersDeps): Watchers {
  const { clock, log } = deps;
  const streamsMax = deps.streamsMax ?? STREAMS_MAX;
  const watched = new Map<Id, Watched>();
  const gauges = { streams: 0, payments: 0, refused: 0 };
  let cancel: (() => void) | null = null;
  let stopped = false;

  const say = (stream: Stream, text: string) => {
    stream.saidAt = clock.now().getTime();
    stream.out.push(text);
    if (stream.out.readableLength > UNREAD_BYTES_MAX) stream.out.destroy();
  };
  const leave = (paymentId: Id, stream: Stream) => {
    const entry = watched.get(paymentId);
    if (entry === undefined || !entry.streams.delete(stream)) return;
    gauges.streams -= 1;
    if (entry.streams.size === 0) watched.delete(paymentId);
    gauges.payments = watched.size;
  };
  const end = (paymentId: Id, stream: Stream) => {
    leave(paymentId, stream);
    stream.out.push(null);
  };

  const tell = (paymentId: Id, entry: Watched, state: CheckoutState) => {
    const face = faceOf(state);
    const changed = face !== entry.face;
    entry.face = face;
    for (const stream of entry.streams) {
      if (changed) say(stream, stateEvent(state));
      if (state.payment.status_final) end(paymentId, stream);
    }
  };
  const keepAlive = (nowMs: number) => {
    for (const [paymentId, { streams }] of watched) {
      for (const stream of streams) {
        if (nowMs - stream.openedAt >= STREAM_MS_MAX) end(paymentId, stream);
        else if (nowMs - stream.saidAt >= BEAT_MS) say(stream, BEAT);
      }
    }
  };
  const round = async () => {
    const ids = [...watched.keys()];
    for (let at = 0; at < ids.length; at += LOOK_CHUNK) {
      const states = await deps.look(ids.slice(at, at + LOOK_CHUNK));
      for (const [paymentId, state] of states) {
        const entry = watched.get(paymentId);
        if (entry !== undefined) tell(paymentId, entry, state);
      }
    }
  };
  const arm = () => {
    if (cancel !== null || stopped || watched.size === 0) return;
    cancel = clock.after(LOOK_MS, () => {
      round()
        .catch((error: unknown) => log.warn({ err: error }, "the watched payments could not be looked at"))
        .finally(() => {
          keepAlive(clock.now().getTime());
          cancel = null;
          arm();
        });
    });
  };

  return {
    watch: (paymentId, state) => {
      const entry = watched.get(paymentId) ?? { face: faceOf(state), streams: new Set<Stream>() };
      if (stopped || gauges.streams >= streamsMax || entry.streams.size >= STREAMS_PER_PAYMENT_MAX) {
        gauges.refused += 1;
        return null;
      }
      const now = clock.now().getTime();
      const stream: Stream = { out: new Readable({ read: () => {} }), openedAt: now, saidAt: now };
      // This state may be older than what the others were told last: then the next look tells all again.
      if (entry.face !== faceOf(state)) entry.face = "";
      entry.streams.add(stream);
      watched.set(paymentId, entry);
      gauges.streams += 1;
      gauges.payments = watched.size;
      stream.out.once("close", () => leave(paymentId, stream));
      say(stream, `retry: ${RETRY_MS}\n${stateEvent(state)}`);
      arm();
      return stream.out;
    },
    stop: () => {
      stopped = true;
      cancel?.();
      for (const [paymentId, { streams }] of watched) {
        for (const stream of streams) end(paymentId, stream);
      }
    },
    gauges,
  };
}

/** A comment keeps proxies awake; the page, which hears no comments, hears the event. */
const BEAT = ": beat\nevent: beat\ndata: 1\n\n";

function stateEvent(state: CheckoutState): string {
  return `event: state\ndata: ${JSON.stringify(state)}\n\n`;
}

/** What a change is a change of: all but the clock. */
function faceOf({ server_time: _, ...face }: CheckoutState): string {
  return JSON.stringify(face);
}
