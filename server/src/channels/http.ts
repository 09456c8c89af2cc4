import { createHash } from "node:crypto";
import { type Dispatcher, Pool } from "undici";
import type { Clock } from "../kernel/clock.ts";
import { SECOND } from "../kernel/clock.ts";
import type { ChannelHttp, ChannelNetwork, ClientCertificate } from "./port.ts";
import { tunnelConnector } from "./tunnel.ts";

type HttpRequest = Parameters<ChannelHttp["request"]>[0];
type Wire = Omit<ChannelNetwork, "owner">;
type HttpResult = Awaited<ReturnType<ChannelHttp["request"]>>;

export type ChannelHttpLimits = {
  /** Sockets to one origin; further requests wait their turn within their own time-out. */
  readonly connectionsPerOriginMax: number;
  /** Open pools; past it the one unused for longest is closed. */
  readonly poolsMax: number;
  /** When a connection attempt nobody waits for any more is dropped. */
  readonly connectTimeoutMs: number;
};

const LIMITS: ChannelHttpLimits = {
  connectionsPerOriginMax: 128,
  poolsMax: 1_024,
  connectTimeoutMs: 10 * SECOND,
};

/**
 * HTTP to channels over one keep-alive pool per channel account, origin and client certificate, through the
 * account's proxy where it has one; `limits` rule where a request names no account. A request ends `not_sent`
 * exactly when not one byte of it was handed to a socket: the name did not resolve, the connection or its TLS
 * handshake failed, the proxy opened no tunnel, or the time-out passed while it waited for a connection. From
 * the first byte on it is `unknown` unless a whole answer arrived. It never throws, follows no redirect and
 * repeats nothing.
 *
 * `close()` lets what is under way end (each within its own time-out) and refuses what comes later as
 * `not_sent`.
 */
export function createChannelHttp(
  deps: { readonly clock: Clock },
  limits: ChannelHttpLimits = LIMITS,
): ChannelHttp & { close(): Promise<void> } {
  const pools = new Map<string, { readonly pool: Pool; readonly settings: string }>();
  const underWay = new Set<Promise<HttpResult>>();
  let closed = false;

  function poolOf(origin: string, { network, clientCertificate }: HttpRequest): Pool {
    const owner = network?.owner ?? "";
    const shown = clientCertificate === undefined ? "" : fingerprint(clientCertificate);
    const name = `${owner} ${origin} ${shown}`;
    const wanted = network ?? unowned(limits);
    const settings = JSON.stringify([wanted.proxyUrl, wanted.connectionsMax, wanted.connectTimeoutMs]);
    const known = pools.get(name);
    // Re-inserting keeps the map in order of last use.
    pools.delete(name);
    const isSame = known?.settings === settings;
    // What is under way goes on as it began.
    if (known !== undefined && !isSame) retire(known.pool);
    const pool = isSame ? known.pool : openPool(deps.clock, origin, wanted, clientCertificate);
    pools.set(name, { pool, settings });
    const [eldest] = pools;
    if (pools.size > limits.poolsMax && eldest !== undefined) {
      pools.delete(eldest[0]);
      retire(eldest[1].pool);
    }
    return pool;
  }

  async function request(wanted: HttpRequest): Promise<HttpResult> {
    if (closed) return { end: "not_sent", reason: "the process is stopping" };
    const url = URL.parse(wanted.url);
    if (url === null || !/^https?:$/.test(url.protocol)) {
      return { end: "not_sent", reason: `not an HTTP address: ${wanted.url.slice(0, 200)}` };
    }
    const result = dispatch(deps.clock, poolOf(url.origin, wanted), url, wanted);
    underWay.add(result);
    try {
      return await result;
    } finally {
      underWay.delete(result);
    }
  }

  async function close(): Promise<void> {
    closed = true;
    await Promise.all(underWay);
    // Nothing is under way any more, so nothing is waited for.
    for (const { pool } of pools.values()) retire(pool);
    pools.clear();
  }

  return { request, close };
}

/**
 * HTTP/2 is off: on it one broken connection takes many requests with it, and a refused stream may be
 * replayed. Pipelining is one for the same reason. undici's own answer time-outs are off because they tick in
 * half seconds; ours rules.
 */
function openPool(
  clock: Clock,
  origin: string,
  network: Wire,
  certificate: ClientCertificate | undefined,
): Pool {
  const { connectionsMax: connections, connectTimeoutMs, proxyUrl } = network;
  const shown = certificate === undefined ? {} : { key: certificate.key, cert: certificate.cert };
  const tls = { allowH2: false as const, timeout: connectTimeoutMs, ...shown };
  return new Pool(origin, {
    allowH2: false,
    pipelining: 1,
    connections,
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: proxyUrl === null ? tls : tunnelConnector(clock, new URL(proxyUrl), tls),
  });
}

/**
 * Lets what is under way end and takes nothing more. Where a library has patched the process's sockets
 * (urllib does), the promise rejects or never settles, and nothing is to be done about either.
 */
function retire(pool: Pool): void {
  pool.close().catch(() => undefined);
}

function unowned(limits: ChannelHttpLimits): Wire {
  const { connectionsPerOriginMax: connectionsMax, connectTimeoutMs } = limits;
  return { proxyUrl: null, connectionsMax, connectTimeoutMs };
}

/** A connection belongs to who showed his certificate on it: nobody else's request may go over it. */
function fingerprint({ key, cert }: ClientCertificate): string {
  return createHash("sha256").update(`${cert}\n${key}`).digest("hex");
}

function dispatch(clock: Clock, pool: Pool, url: URL, wanted: HttpRequest): Promise<HttpResult> {
  return new Promise((resolve) => {
    let settled = false;
    let controller: Dispatcher.DispatchController | null = null;
    let response: { status: number; headers: Record<string, string> } | null = null;
    const chunks: Buffer[] = [];
    let received = 0;

    function settle(result: HttpResult): void {
      if (settled) return;
      settled = true;
      cancelDeadline();
      resolve(result);
    }
    /**
     * undici starts a request immediately before it writes it, so "started" is the line between the two ends.
     */
    function lose(reason: string): void {
      settle({ end: controller === null ? "not_sent" : "unknown", reason });
    }
    const cancelDeadline = clock.after(wanted.timeoutMs, () => {
      const missing = controller === null ? "connection" : "complete answer";
      lose(`no ${missing} within ${wanted.timeoutMs} ms`);
      controller?.abort(new Error("time-out"));
    });

    pool.dispatch(
      {
        path: url.pathname + url.search,
        method: wanted.method,
        headers: wanted.headers,
        body: wanted.body,
        idempotent: false,
      },
      {
        onRequestStart(starting) {
          // Given up while it waited for a connection, or undici puts it on a second socket: it must not be
          // written.
          if (settled || controller !== null) {
            starting.abort(new Error("not to be sent"));
            lose("the connection was lost");
            return;
          }
          controller = starting;
        },
        onResponseStart(_controller, status, headers) {
          if (status >= 200) response = { status, headers: flatten(headers) };
        },
        onResponseData(current, chunk) {
          received += chunk.length;
          if (received > wanted.responseBytesMax) {
            lose(`the answer is larger than ${wanted.responseBytesMax} bytes`);
            current.abort(new Error("too large"));
            return;
          }
          chunks.push(chunk);
        },
        onResponseEnd() {
          if (response === null) lose("the answer has no status");
          else settle({ end: "response", ...response, body: Buffer.concat(chunks) });
        },
        onResponseError(_controller, error) {
          lose(reasonOf(error));
        },
      },
    );
  });
}

function flatten(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) flat[name] = Array.isArray(value) ? value.join(", ") : value;
  }
  return flat;
}

/** An attempt at several addresses fails with an AggregateError that has a code but no message. */
function reasonOf(error: Error & { code?: string; errors?: readonly Error[] }): string {
  const inner = error.errors?.map((one) => one.message).join("; ") ?? "";
  return [error.code, error.message || inner].filter(Boolean).join(": ");
}
