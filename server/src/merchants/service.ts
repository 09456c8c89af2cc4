import { createCache } from "../kernel/cache.ts";
import type { Clock, Random } from "../kernel/clock.ts";
import type { Tx } from "../kernel/database.ts";
import { problem } from "../kernel/errors.ts";
import { formatId, type Id, type IdMaker } from "../kernel/ids.ts";
import type { Log } from "../kernel/log.ts";
import type { Currency } from "../kernel/money.ts";
import type { Platform } from "../kernel/revision.ts";
import { type Actor, type ApprovalAction, changes, type Made, type Operators } from "../operators/index.ts";
import { type CreditLines, createCreditLines } from "./credit-lines.ts";
import { type ApiKeys, createApiKeys } from "./keys/service.ts";
import type { Merchant } from "./model.ts";
import { createPlaces, type Places } from "./places/service.ts";
import * as store from "./store.ts";
import { presentMerchant } from "./wire.ts";

/** What the room is built from. */
export type MerchantsDeps = {
  /** The platform schema. */
  readonly platform: Platform;
  readonly operators: Operators;
  readonly clock: Clock;
  readonly random: Random;
  readonly newId: IdMaker;
  readonly log: Log;
  /** Opens the merchant's book and its accounts in these currencies; safe to repeat. */
  readonly openMerchantBook: (merchantId: Id, currencies: readonly Currency[]) => Promise<void>;
  /** Awaited after a merchant's registered name has changed, before whoever changed it hears so. */
  readonly renamed: (merchantId: Id) => Promise<void>;
};

/** A merchant as it is asked for; currencies are ISO 4217, at least one. */
export type NewMerchant = Pick<Merchant, "name" | "legalName" | "feeRateMillionths"> & {
  readonly currencies: readonly Currency[];
};

/** What may change; currencies can only be added. */
export type MerchantChange = Partial<NewMerchant & { readonly status: "active" | "suspended" }>;

/** What other rooms ask of merchants. */
export type Merchants = {
  /** The merchant as it was at most one second ago, or null. */
  get(id: Id): Promise<Merchant | null>;
  /** Merchants as they are at this moment, by the ids of those who are there. */
  many(ids: readonly Id[]): Promise<ReadonlyMap<Id, Merchant>>;
  /** Registered names as they are at this moment, by the ids of those who are there. */
  legalNames(ids: readonly Id[]): Promise<ReadonlyMap<Id, string>>;
  /**
   * Whose key a request bears. Throws `unauthenticated`: an unknown, an expired and a revoked key get the
   * same answer.
   */
  readonly authenticate: ApiKeys["authenticate"];
  /** Throws `forbidden` when the merchant may take no new payment; its refunds and queries go on. */
  requireActive(merchant: Merchant): void;
  /** Where a payment happens; see `Places`. */
  readonly place: Places["place"];
  /** Makes a merchant with its book. */
  create(actor: Actor, wanted: NewMerchant): Promise<Made<Merchant>>;
  /**
   * Changes what is named. Throws `not_found`, `conflict` for a stale revision, `invalid_request` when a
   * currency would be taken away.
   */
  update(actor: Actor, id: Id, revision: number, change: MerchantChange): Promise<Merchant>;
  readonly keys: ApiKeys;
  readonly places: Places;
  readonly creditLines: CreditLines;
  /** What carries out an approved raise of a credit line; app.ts hands it to the approvals. */
  readonly approvalActions: readonly ApprovalAction[];
};

/** Builds the room. Reads are cached for at most one second. */
export function createMerchants(deps: MerchantsDeps): Merchants {
  const { platform } = deps;
  const cache = createCache({ clock: deps.clock, revision: platform.revision, load: (id) => load(deps, id) });
  const get = (id: Id) => cache.get(id);
  const keys = createApiKeys({ ...deps, merchant: get });
  const places = createPlaces(deps);
  const creditLines = createCreditLines({ ...deps, changed: cache.forget });
  return {
    get,
    many: async (ids) =>
      new Map((await store.findMerchants(platform.db, ids)).map((merchant) => [merchant.id, merchant])),
    legalNames: (ids) => store.findLegalNames(platform.db, ids),
    authenticate: keys.authenticate,
    requireActive: (merchant) => {
      if (merchant.status === "active") return;
      throw problem("forbidden", { detail: "this merchant is suspended and takes no new payment" });
    },
    place: places.place,
    create: async (actor, wanted) => {
      const { id, made } = await platform.transact((tx) => create(deps, tx, actor, wanted));
      const merchant = await get(id);
      if (merchant === null) throw problem("not_found");
      return { resource: merchant, made };
    },
    update: async (actor, id, revision, change) => {
      if (change.currencies !== undefined) {
        // Accounts come before the currency that needs them: a crash in between leaves only unused accounts.
        const seen = changed(await store.findMerchant(platform.db, id), { revision, change });
        await deps.openMerchantBook(
          id,
          seen.currencies.map((held) => held.currency),
        );
      }
      const updated = await platform.transact((tx) => update(deps, tx, actor, { id, revision, change }));
      cache.forget(id);
      if (change.legalName !== undefined) await deps.renamed(id);
      return updated;
    },
    keys,
    places,
    creditLines,
    approvalActions: [creditLines.action],
  };
}

/**
 * A merchant's row lives in the platform schema and its book in a cell, so no one transaction makes both. The
 * row comes first, as `opening`; whoever loads such a row opens the book (safe to repeat) and makes it
 * `active`. A crash in between therefore heals at the first use, and no worker is needed.
 */
async function load(deps: MerchantsDeps, id: Id): Promise<Merchant | null> {
  const merchant = await store.findMerchant(deps.platform.db, id);
  if (merchant === null || merchant.status !== "opening") return merchant;
  await deps.openMerchantBook(
    id,
    merchant.currencies.map((held) => held.currency),
  );
  await deps.platform.transact((tx) => store.setOpened(tx, id), { repeatable: true });
  return store.findMerchant(deps.platform.db, id);
}

async function create(
  deps: MerchantsDeps,
  tx: Tx,
  actor: Actor,
  wanted: NewMerchant,
): Promise<{ id: Id; made: boolean }> {
  const at = deps.clock.now();
  const merchant: Merchant = {
    ...wanted,
    id: deps.newId(),
    status: "opening",
    currencies: [...wanted.currencies].sort().map((currency) => ({ currency, creditLine: 0n })),
    revision: 1,
    createdAt: at,
    updatedAt: at,
  };
  const id = await deps.operators.firstTime(tx, actor, merchant.id);
  if (id !== merchant.id) return { id, made: false };
  await store.insertMerchant(tx, merchant);
  await deps.operators.audit(tx, actor, {
    action: "merchant.created",
    subject: formatId("mch", id),
    before: null,
    after: presentMerchant(merchant),
  });
  return { id, made: true };
}

async function update(
  deps: MerchantsDeps,
  tx: Tx,
  actor: Actor,
  wanted: { id: Id; revision: number; change: MerchantChange },
): Promise<Merchant> {
  const before = await store.lockMerchant(tx, wanted.id);
  const after: Merchant = { ...changed(before, wanted), updatedAt: deps.clock.now() };
  await store.updateMerchant(tx, after);
  await deps.operators.audit(tx, actor, {
    action: "merchant.updated",
    subject: formatId("mch", wanted.id),
    ...changes(presentMerchant(before as Merchant), presentMerchant(after)),
  });
  return after;
}

/** The merchant as the change makes it. Asked before anything is opened for it, and again under the lock. */
function changed(
  before: Merchant | null,
  wanted: { readonly revision: number; readonly change: MerchantChange },
): Merchant {
  if (before === null) throw problem("not_found");
  if (before.revision !== wanted.revision) {
    throw problem("conflict", {
      field: "revision",
      detail: `the merchant was changed meanwhile; its revision is ${before.revision} now`,
      members: { revision: before.revision },
    });
  }
  const { currencies, ...change } = wanted.change;
  return {
    ...before,
    ...change,
    currencies: currencies === undefined ? before.currencies : grown(before, currencies),
    revision: before.revision + 1,
  };
}

function grown(before: Merchant, wanted: readonly Currency[]): Merchant["currencies"] {
  const missing = before.currencies.find((held) => !wanted.includes(held.currency));
  if (missing !== undefined) {
    throw problem("invalid_request", {
      field: "currencies",
      detail: `${missing.currency} cannot be taken away: the merchant's accounts in it remain`,
    });
  }
  const added = wanted.filter((currency) => before.currencies.every((held) => held.currency !== currency));
  return [...before.currencies, ...added.map((currency) => ({ currency, creditLine: 0n }))].sort((a, b) =>
    a.currency < b.currency ? -1 : 1,
  );
}
