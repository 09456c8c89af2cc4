import { createCache } from "../../kernel/cache.ts";
import type { Tx } from "../../kernel/database.ts";
import { problem } from "../../kernel/errors.ts";
import { formatId, type Id, parseId } from "../../kernel/ids.ts";
import type { Actor, Made } from "../../operators/index.ts";
import type { Place, Store, Terminal } from "../model.ts";
import type { MerchantsDeps } from "../service.ts";
import * as store from "./store.ts";

/** Where payments happen. */
export type Places = {
  /**
   * Finds the store and terminal that a request named, each by id (`str_…`, `trm_…`) or by the merchant's own
   * number; a terminal brings its store. Throws `invalid_request` naming the field `store` or `terminal`.
   */
  place(merchantId: Id, named: { store?: string | undefined; terminal?: string | undefined }): Promise<Place>;
  /** Throws `conflict` naming `store_no` when the merchant has a store of this number. */
  createStore(
    actor: Actor,
    merchantId: Id,
    wanted: Pick<Store, "storeNo" | "name" | "place">,
  ): Promise<Made<Store>>;
  /** @param store id or number. Throws `invalid_request` naming `store`, `conflict` naming `serial`. */
  createTerminal(
    actor: Actor,
    merchantId: Id,
    wanted: Pick<Terminal, "serial" | "type" | "place"> & { store: string },
  ): Promise<Made<Terminal>>;
};

const NOWHERE: Place = { storeId: null, storeNo: null, terminalId: null, terminalNo: null };

export function createPlaces(deps: MerchantsDeps): Places {
  const cached = createCache({
    clock: deps.clock,
    revision: deps.platform.revision,
    load: (key) => {
      const [merchantId, named] = JSON.parse(key) as [Id, { store?: string; terminal?: string }];
      return findPlace(deps, merchantId, named);
    },
  });
  return {
    place: async (merchantId, named) => {
      if (named.store === undefined && named.terminal === undefined) return NOWHERE;
      return cached.get(JSON.stringify([merchantId, { store: named.store, terminal: named.terminal }]));
    },
    createStore: (actor, merchantId, wanted) =>
      deps.platform.transact((tx) => createStore(deps, tx, actor, { merchantId, ...wanted })),
    createTerminal: (actor, merchantId, wanted) =>
      deps.platform.transact((tx) => createTerminal(deps, tx, actor, { merchantId, ...wanted })),
  };
}

async function findPlace(
  deps: MerchantsDeps,
  merchantId: Id,
  named: { store?: string; terminal?: string },
): Promise<Place> {
  const { db } = deps.platform;
  const terminal =
    named.terminal === undefined
      ? null
      : await store.findTerminal(db, merchantId, terminalNamed(named.terminal));
  if (named.terminal !== undefined && terminal === null) throw notHere("terminal", named.terminal);
  const reference = storeReference(named.store, terminal);
  const found = reference === null ? null : await store.findStore(db, merchantId, reference);
  if (found === null) throw notHere("store", named.store ?? "");
  if (terminal !== null && terminal.storeId !== found.id) {
    throw problem("invalid_request", {
      field: "terminal",
      detail: `terminal ${terminal.serial} does not stand in store ${found.storeNo}`,
    });
  }
  return {
    storeId: found.id,
    storeNo: found.storeNo,
    terminalId: terminal?.id ?? null,
    terminalNo: terminal?.serial ?? null,
  };
}

/** A terminal alone brings the store that it stands in. */
function storeReference(named: string | undefined, terminal: Terminal | null) {
  if (named !== undefined) return storeNamed(named);
  return terminal === null ? null : { id: terminal.storeId };
}

function storeNamed(text: string): { id: Id } | { storeNo: string } {
  const id = parseId("str", text);
  return id === null ? { storeNo: text } : { id };
}

function terminalNamed(text: string): { id: Id } | { serial: string } {
  const id = parseId("trm", text);
  return id === null ? { serial: text } : { id };
}

function notHere(field: "store" | "terminal", text: string) {
  return problem("invalid_request", {
    field,
    detail: `this merchant has no ${field} ${JSON.stringify(text)}; name it by its id or your own number`,
  });
}

async function createStore(
  deps: MerchantsDeps,
  tx: Tx,
  actor: Actor,
  wanted: Pick<Store, "merchantId" | "storeNo" | "name" | "place">,
): Promise<Made<Store>> {
  const made: Store = { id: deps.newId(), ...wanted, createdAt: deps.clock.now() };
  const id = await deps.operators.firstTime(tx, actor, made.id);
  if (id !== made.id) {
    const earlier = await store.findStore(tx, wanted.merchantId, { id });
    if (earlier === null) throw problem("not_found");
    return { resource: earlier, made: false };
  }
  if (!(await store.insertStore(tx, made))) {
    throw problem("conflict", {
      field: "store_no",
      detail: `this merchant has a store ${JSON.stringify(wanted.storeNo)}`,
    });
  }
  await deps.operators.audit(tx, actor, {
    action: "store.created",
    subject: formatId("mch", made.merchantId),
    before: null,
    after: { id: formatId("str", made.id), store_no: made.storeNo, name: made.name, place: made.place },
  });
  return { resource: made, made: true };
}

async function createTerminal(
  deps: MerchantsDeps,
  tx: Tx,
  actor: Actor,
  wanted: Pick<Terminal, "merchantId" | "serial" | "type" | "place"> & { store: string },
): Promise<Made<Terminal>> {
  const { store: named, ...rest } = wanted;
  const stands = await store.findStore(tx, wanted.merchantId, storeNamed(named));
  if (stands === null) throw notHere("store", named);
  const made: Terminal = { id: deps.newId(), storeId: stands.id, ...rest, createdAt: deps.clock.now() };
  const id = await deps.operators.firstTime(tx, actor, made.id);
  if (id !== made.id) {
    const earlier = await store.findTerminal(tx, wanted.merchantId, { id });
    if (earlier === null) throw problem("not_found");
    return { resource: earlier, made: false };
  }
  if (!(await store.insertTerminal(tx, made))) {
    throw problem("conflict", {
      field: "serial",
      detail: `this merchant has a terminal ${JSON.stringify(wanted.serial)}`,
    });
  }
  await deps.operators.audit(tx, actor, {
    action: "terminal.created",
    subject: formatId("mch", made.merchantId),
    before: null,
    after: {
      id: formatId("trm", made.id),
      store: formatId("str", made.storeId),
      serial: made.serial,
      type: made.type,
      place: made.place,
    },
  });
  return { resource: made, made: true };
}
