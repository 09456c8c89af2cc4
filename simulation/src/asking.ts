/** How a merchant's program asks the platform: until it is answered. */
import { type Answer, type Body, NOTHING } from "./body.ts";
import type { Chance } from "./chance.ts";
import type { Words } from "./ledger-of-words.ts";
import type { Merchant } from "./merchants.ts";
import type { Sharing } from "./sharing.ts";
import { jsonRequest, platformUrl, type World } from "./world.ts";

export type TradeDeps = {
  readonly world: World;
  readonly words: Words;
  readonly merchant: Merchant;
  readonly sharing: Sharing;
  readonly number: number;
  readonly luck: Chance;
  /** The method that it must be paid by; null: any. */
  readonly wanted: string | null;
};

/**
 * A merchant's program asks again until it is answered: so often while a process is there to answer. Where
 * the only one dies of most of its starts, nobody is there for most of half an hour.
 */
const PATIENCE = 400;

/** Counts what a merchant does. */
export function does({ world }: TradeDeps, what: string): void {
  world.weather.tally.add("merchants", what);
}

function shapeOf(path: string): string {
  return (path.split("?", 1)[0] as string).replaceAll(/_[0-9a-z]{26}|(?<=^\/pay\/)[^/]+/g, "");
}

/** Asks until there is an answer that says something: a program that retries with the same number. */
export async function insist(
  deps: TradeDeps,
  method: "GET" | "POST",
  path: string,
  body?: Record<string, unknown>,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const { world, merchant, luck } = deps;
  const token = path.startsWith("/pay/") ? null : merchant.key;
  const plain = jsonRequest(method, platformUrl(path), body, token);
  const request = { ...plain, headers: { ...plain.headers, ...headers } };
  for (let tries = 0; ; ) {
    if (world.platforms.some(({ isUp }) => isUp)) tries += 1;
    try {
      // Some give up before the answer can have come: the request is cancelled, and asked again.
      const timeoutMs = luck.hits(0.05) ? luck.between(1, 200) : 30_000;
      const answer = await world.ask(merchant.owner, request, timeoutMs);
      if (answer.status >= 500) does(deps, `are told to come again: ${answer.body?.code}`);
      if (answer.status === 404) world.violations.push(`${method} ${path} was answered 404`);
      if (answer.status < 500 && answer.status !== 429) return answer;
      if (answer.status !== 503) {
        world.violations.push(
          `${method} ${path} was answered ${answer.status} ${JSON.stringify(answer.body)}`,
        );
        return answer;
      }
    } catch {
      // Not answered: asked again.
      does(deps, `ask again, unanswered: ${method} ${shapeOf(path)}`);
    }
    if (tries === PATIENCE) {
      world.violations.push(`${method} ${path} was not answered after ${tries} tries`);
      return { status: 0, body: NOTHING };
    }
    await world.sleep(merchant.owner, luck.between(100, 8_000));
  }
}

/** Looks now and then until the payment is paid; null: it will not be, or not while anybody looks. */
export async function untilPaid(deps: TradeDeps, id: string, lifetimeMs: number): Promise<Body | null> {
  const { world, merchant } = deps;
  for (const waitMs of [10_000, 30_000, 60_000, 120_000, lifetimeMs]) {
    await world.sleep(merchant.owner, waitMs);
    const { body } = await insist(deps, "GET", `/v1/payments/${id}`);
    if (body?.status === "succeeded") return body;
    if (body?.status_final === true) return null;
  }
  return null;
}
