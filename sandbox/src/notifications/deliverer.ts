import { Agent, request } from "undici";
import type { SandboxClock } from "../clock.ts";
import type { SandboxStore } from "../store/index.ts";
import { afterTry, type Notification, type NotificationKind, notifications, type Try } from "./model.ts";

const inFlightMax = 64;
const timeoutMs = 10_000;
/** Longer than a delivery can take, so that no second one starts meanwhile. */
const leaseMs = 3 * timeoutMs;
const bodyMax = 4_096;

/** One delivery as it goes over the wire. */
export type Message = { headers: Record<string, string>; body: string };

/** How a message leaves: rejects when no answer came. The simulation hands in its own. */
export type PostMessage = (
  request: Message & { url: string; signal: AbortSignal },
) => Promise<{ status: number; body: string }>;

/** A channel that notifies: what its notifications are like, and how one is put into a message. */
export type NotifyingChannel = {
  kind: NotificationKind;
  /** The message, signed as the channel would sign it at this moment; a forgery as its kind tells. */
  compose: (notification: Notification, now: Date) => Promise<Message>;
};

export type DelivererDeps = {
  store: SandboxStore;
  clock: SandboxClock;
  log: (line: string) => void;
  channels: readonly NotifyingChannel[];
  /** How requests leave; sockets when absent. */
  post?: PostMessage | undefined;
};

/** Sends what is due. Nothing but the store remembers it, so a restart loses nothing. */
export class Deliverer {
  readonly #deps: DelivererDeps;
  readonly #agent = new Agent({
    connectTimeout: timeoutMs,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
  });
  /** Each delivery under way, and how to give it up. */
  readonly #inFlight = new Map<Promise<void>, AbortController>();

  readonly #send: PostMessage = async ({ url, headers, body, signal }) => {
    const response = await request(url, {
      method: "POST",
      dispatcher: this.#agent,
      signal,
      headers,
      body,
    });
    return { status: response.statusCode, body: await firstBytes(response.body, bodyMax) };
  };

  constructor(deps: DelivererDeps) {
    this.#deps = deps;
  }

  /**
   * Starts every delivery that is due and not already under way, without waiting for answers; false when too
   * many are.
   */
  async startDue(onDone: () => void): Promise<boolean> {
    const { store, clock } = this.#deps;
    const free = inFlightMax - this.#inFlight.size;
    if (free <= 0) return false;
    const now = clock.now();
    const due = await store.claimDue(notifications, now, free, new Date(now.getTime() + leaseMs));
    for (const notification of due) {
      const giveUp = new AbortController();
      const sending = this.#deliver(notification, giveUp.signal).catch((error: unknown) => {
        this.#deps.log(`notification ${notification.id}: ${String(error)}`);
      });
      this.#inFlight.set(sending, giveUp);
      void sending.finally(() => {
        this.#inFlight.delete(sending);
        onDone();
      });
    }
    return this.#inFlight.size < inFlightMax;
  }

  /** Gives up what is under way; it is due again when its lease ends. */
  async stop(): Promise<void> {
    for (const giveUp of this.#inFlight.values()) giveUp.abort();
    await Promise.all(this.#inFlight.keys());
    // Not waited for, and its failure is nobody's: nothing is under way on these sockets any more. Where
    // urllib (of Alipay's SDK) has patched the process's sockets, the promise rejects or never settles.
    this.#agent.close().catch(() => undefined);
  }

  async #deliver(notification: Notification, signal: AbortSignal): Promise<void> {
    const { store, clock, channels } = this.#deps;
    const channel = channels.find(({ kind }) => kind.name === notification.channel);
    if (!channel) throw new Error(`there is no channel ${notification.channel}`);
    const started = clock.now();
    const message = await channel.compose(notification, started);
    const made = await this.#post(notification.url, message, started, signal);
    if (signal.aborted) return;
    await store.transaction(async (tx) => {
      const current = await tx.lock(notifications, notification.id);
      if (current) await tx.update(notifications, afterTry(channel.kind, current, made));
      if (notification.held) return;
      const { records } = await tx.list(notifications, { group: notification.outTradeNo, limit: 50 });
      for (const other of records) {
        if (!other.held || other.orderId !== notification.orderId) continue;
        const held = await tx.lock(notifications, other.id);
        if (held?.held) await tx.update(notifications, { ...held, held: false, dueAt: clock.now() });
      }
    });
  }

  async #post(url: string, message: Message, at: Date, signal: AbortSignal): Promise<Try> {
    const tried = { at, status: null, body: null, error: null };
    const duration = (): number => this.#deps.clock.now().getTime() - at.getTime();
    try {
      const post = this.#deps.post ?? this.#send;
      const response = await post({ ...message, url, signal });
      return { ...tried, ...response, durationMs: duration() };
    } catch (error) {
      return {
        ...tried,
        error: error instanceof Error ? error.message : String(error),
        durationMs: duration(),
      };
    }
  }
}

async function firstBytes(body: AsyncIterable<Uint8Array>, max: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > max) break;
  }
  return Buffer.concat(chunks).subarray(0, max).toString("utf8");
}
