import { CONNECTION_FAILED, errorOf, TributaryError } from "./errors.ts";

export type TransportOptions = {
  /** The platform's address, such as `https://pay.example.com`. */
  readonly baseUrl: string;
  /** Your secret key, `sk_…`. Keep it on your server. */
  readonly secretKey: string;
  /** How long one request may take; 30 s by default. */
  readonly timeoutMs?: number;
  /** How often a call that may safely be repeated is repeated; 3 by default, 0 for never. */
  readonly retriesMax?: number;
  /** The pause before the first repetition, doubled before each further one; 250 ms by default. */
  readonly retryDelayMs?: number;
  /** What sends requests; the platform's own `fetch` by default. */
  readonly fetch?: typeof fetch;
};

/** What a caller may say about one call. */
export type CallOptions = {
  /** Gives up when aborted; what was sent may still happen. */
  readonly signal?: AbortSignal;
};

export type Call = {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly body?: unknown;
  /**
   * Whether doing it twice is doing it once: reading, or writing under a number of its own. Only then is a
   * call repeated that may already have been carried out.
   */
  readonly repeatable: boolean;
};

export type Transport = <Result>(call: Call, options?: CallOptions) => Promise<Result>;

const TIMEOUT_MS = 30_000;
const RETRIES_MAX = 3;
const RETRY_DELAY_MS = 250;
const RETRY_DELAY_MAX_MS = 10_000;

/** The platform promises that it did nothing: any call may be sent again. */
const NOTHING_HAPPENED: readonly string[] = ["overloaded", "stopping", "rate_limited"];

export function createTransport(options: TransportOptions): Transport {
  const base = options.baseUrl.replace(/\/+$/, "");
  const retriesMax = options.retriesMax ?? RETRIES_MAX;
  const firstDelayMs = options.retryDelayMs ?? RETRY_DELAY_MS;

  return async <Result>(call: Call, callOptions: CallOptions = {}) => {
    for (let retries = 0; ; retries += 1) {
      const outcome = await once(options, base, call, callOptions.signal);
      if (outcome.end === "answered") return outcome.result as Result;
      const { error, retryAfterMs } = outcome;
      const again = error.retryable && (call.repeatable || NOTHING_HAPPENED.includes(error.code));
      if (!again || retries >= retriesMax) throw error;
      const delayMs = retryAfterMs ?? firstDelayMs * 2 ** retries * (0.5 + Math.random() / 2);
      await pause(Math.min(delayMs, RETRY_DELAY_MAX_MS), callOptions.signal);
    }
  };
}

type Outcome =
  | { readonly end: "answered"; readonly result: unknown }
  | { readonly end: "failed"; readonly error: TributaryError; readonly retryAfterMs: number | null };

async function once(
  options: TransportOptions,
  base: string,
  call: Call,
  signal: AbortSignal | undefined,
): Promise<Outcome> {
  const timeout = AbortSignal.timeout(options.timeoutMs ?? TIMEOUT_MS);
  const send = options.fetch ?? globalThis.fetch;
  let answer: Response;
  let text: string;
  try {
    answer = await send(addressOf(base, call), {
      method: call.method,
      headers: {
        accept: "application/json",
        authorization: `Bearer ${options.secretKey}`,
        ...(call.body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
      // A redirect would send the key to wherever it points.
      redirect: "error",
      signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
    });
    text = await answer.text();
  } catch (cause) {
    signal?.throwIfAborted();
    const title = timeout.aborted ? "no answer in time" : "the platform cannot be reached";
    const error = new TributaryError({ code: CONNECTION_FAILED, title, status: 0 }, { cause });
    return { end: "failed", error, retryAfterMs: null };
  }
  const body = parsed(text);
  if (answer.ok && body !== undefined) return { end: "answered", result: body };
  const seconds = Number(answer.headers.get("retry-after") ?? Number.NaN);
  return {
    end: "failed",
    error: errorOf(answer.status, body, answer.headers.get("x-request-id")),
    retryAfterMs: Number.isFinite(seconds) ? seconds * 1_000 : null,
  };
}

function addressOf(base: string, { path, query }: Call): string {
  const fields = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined) fields.set(name, String(value));
  }
  const text = fields.toString();
  return text === "" ? base + path : `${base}${path}?${text}`;
}

/** Undefined when the text is no JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const aborted = () => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", aborted);
      resolve();
    }, ms);
    signal?.addEventListener("abort", aborted, { once: true });
    if (signal?.aborted) aborted();
  });
}
