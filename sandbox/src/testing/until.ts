import { setTimeout as sleep } from "node:timers/promises";

const pollMs = 5;
const triesMax = 1_000;

/** Waits until `look` answers something, and gives it back. */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
) {
  for (let tries = 0; tries < triesMax; tries += 1) {
    const seen = await look();
    if (seen !== undefined && seen !== false) return seen;
    await sleep(pollMs);
  }
  throw new Error(`never came to be: ${what}`);
}
