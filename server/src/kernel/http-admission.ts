import type { FastifyRequest } from "fastify";
import { problem } from "./errors.ts";
import type { Http } from "./http.ts";

/**
 * Requests that are under way at once: each holds a socket, its buffers and a place in some queue. At 5,300
 * payments a second answered within 71 ms some 800 are; five times as many means that something behind is
 * slow.
 */
export const REQUESTS_IN_FLIGHT_MAX = 4_096;

/** How much of the room each kind may fill; in order of what a refusal costs. */
const SHARES = {
  /** Nothing exists yet: its merchant comes again, and nobody's money waits. */
  creation: 0.5,
  /** Somebody looks, gives back or closes. */
  other: 0.75,
  /** The channel says what became of money; refused, it is repeated, but later. */
  notification: 1,
  /** Whoever watches the process. */
  watcher: Number.POSITIVE_INFINITY,
} as const;

export type Room = {
  /** Requests under way. */
  readonly inFlight: () => number;
  readonly inFlightMax: number;
  /** Whether a creation would wait too long for what is behind the requests. */
  readonly isBehind: () => boolean;
};

/**
 * Refuses with `overloaded`, before anything is read, what has no room: creations first, channels'
 * notifications last. Whoever watches the process is always answered. In a crowd most requests are
 * refused, and what reading them costs would be taken from those that are not.
 */
export function admitByImportance(app: Http, { inFlight, inFlightMax, isBehind }: Room): void {
  app.addHook("onRequest", (request, _, done) => {
    const present = inFlight();
    const kind = kindOf(request);
    if (present > inFlightMax * SHARES[kind] || (kind === "creation" && isBehind())) {
      done(problem("overloaded", { retryAfterSeconds: 1 }));
    } else done();
  });
}

const STREAM = /^\/pay\/[^/?]+\/events$/;

/**
 * Whether a request stays open while nothing happens: the cashier's live status, which its room bounds by
 * itself. It takes no part in what is under way.
 */
export function isStream(url: string | undefined): boolean {
  return url !== undefined && STREAM.test(url);
}

function kindOf({ method, raw }: FastifyRequest): keyof typeof SHARES {
  const url = raw.url ?? "";
  if (method === "POST" && url === "/v1/payments") return "creation";
  if (url.startsWith("/notify/")) return "notification";
  if (url === "/health" || url === "/ready" || url === "/metrics") return "watcher";
  return "other";
}
