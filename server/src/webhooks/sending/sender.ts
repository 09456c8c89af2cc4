import { type Dispatcher, Pool } from "undici";
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

export type PostRequest = {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** From the call to the answer's end. */
  readonly timeoutMs: number;
  /** Cuts it short. */
  readonly signal: AbortSignal;
};

/**
 * How a request leaves: rejects when no answer came, with `TimedOut` after its time. The simulation hands in
 * its own.
 */
export type Post = (request: PostRequest) => Promise<{ readonly status: number; readonly body: string }>;

/** No whole answer came in time. */
export class TimedOut extends Error {
  override readonly name = "TimedOut";
}

/** What is read of an answer. */
const ANSWER_BYTES_MAX = 4_096;
/** What is kept of it. */
const ANSWER_CHARACTERS_KEPT = 500;
/** Origins with an open pool; past it the one unused for longest is closed. */
const ORIGINS_MAX = 512;
const KEEP_ALIVE_MS = 4 * SECOND;
/** PostgreSQL keeps no NUL; other control characters only spoil a list. */
const UNKEPT = /[\p{Cc}\uFFFD]+/gu;
const SUCCESS_BODY = /^\s*success\s*$/i;

export function createSender(deps: {
  readonly clock: Clock;
  readonly rules: TargetRules;
  readonly userAgent: string;
  readonly post?: Post | undefined;
}): Sender {
  const sockets = createSockets(deps.clock, deps.rules);
  const post = deps.post ?? sockets.post;
  const targets = createTargets(deps.rules);

  const send: Sender["send"] = async (delivery, endpoint, at, signal) => {
    try {
      const message = { webhookId: formatId("evt", delivery.eventId), payload: delivery.payload };
      const { status, body } = await post({
        url: targets(endpoint),
        headers: {
          "content-type": "application/json",
          "user-agent": deps.userAgent,
          ...sign(message, endpoint.keys, at),
        },
        body: delivery.payload,
        timeoutMs: TRY_TIMEOUT_MS,
        signal,
      });
      return judge(status, body, endpoint.requireBodySuccess);
    } catch (error) {
      return lost(error as Error);
    }
  };

  return { send, close: sockets.close };
}

/** Requests over one keep-alive pool per origin. */
function createSockets(clock: Clock, rules: TargetRules): { readonly post: Post; close(): void } {
  const pools = new Map<string, Pool>();
  const onCut = createCuts();

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
    post: (request) => dispatch(clock, poolOf(request.url.origin), request, onCut),
    close: () => {
      // Not waited for: what was under way has been cut, and where a library has patched the process's
      // sockets (urllib does) the promise rejects or never settles.
      for (const pool of pools.values()) pool.close().catch(() => undefined);
      pools.clear();
    },
  };
}

type OnCut = (signal: AbortSignal, run: () => void) => () => void;

/** One listener on a signal for all requests: one for each costs as much as the rest of its bookkeeping. */
function createCuts(): OnCut {
  const bySignal = new WeakMap<AbortSignal, Set<() => void>>();
  return (signal, run) => {
    let runs = bySignal.get(signal);
    if (runs === undefined) {
      const all = new Set<() => void>();
      signal.addEventListener("abort", () => {
        for (const each of all) each();
      });
      bySignal.set(signal, all);
      runs = all;
    }
    runs.add(run);
    return () => runs.delete(run);
  };
}

/**
 * One request, by undici's handlers: its promises and body streams would cost as much again as the request.
 * Of the answer the beginning is read; one that breaks off after its status was an answer.
 */
function dispatch(clock: Clock, pool: Pool, wanted: PostRequest, onCut: OnCut): ReturnType<Post> {
  return new Promise((resolve, reject) => {
    const stopping = new Error("the process is stopping");
    if (wanted.signal.aborted) {
      reject(stopping);
      return;
    }
    let controller: Dispatcher.DispatchController | null = null;
    let status: number | null = null;
    const chunks: Buffer[] = [];
    let length = 0;

    let settled = false;
    const settle = () => {
      settled = true;
      cancelDeadline();
      forgetCut();
    };
    const answered = () => {
      if (settled) return;
      settle();
      const body = length === 0 ? "" : Buffer.concat(chunks).subarray(0, ANSWER_BYTES_MAX).toString("utf8");
      if (status === null) reject(new Error("the answer has no status"));
      else resolve({ status, body });
    };
    const lose = (error: Error) => {
      if (settled) return;
      settle();
      reject(error);
      controller?.abort(error);
    };
    const cancelDeadline = clock.after(wanted.timeoutMs, () => {
      if (status === null) lose(new TimedOut(`no answer within ${wanted.timeoutMs / SECOND} s`));
      else {
        answered();
        controller?.abort(new TimedOut("the answer has no end"));
      }
    });
    const forgetCut = onCut(wanted.signal, () => lose(stopping));

    pool.dispatch(
      {
        path: wanted.url.pathname + wanted.url.search,
        method: "POST",
        headers: wanted.headers,
        body: wanted.body,
      },
      {
        onRequestStart(starting) {
          // Given up while it waited for a connection: nobody would hear of it any more.
          if (settled) starting.abort(stopping);
          else controller = starting;
        },
        onResponseStart(_controller, code) {
          if (code >= 200) status = code;
        },
        onResponseData(current, chunk) {
          chunks.push(chunk);
          length += chunk.length;
          if (length < ANSWER_BYTES_MAX) return;
          answered();
          current.abort(new Error("enough was read"));
        },
        onResponseEnd: answered,
        onResponseError(_controller, error) {
          if (status === null) lose(error);
          else answered();
        },
      },
    );
  });
}

/**
 * Where an endpoint's deliveries go. A socket to a literal address never asks the lookup: what the address
 * itself says is judged here, once for what was read of the endpoint.
 */
function createTargets(rules: TargetRules): (endpoint: Endpoint) => URL {
  const known = new WeakMap<Endpoint, URL>();
  return (endpoint) => {
    const present = known.get(endpoint);
    if (present !== undefined) return present;
    const target = readTarget(endpoint.url, rules.production);
    if (!(target instanceof URL)) throw new TargetRefused(target.reason);
    known.set(endpoint, target);
    return target;
  };
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

function judge(status: number, body: string, requireBodySuccess: boolean): Sent {
  const answer = body === "" ? "" : body.replaceAll(UNKEPT, " ").slice(0, ANSWER_CHARACTERS_KEPT);
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

function lost(error: Error & { code?: string; cause?: unknown }): Sent {
  const failed = (fault: TryFault, text: string): Sent => ({
    status: null,
    answer: null,
    fault,
    error: text,
  });
  if (error instanceof TargetRefused) return failed("target", error.message);
  if (error instanceof NameUnknown) return failed("name", error.message);
  if (error instanceof TimedOut || error.code === "UND_ERR_CONNECT_TIMEOUT") {
    return failed("timeout", `no answer within ${TRY_TIMEOUT_MS / SECOND} s`);
  }
  return failed("connection", `the connection failed: ${error.code ?? error.message}`);
}
