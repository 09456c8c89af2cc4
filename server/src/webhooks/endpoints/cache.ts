import { createSecretKey } from "node:crypto";
import { createBatcher } from "../../kernel/batcher.ts";
import { createCache } from "../../kernel/cache.ts";
import type { Clock } from "../../kernel/clock.ts";
import type { Keyring } from "../../kernel/crypto.ts";
import { formatId, type Id } from "../../kernel/ids.ts";
import type { Log } from "../../kernel/log.ts";
import type { Platform } from "../../kernel/revision.ts";
import type { Endpoint, SigningKey } from "../model.ts";
import { type EndpointRow, endpointsOfMerchants } from "./store.ts";

/** Endpoints as they were at most a second ago, their secrets opened. */
export type Endpoints = {
  /** Every endpoint of a merchant, disabled ones too, the oldest first. */
  ofMerchant(merchantId: Id): Promise<readonly Endpoint[]>;
  /** The next reading of this merchant asks the database. */
  forget(merchantId: Id): void;
  stop(): Promise<void>;
};

export type EndpointsDeps = {
  readonly platform: Platform;
  readonly keyring: Keyring;
  readonly clock: Clock;
  readonly log: Log;
};

export function createEndpoints(deps: EndpointsDeps): Endpoints {
  // A batch of payments asks for many merchants at once: one query for all that are not remembered.
  const loads = createBatcher<Id, readonly Endpoint[]>({
    name: "webhook endpoints",
    log: deps.log,
    clock: deps.clock,
    run: async (merchantIds) => {
      const rows = await endpointsOfMerchants(deps.platform.db, merchantIds);
      const endpoints = await Promise.all(rows.map((row) => openEndpoint(deps, row)));
      const byMerchant = Map.groupBy(endpoints, ({ merchantId }) => merchantId);
      return merchantIds.map((merchantId) => byMerchant.get(merchantId) ?? []);
    },
  });
  const cache = createCache({
    clock: deps.clock,
    revision: deps.platform.revision,
    load: (merchantId) => loads.submit(merchantId),
  });
  return {
    ofMerchant: (merchantId) => cache.get(merchantId),
    forget: (merchantId) => cache.forget(merchantId),
    stop: () => loads.stop(),
  };
}

/** What a secret is sealed under: a record moved to another endpoint does not open. */
export function recordIdOf(endpointId: Id): string {
  return formatId("whe", endpointId);
}

async function openEndpoint(deps: EndpointsDeps, row: EndpointRow): Promise<Endpoint> {
  const { secretSealed, previousSecretSealed, previousSecretExpiresAt, ...rest } = row;
  return { ...rest, keys: await openKeys(deps, row) };
}

/**
 * No keys when they cannot be opened: payments go on, and deliveries wait until the master key is put right.
 */
async function openKeys(deps: EndpointsDeps, row: EndpointRow): Promise<readonly SigningKey[]> {
  const { secretSealed, previousSecretSealed, previousSecretExpiresAt: expiresAt } = row;
  const id = recordIdOf(row.id);
  try {
    const present = { key: createSecretKey(await deps.keyring.open(id, secretSealed)), expiresAt: null };
    if (previousSecretSealed === null || (expiresAt ?? 0) <= deps.clock.now()) return [present];
    return [present, { key: createSecretKey(await deps.keyring.open(id, previousSecretSealed)), expiresAt }];
  } catch (error) {
    deps.log.error({ err: error, webhook_endpoint: id }, "the secret of a webhook endpoint does not open");
    return [];
  }
}
