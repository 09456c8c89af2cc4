import type { FastifyRequest } from "fastify";
import { createCache } from "../../kernel/cache.ts";
import { HOUR, plus } from "../../kernel/clock.ts";
import { sha256 } from "../../kernel/crypto.ts";
import type { Tx } from "../../kernel/database.ts";
import { problem } from "../../kernel/errors.ts";
import { formatId, type Id } from "../../kernel/ids.ts";
import { type Actor, type Made, newSecret, prefixOf, readBearer } from "../../operators/index.ts";
import { type ApiKey, apiKeyStateAt, type Merchant, type MerchantIdentity } from "../model.ts";
import type { MerchantsDeps } from "../service.ts";
import * as store from "./store.ts";

/**
 * A key with its secret, which is in this answer alone; null when an earlier request with the Idempotency-Key
 * made it.
 */
export type KeyWithSecret = { readonly key: ApiKey; readonly secret: string | null };

/** The keys that speak for merchants. */
export type ApiKeys = {
  /**
   * Whose key a request bears. Throws `unauthenticated`: an unknown, an expired and a revoked key get the
   * same answer.
   */
  authenticate(request: FastifyRequest): Promise<MerchantIdentity>;
  /** Makes a key. @param expiresAt after now, or null: it works until it is rotated or revoked. */
  create(
    actor: Actor,
    merchantId: Id,
    wanted: { label: string; expiresAt: Date | null },
  ): Promise<Made<KeyWithSecret>>;
  /**
   * Makes a key in place of another, which works `overlapHours` longer (never longer than it would have).
   * Throws
   * `not_found`, and `conflict` when the old one has ended already.
   */
  rotate(actor: Actor, merchantId: Id, keyId: Id, overlapHours: number): Promise<Made<KeyWithSecret>>;
  /** Ends a key at once (in other processes within a second). Safe to repeat. Throws `not_found`. */
  revoke(actor: Actor, merchantId: Id, keyId: Id): Promise<ApiKey>;
};

type KeysDeps = MerchantsDeps & { readonly merchant: (id: Id) => Promise<Merchant | null> };

export function createApiKeys(deps: KeysDeps): ApiKeys {
  const { platform } = deps;
  const byHash = createCache({
    clock: deps.clock,
    revision: platform.revision,
    load: (hash) => store.findKeyByHash(platform.db, Buffer.from(hash, "hex")),
  });
  // Entries are found by a hash that a key's end does not know, and keys end seldom.
  const ending = async <T>(ended: Promise<T>): Promise<T> => {
    const result = await ended;
    byHash.forgetAll();
    return result;
  };
  return {
    authenticate: async (request) => {
      const secret = readBearer(request);
      const key = await byHash.get(sha256(secret).toString("hex"));
      const accepted = acceptKey(deps, secret, key);
      const merchant = await deps.merchant(accepted.merchantId);
      if (merchant === null) throw new Error("an API key has lost its merchant");
      return { merchantId: merchant.id, keyId: accepted.id, merchant };
    },
    create: (actor, merchantId, wanted) =>
      platform.transact((tx) => makeKey(deps, tx, actor, { merchantId, rotatedFrom: null, ...wanted })),
    rotate: (actor, merchantId, keyId, overlapHours) =>
      ending(platform.transact((tx) => rotate(deps, tx, actor, { merchantId, keyId, overlapHours }))),
    revoke: (actor, merchantId, keyId) =>
      ending(platform.transact((tx) => revoke(deps, tx, actor, merchantId, keyId))),
  };
}

function acceptKey(deps: KeysDeps, secret: string, key: ApiKey | null): ApiKey {
  if (!secret.startsWith("sk_")) {
    throw problem("unauthenticated", {
      detail: "this is no merchant's secret key: those begin with sk_; operators' tokens work at /v1/ops",
    });
  }
  const state = key === null ? "unknown" : apiKeyStateAt(key, deps.clock.now());
  if (key !== null && state === "active") return key;
  // Operators read the reason here; whoever holds a key that ended learns no more than one who guesses.
  const named = key === null ? {} : { key: formatId("key", key.id) };
  deps.log.info({ prefix: prefixOf(secret), reason: state, ...named }, "an API key was refused");
  throw problem("unauthenticated", {
    detail:
      "no merchant has this key now: it is unknown, has expired or was revoked. " +
      "The operator sees the state of every key and can make a new one",
  });
}

type NewKey = Pick<ApiKey, "merchantId" | "label" | "expiresAt" | "rotatedFrom">;

async function makeKey(deps: KeysDeps, tx: Tx, actor: Actor, wanted: NewKey): Promise<Made<KeyWithSecret>> {
  const id = deps.newId();
  const made = await deps.operators.firstTime(tx, actor, id);
  if (made !== id) {
    const key = await store.findKey(tx, wanted.merchantId, made);
    if (key === null) throw problem("not_found");
    return { resource: { key, secret: null }, made: false };
  }
  const { secret, hash, prefix } = newSecret("sk", deps.random);
  const key: ApiKey = { ...wanted, id, prefix, createdAt: deps.clock.now(), revokedAt: null };
  await store.insertKey(tx, key, hash);
  await deps.operators.audit(tx, actor, {
    action: "api_key.created",
    subject: formatId("mch", key.merchantId),
    before: null,
    after: {
      id: formatId("key", id),
      label: key.label,
      prefix,
      expires_at: key.expiresAt,
      rotated_from: key.rotatedFrom === null ? null : formatId("key", key.rotatedFrom),
    },
  });
  return { resource: { key, secret }, made: true };
}

async function rotate(
  deps: KeysDeps,
  tx: Tx,
  actor: Actor,
  wanted: { merchantId: Id; keyId: Id; overlapHours: number },
): Promise<Made<KeyWithSecret>> {
  const { merchantId, keyId, overlapHours } = wanted;
  const old = await store.lockKey(tx, merchantId, keyId);
  if (old === null) throw problem("not_found");
  const { label } = old;
  const made = await makeKey(deps, tx, actor, { merchantId, label, expiresAt: null, rotatedFrom: keyId });
  if (!made.made) return made;
  const now = deps.clock.now();
  const state = apiKeyStateAt(old, now);
  if (state !== "active") {
    throw problem("conflict", { detail: `this key is ${state} already; create a new one instead` });
  }
  const end = plus(now, overlapHours * HOUR);
  const expiresAt = old.expiresAt !== null && old.expiresAt < end ? old.expiresAt : end;
  await endKey(deps, tx, actor, { ...old, expiresAt }, old);
  return made;
}

async function revoke(deps: KeysDeps, tx: Tx, actor: Actor, merchantId: Id, keyId: Id): Promise<ApiKey> {
  const key = await store.lockKey(tx, merchantId, keyId);
  if (key === null) throw problem("not_found");
  if (key.revokedAt !== null) return key;
  const revoked = { ...key, revokedAt: deps.clock.now() };
  await endKey(deps, tx, actor, revoked, key);
  return revoked;
}

async function endKey(deps: KeysDeps, tx: Tx, actor: Actor, after: ApiKey, before: ApiKey): Promise<void> {
  await store.updateKeyEnd(tx, after);
  await deps.operators.audit(tx, actor, {
    action: after.revokedAt === null ? "api_key.rotated" : "api_key.revoked",
    subject: formatId("mch", after.merchantId),
    before: { id: formatId("key", before.id), expires_at: before.expiresAt, revoked_at: before.revokedAt },
    after: { id: formatId("key", after.id), expires_at: after.expiresAt, revoked_at: after.revokedAt },
  });
}
