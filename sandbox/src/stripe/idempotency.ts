import { createHash } from "node:crypto";
import type { StoreTx } from "../store/index.ts";
import { type Replay, replays } from "./model.ts";
import { canonical, type Tree } from "./wire/form.ts";
import type { Refusal } from "./wire/refusals.ts";

// https://docs.stripe.com/api/idempotent_requests: what a call was answered is kept once it had begun,
// whatever that was; the same key with other parameters is refused.

const keptMs = 24 * 3_600_000;
export const keyMax = 255;

/** The same for two calls exactly when a key may stand for both. */
export function fingerprintOf(verb: string, path: string, tree: Tree): string {
  return createHash("sha256")
    .update(`${verb} ${path} ${canonical(tree)}`, "utf8")
    .digest("hex");
}

export function replayId(accountId: string, key: string): string {
  return `${accountId}/${key}`;
}

/** What was answered under this key, or why it cannot be used; undefined for a new key. */
export async function replayOf(
  tx: StoreTx,
  now: Date,
  id: string,
  fingerprint: string,
): Promise<{ replay: Replay } | Refusal | undefined> {
  const known = await tx.get(replays, id);
  if (!known) return undefined;
  if (now.getTime() - known.createdAt.getTime() >= keptMs) {
    await tx.remove(replays, id);
    return undefined;
  }
  return known.fingerprint === fingerprint ? { replay: known } : otherParameters;
}

/** Keeps an answer in place of one that was kept before. */
export async function keepReplay(tx: StoreTx, replay: Replay): Promise<void> {
  if (!(await tx.insert(replays, replay))) await tx.update(replays, replay);
}

const otherParameters: Refusal = {
  status: 400,
  type: "idempotency_error",
  message:
    "Keys for idempotent requests can only be used with the same parameters they were first used with. " +
    "Try using a key other than the one given if you meant to execute a different request.",
  begun: false,
};

export const inProgress: Refusal = {
  status: 409,
  type: "invalid_request_error",
  code: "idempotency_key_in_use",
  message: "There is currently another in-progress request using this Stripe account and Idempotency Key.",
  begun: false,
};
