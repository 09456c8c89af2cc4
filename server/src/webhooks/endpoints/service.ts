import type { Random } from "../../kernel/clock.ts";
import { plus, SECOND } from "../../kernel/clock.ts";
import { problem } from "../../kernel/errors.ts";
import type { Id, IdMaker } from "../../kernel/ids.ts";
import type { Endpoint, EndpointStatus } from "../model.ts";
import { newKey, writeSecret } from "../sending/signature.ts";
import {
  checkedAddresses,
  hostOf,
  NameUnknown,
  readTarget,
  TargetRefused,
  type TargetRules,
} from "../sending/target.ts";
import { type Endpoints, type EndpointsDeps, recordIdOf } from "./cache.ts";
import {
  type EndpointRow,
  endpointsOfMerchants,
  insertEndpoint,
  lockEndpoint,
  updateEndpoint,
} from "./store.ts";

export const ENDPOINTS_PER_MERCHANT_MAX = 16;

export type EndpointSettings = {
  readonly url: string;
  readonly description: string;
  readonly events: readonly string[];
  readonly requireBodySuccess: boolean;
  readonly status: EndpointStatus;
};

/** A secret is shown when it is made, and never again. */
export type WithSecret = { readonly endpoint: Endpoint; readonly secret: string };

export type EndpointService = {
  /** Throws `endpoint_not_allowed`, and `conflict` for a second one with the same address or one too many. */
  create(merchantId: Id, settings: EndpointSettings): Promise<WithSecret>;
  /** Throws `not_found`, and what `create` throws. */
  update(merchantId: Id, id: Id, changes: Partial<EndpointSettings>): Promise<Endpoint>;
  /**
   * Makes a new secret; the present one goes on signing beside it for `overlapSeconds`, and one that an
   * earlier rotation left no longer. Throws `not_found`.
   */
  rotate(merchantId: Id, id: Id, overlapSeconds: number): Promise<WithSecret>;
  /** The merchant's endpoint, read anew. Throws `not_found`. */
  get(merchantId: Id, id: Id): Promise<Endpoint>;
  /** All of them, disabled ones too, the oldest first. */
  list(merchantId: Id): Promise<readonly Endpoint[]>;
};

export type EndpointServiceDeps = EndpointsDeps & {
  readonly endpoints: Endpoints;
  readonly random: Random;
  readonly newId: IdMaker;
  readonly rules: TargetRules;
  /** An endpoint was changed: what was known of its health is void. */
  readonly onChange: (endpointId: Id) => Promise<void>;
};

export function createEndpointService(deps: EndpointServiceDeps): EndpointService {
  const list: EndpointService["list"] = (merchantId) => {
    deps.endpoints.forget(merchantId);
    return deps.endpoints.ofMerchant(merchantId);
  };
  const get: EndpointService["get"] = async (merchantId, id) => {
    const found = (await list(merchantId)).find((endpoint) => endpoint.id === id);
    if (found === undefined) throw problem("not_found");
    return found;
  };
  const change = async (merchantId: Id, id: Id, next: (row: EndpointRow, now: Date) => EndpointRow) => {
    await deps.platform.transact(async (tx) => {
      const row = await lockEndpoint(tx, merchantId, id);
      if (row === null) throw problem("not_found");
      await updateEndpoint(tx, next(row, deps.clock.now()));
    });
    await deps.onChange(id);
    return get(merchantId, id);
  };

  return {
    list,
    get,
    create: async (merchantId, settings) => {
      await requireAllowed(deps.rules, settings.url);
      const { row, secret } = await newEndpoint(deps, merchantId, settings);
      await deps.platform.transact(async (tx) => {
        const present = await endpointsOfMerchants(tx, [merchantId]);
        if (present.length >= ENDPOINTS_PER_MERCHANT_MAX) throw tooMany();
        await insertEndpoint(tx, row);
      });
      return { endpoint: await get(merchantId, row.id), secret };
    },
    update: async (merchantId, id, changes) => {
      if (changes.url !== undefined) await requireAllowed(deps.rules, changes.url);
      return change(merchantId, id, (row, updatedAt) => ({ ...row, ...changes, updatedAt }));
    },
    rotate: async (merchantId, id, overlapSeconds) => {
      const key = newKey(deps.random);
      const sealed = await deps.keyring.seal(recordIdOf(id), key);
      const endpoint = await change(merchantId, id, (row, now) => ({
        ...row,
        secretSealed: sealed,
        previousSecretSealed: overlapSeconds === 0 ? null : row.secretSealed,
        previousSecretExpiresAt: overlapSeconds === 0 ? null : plus(now, overlapSeconds * SECOND),
        updatedAt: now,
      }));
      return { endpoint, secret: writeSecret(key) };
    },
  };
}

async function newEndpoint(
  deps: EndpointServiceDeps,
  merchantId: Id,
  settings: EndpointSettings,
): Promise<{ row: EndpointRow; secret: string }> {
  const id = deps.newId();
  const key = newKey(deps.random);
  const now = deps.clock.now();
  const row: EndpointRow = {
    id,
    merchantId,
    ...settings,
    secretSealed: await deps.keyring.seal(recordIdOf(id), key),
    previousSecretSealed: null,
    previousSecretExpiresAt: null,
    createdAt: now,
    updatedAt: now,
  };
  return { row, secret: writeSecret(key) };
}

/** Throws `endpoint_not_allowed` unless webhooks may go there now; every connection is asked again. */
async function requireAllowed(rules: TargetRules, text: string): Promise<void> {
  const refused = (detail: string) => problem("endpoint_not_allowed", { field: "url", detail });
  const target = readTarget(text, rules.production);
  if (!(target instanceof URL)) throw refused(target.reason);
  // A developer's receiver may not be up yet, nor its name.
  if (!rules.production) return;
  try {
    await checkedAddresses(hostOf(target), rules);
  } catch (error) {
    if (error instanceof TargetRefused || error instanceof NameUnknown) throw refused(error.message);
    throw error;
  }
}

function tooMany() {
  return problem("conflict", {
    detail: `a merchant has at most ${ENDPOINTS_PER_MERCHANT_MAX} endpoints; change one that is disabled`,
  });
}
