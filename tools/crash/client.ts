/**
 * A merchant's program as the documentation asks for it: whatever is not answered, or answered 5xx, is asked
 * again with the same number until it is answered.
 */
import { setTimeout as sleep } from "node:timers/promises";

export type Json = Record<string, unknown>;
export type Answer = { readonly status: number; readonly body: Json };

export type Client = {
  /** The answer in the 200s. Throws for one in the 400s, and when none came in time. */
  ask(method: string, path: string, body?: object): Promise<Answer>;
  /** Requests that are not answered yet. */
  readonly open: () => number;
  /** What the platform answered instead while it could not: statuses, 0 for a lost connection. */
  readonly setbacks: readonly number[];
};

const pauseMs = 100;
const patienceMsDefault = 180_000;
const tryMsMax = 15_000;

/** @param key a merchant's or an operator's; null: none. */
export function createClient(
  baseUrl: () => string,
  key: string | null,
  patienceMs = patienceMsDefault,
): Client {
  const setbacks: number[] = [];
  let open = 0;
  const ask = async (method: string, path: string, body?: object): Promise<Answer> => {
    const giveUpAt = performance.now() + patienceMs;
    for (;;) {
      const answer = await once(baseUrl() + path, method, key, body);
      if (answer.status >= 200 && answer.status < 300) return answer;
      setbacks.push(answer.status);
      const wait = answer.status === 0 || answer.status === 429 || answer.status >= 500;
      if (!wait || performance.now() > giveUpAt) throw new Refused(method, path, answer);
      await sleep(pauseMs);
    }
  };
  return {
    ask: async (method, path, body) => {
      open += 1;
      try {
        return await ask(method, path, body);
      } finally {
        open -= 1;
      }
    },
    open: () => open,
    setbacks,
  };
}

/** An answer that asking again does not change. */
export class Refused extends Error {
  readonly answer: Answer;
  constructor(method: string, path: string, answer: Answer) {
    super(`${method} ${path} was answered ${answer.status}: ${JSON.stringify(answer.body)}`);
    this.answer = answer;
  }
}

async function once(url: string, method: string, key: string | null, body?: object): Promise<Answer> {
  try {
    const answer = await fetch(url, {
      method,
      signal: AbortSignal.timeout(tryMsMax),
      headers: {
        ...(key === null ? {} : { authorization: `Bearer ${key}` }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, body: text === "" ? {} : (JSON.parse(text) as Json) };
  } catch (error) {
    return { status: 0, body: { error: String((error as Error).cause ?? error) } };
  }
}
