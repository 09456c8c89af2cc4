import { type Channels, takes } from "../channels/index.ts";
import type { Clock, Random } from "../kernel/clock.ts";
import type { Tx } from "../kernel/database.ts";
import { problem } from "../kernel/errors.ts";
import { formatId, type Id, type IdMaker } from "../kernel/ids.ts";
import { type Currency, isCurrency } from "../kernel/money.ts";
import type { Platform } from "../kernel/revision.ts";
import { type Merchants, settlesIn } from "../merchants/index.ts";
import { type Actor, changes, type Made, type Operators } from "../operators/index.ts";
import { newPlateCode } from "./code.ts";
import {
  decidePlate,
  isBound,
  type Plate,
  type PlateBatch,
  type PlateChange,
  type PlateTerms,
  termsOf,
} from "./model.ts";
import * as store from "./store.ts";
import { presentTerms } from "./wire.ts";

export type PlatesDeps = {
  readonly platform: Platform;
  readonly clock: Clock;
  readonly random: Random;
  readonly newId: IdMaker;
  readonly operators: Pick<Operators, "audit" | "firstTime">;
  readonly merchants: Pick<Merchants, "get" | "place">;
  readonly channels: Pick<Channels, "accountsOfMerchant">;
};

/** Where a plate stands, as an operator names it. */
export type GivenPlace = { readonly store?: string | undefined; readonly terminal?: string | undefined };

export type GivenTerms = GivenPlace & {
  readonly merchantId: Id;
  readonly currency: string;
  readonly amount: bigint | null;
  readonly subject: string;
};

/** Which plate, as which version the operator saw it, and a word for the history. */
export type About = { readonly id: Id; readonly version: number; readonly note: string | null };

export type Plates = {
  /** Makes blanks, each with a code of its own, 1 to 1,000. Safe to repeat with an Idempotency-Key. */
  makeBatch(actor: Actor, wanted: { label: string; count: number }): Promise<Made<PlateBatch>>;
  /**
   * Binds a blank to a merchant. Throws `invalid_request` naming the field (merchant, place, currency), and
   * `conflict` where the plate is no blank or was changed meanwhile; so do all changes.
   */
  bind(actor: Actor, about: About, terms: GivenTerms): Promise<Plate>;
  /** Numbers are being opened at the channels: a scan says so. */
  open(actor: Actor, about: About): Promise<Plate>;
  /** Takes payments from now on. Refused while no channel account of the merchant would take one. */
  activate(actor: Actor, about: About): Promise<Plate>;
  /** What it asks for. A field that is left out stays. */
  change(
    actor: Actor,
    about: About,
    terms: {
      currency?: string | undefined;
      amount?: bigint | null | undefined;
      subject?: string | undefined;
    },
  ): Promise<Plate>;
  /**
   * To another place, or to another merchant, whose numbers are then opened first. A place that is not named
   * is none.
   */
  move(actor: Actor, about: About, to: GivenPlace & { merchantId: Id | null }): Promise<Plate>;
  /** For good. */
  disable(actor: Actor, about: About): Promise<Plate>;
  /** The plate of a code that `readPlateCode` gave; null: there is none. */
  byCode(code: string): Promise<Plate | null>;
};

export function createPlates(deps: PlatesDeps): Plates {
  const { platform } = deps;
  const write = (actor: Actor, about: About, change: (seen: Plate) => Promise<PlateChange>) =>
    writeChange(deps, actor, about, change);
  return {
    makeBatch: (actor, wanted) => platform.transact((tx) => makeBatch(deps, tx, actor, wanted)),
    bind: (actor, about, given) =>
      write(actor, about, async () => {
        const currency = await settledCurrency(deps, given.merchantId, given.currency);
        const place = await placeOf(deps, given.merchantId, given);
        const { merchantId, amount, subject } = given;
        return { action: "bound", terms: { merchantId, ...place, currency, amount, subject } };
      }),
    open: (actor, about) => write(actor, about, async () => ({ action: "opening" })),
    activate: (actor, about) =>
      write(actor, about, async (seen) => {
        await refuseUnopened(deps, seen);
        return { action: "activated" };
      }),
    change: (actor, about, given) =>
      write(actor, about, async (seen) => {
        if (!isBound(seen)) return { action: "changed", terms: termsOf(seen) };
        const currency = await settledCurrency(deps, seen.merchantId, given.currency ?? seen.currency);
        const amount = given.amount === undefined ? seen.amount : given.amount;
        return { action: "changed", terms: { currency, amount, subject: given.subject ?? seen.subject } };
      }),
    move: (actor, about, to) =>
      write(actor, about, async (seen) => {
        const merchantId = to.merchantId ?? seen.merchantId;
        if (merchantId === null || seen.currency === null) return { action: "moved", terms: termsOf(seen) };
        await settledCurrency(deps, merchantId, seen.currency);
        return { action: "moved", terms: { merchantId, ...(await placeOf(deps, merchantId, to)) } };
      }),
    disable: (actor, about) => write(actor, about, async () => ({ action: "disabled" })),
    byCode: (code) => store.findPlateByCode(platform.db, code),
  };
}

async function makeBatch(
  deps: PlatesDeps,
  tx: Tx,
  actor: Actor,
  { label, count }: { label: string; count: number },
): Promise<Made<PlateBatch>> {
  const now = deps.clock.now();
  const batch: PlateBatch = {
    id: deps.newId(),
    label,
    count,
    createdBy: actor.operator.id,
    createdAt: now,
  };
  const id = await deps.operators.firstTime(tx, actor, batch.id);
  if (id !== batch.id) {
    const earlier = await store.findBatch(tx, id);
    if (earlier === null) throw problem("not_found");
    return { resource: earlier, made: false };
  }
  await store.insertBatch(tx, batch);
  const nothing = { merchantId: null, storeId: null, terminalId: null, currency: null, amount: null };
  const blanks = Array.from({ length: count }, (_, index): Plate => {
    return {
      ...nothing,
      subject: null,
      id: deps.newId(),
      code: newPlateCode(deps.random),
      batchId: batch.id,
      number: index + 1,
      state: "blank",
      version: 1,
      createdAt: now,
      updatedAt: now,
    };
  });
  await store.insertBlanks(tx, blanks);
  await store.insertFirstVersions(
    tx,
    blanks.map((plate) => plate.id),
    { operatorId: actor.operator.id, requestId: actor.requestId, at: now },
  );
  await deps.operators.audit(tx, actor, {
    action: "plate_batch.created",
    subject: formatId("plb", batch.id),
    before: null,
    after: { label, count },
  });
  return { resource: batch, made: true };
}

/**
 * What the change needs to know is read before; the version that the operator saw, asked for again under the
 * lock, says that it is still so.
 */
async function writeChange(
  deps: PlatesDeps,
  actor: Actor,
  about: About,
  changeOf: (seen: Plate) => Promise<PlateChange>,
): Promise<Plate> {
  const seen = await store.findPlate(deps.platform.db, about.id);
  if (seen === null) throw problem("not_found");
  refuseStale(seen, about.version);
  const change = await changeOf(seen);
  return deps.platform.transact(async (tx) => {
    const before = await store.lockPlate(tx, about.id);
    if (before === null) throw problem("not_found");
    refuseStale(before, about.version);
    const decision = decidePlate(before, change);
    if ("refused" in decision) throw problem("conflict", { detail: decision.refused });
    const now = deps.clock.now();
    const { state, terms } = decision;
    const after: Plate = { ...before, ...terms, state, version: before.version + 1, updatedAt: now };
    await store.updatePlate(tx, after);
    await store.insertVersion(tx, {
      ...terms,
      state,
      plateId: after.id,
      version: after.version,
      action: change.action,
      note: about.note,
      operatorId: actor.operator.id,
      requestId: actor.requestId,
      at: now,
    });
    await deps.operators.audit(tx, actor, {
      action: `plate.${change.action}`,
      subject: formatId("plt", after.id),
      ...changes(audited(before), audited(after)),
    });
    return after;
  });
}

function audited(plate: Plate) {
  return { state: plate.state, ...presentTerms(plate), version: plate.version };
}

function refuseStale(plate: Plate, version: number): void {
  if (plate.version === version) return;
  throw problem("conflict", {
    field: "version",
    detail: `the plate was changed meanwhile; its version is ${plate.version} now`,
    members: { version: plate.version },
  });
}

async function settledCurrency(deps: PlatesDeps, merchantId: Id, currency: string): Promise<Currency> {
  const merchant = await deps.merchants.get(merchantId);
  if (merchant === null) {
    throw problem("invalid_request", { field: "merchant_id", detail: "there is no such merchant" });
  }
  if (isCurrency(currency) && settlesIn(merchant, currency)) return currency;
  const held = merchant.currencies.map((one) => one.currency).join(", ");
  throw problem("currency_not_supported", {
    field: "currency",
    detail: `the merchant settles in ${held}`,
  });
}

async function placeOf(
  deps: PlatesDeps,
  merchantId: Id,
  named: GivenPlace,
): Promise<Pick<PlateTerms, "storeId" | "terminalId">> {
  const { storeId, terminalId } = await deps.merchants.place(merchantId, {
    ...(named.store === undefined ? {} : { store: named.store }),
    ...(named.terminal === undefined ? {} : { terminal: named.terminal }),
  });
  return { storeId, terminalId };
}

/** A plate that says it takes payments and cannot is worse than one that says it will. */
async function refuseUnopened(deps: PlatesDeps, plate: Plate): Promise<void> {
  if (!isBound(plate)) return;
  const accounts = await deps.channels.accountsOfMerchant(plate.merchantId);
  if (accounts.some((account) => takes(account, plate))) return;
  const { currency } = plate;
  throw problem("conflict", {
    detail: `no active channel account of the merchant takes this in ${currency}; enable one, then activate`,
  });
}
