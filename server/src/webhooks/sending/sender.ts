import type { Readable } from "node:stream";
import { Pool } from "undici";
import type { Clock } from "../../kernel/clock.ts";
import { SECOND } from "../../kernel/clock.ts";
import { formatId } from "../../kernel/ids.ts";
import { type Delivery, type Endpoint, TRY_TIMEOUT_MS, type TryFault } from "../model.ts";
import { sign } from "./signature.ts";
import { checkedLookup, NameUnknown, readTarget, TargetRefused, type TargetRules } from "./target.ts";

/** What came of one request. */
export type Sent = {
  readonly status: number | null;
  readonly answer: string | null;
  readonly fault: TryFault | null;
  readonly error: string | null;
};

/** One request of a delivery: signed, timed, never redirected, never thrown out of. */
export type Sender = {
  /** @param at the instant that the request is signed with. */
  send(delivery: Delivery, endpoint: Endpoint, at: Date, signal: AbortSignal): Promise<Sent>;
  /** Cuts every connection. */
  close(): void;
};

/** How a request leaves: rejects when no answer came. The simulation hands in its own. */
export type Post = (request: {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly signal: AbortSignal;
}) => Promise<{ readonly status: number; readonly body: string }>;

/** What is read of an answer. */
const ANSWER_BYTES_MAX = 4_096;
/** What is kept of it. */
const ANSWER_CHARACTERS_KEPT = 500;
/** Origins with an open pool; past it the one unused for longest is closed. */
const ORIGINS_MAX = 512;
const KEEP_ALIVE_MS = 4 * SECOND;
const SUCCESS_BODY = /^\s*success\s*$/i;

export function createSender(deps: {
  readonly clock: Clock;
  readonly rules: TargetRules;
  readonly userAgent: string;
  readonly post?: Post | undefined;
}): Sender {
  const sockets = createSockets(deps.rules);
  const post = deps.post ?? sockets.post;

  const send: Sender["send"] = async (delivery, endpoint, at, signal) => {
    const timeout = new AbortController();
    const cancel = deps.clock.after(TRY_TIMEOUT_MS, () => timeout.abort());
    try {
      const { status, body } = await post({
        url: targetOf(endpoint, deps.rules),
        headers: {
          "content-type": "application/json",
          "user-agent": deps.userAgent,
          ...sign(
            { webhookId: formatId("evt", delivery.eventId), payload: delivery.payload },
            endpoint.keys,
            at,
          ),
        },
        body: delivery.payload,
        signal: AbortSignal.any([signal, timeout.signal]),
      });
      return judge(status, body, endpoint.requireBodySuccess);
    } catch (error) {
      return lost(error as Error, timeout.signal.aborted);
    } finally {
      cancel();
    }
  };

  return { send, close: sockets.close };
}

/** Requests over one keep-alive pool per origin. */
function createSockets(rules: TargetRules): { readonly post: Post; close(): void } {
  const pools = new Map<string, Pool>();

  const poolOf = (origin: string): Pool => {
    const known = pools.get(origin);
    // Re-inserting keeps the map in order of last use.
    pools.delete(origin);
    const pool = known ?? openPool(origin, rules);
    pools.set(origin, pool);
    const [eldest] = pools;
    if (pools.size > ORIGINS_MAX && eldest !== undefined) {
      pools.delete(eldest[0]);
      void eldest[1].close();
    }
    return pool;
  };

  return {
    post: async ({ url, headers, body, signal }) => {
      const response = await poolOf(url.origin).request({
        method: "POST",
        path: url.pathname + url.search,
        headers,
        body,
        signal,
      });
      return { status: response.statusCode, body: await readBeginning(response.body) };
    },
    close: () => {
      // Not waited for: what was under way has been cut, and where a library has patched the process's
      // sockets (urllib does) the promise rejects or never settles.
      for (const pool of pools.values()) pool.close().catch(() => undefined);
      pools.clear();
    },
  };
}

/**
 * A socket to a literal address never asks the lookup: what the address itself says is judged here, at every
 * try.
 */
function targetOf(endpoint: Endpoint, rules: TargetRules): URL {
  const target = readTarget(endpoint.url, rules.production);
  if (target instanceof URL) return target;
  throw new TargetRefused(target.reason);
}

/**
 * Connections are not limited here: endpoints of one origin would wait for each other, and each has its own
 * limit of deliveries in flight. HTTP/2 is off, since one connection would carry them all.
 */
function openPool(origin: string, rules: TargetRules): Pool {
  return new Pool(origin, {
    connect: { lookup: checkedLookup(rules), timeout: TRY_TIMEOUT_MS },
    allowH2: false,
    pipelining: 1,
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAliveMaxTimeout: KEEP_ALIVE_MS,
    // The try's own time-out rules.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
}

/** Reads no further than the limit; an answer that breaks off later still was an answer. */
async function readBeginning(body: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      length += chunk.length;
      if (length >= ANSWER_BYTES_MAX) break;
    }
  } catch {
    // The status has arrived, and with it the answer that counts.
  }
  body.destroy();
  return Buffer.concat(chunks).subarray(0, ANSWER_BYTES_MAX).toString("utf8");
}

function judge(status: number, body: string, requireBodySuccess: boolean): Sent {
  // PostgreSQL keeps no NUL; other control characters only spoil a list.
  const answer = body.replaceAll(/[\p{Cc}\uFFFD]+/gu, " ").slice(0, ANSWER_CHARACTERS_KEPT);
  const failed = (fault: TryFault, error: string): Sent => ({ status, answer, fault, error });
  if (status >= 300 && status < 400)
    return failed("redirect", `answered ${status}; redirects are not followed`);
  if (status === 410)
    return failed("status", "answered 410 Gone; disable the endpoint if it is no longer used");
  if (status < 200 || status >= 300) return failed("status", `answered ${status}`);
  if (requireBodySuccess && !SUCCESS_BODY.test(body)) {
    return failed("body", `answered ${status} without the body success that this endpoint requires`);
  }
  return { status, answer, fault: null, error: null };
}

function lost(error: Error & { code?: string; cause?: unknown }, timedOut: boolean): Sent {
  const failed = (fault: TryFault, text: string): Sent => ({
    status: null,
    answer: null,
    fault,
    error: text,
  });
  if (error instanceof TargetRefused) return failed("target", error.message);
  if (error instanceof NameUnknown) return failed("name", error.message);
  if (timedOut || error.code === "UND_ERR_CONNECT_TIMEOUT") {
    return failed("timeout", `no answer within ${TRY_TIMEOUT_MS / SECOND} s`);
  }
  return failed("connection", `the connection failed: ${error.code ?? error.message}`);
}
