/** Merchants' receivers: proposed by one operator, approved by another, then bound at each channel. */
import type { Channels } from "../../channels/index.ts";
import type { Keyring } from "../../kernel/crypto.ts";
import type { Cell } from "../../kernel/database.ts";
import { problem } from "../../kernel/errors.ts";
import { formatId, type Id, parseId } from "../../kernel/ids.ts";
import type { Actor, Approval, ApprovalAction, Operators } from "../../operators/index.ts";
import type { Binding, Receiver } from "../model.ts";
import * as store from "./store.ts";

export type ReceiversDeps = {
  readonly cell: Cell;
  readonly keyring: Keyring;
  readonly channels: Pick<Channels, "account" | "channel">;
  readonly operators: Pick<Operators, "propose" | "auditAlone">;
};

export type WantedBinding = {
  readonly channelAccountId: Id;
  readonly type: string;
  readonly account: string;
  readonly relation: string | null;
};

export type WantedReceiver = {
  readonly merchantId: Id;
  readonly label: string;
  /** The registered name. */
  readonly name: string;
  readonly bindings: readonly WantedBinding[];
};

/** A receiver with how it is known at channels. */
export type KnownReceiver = { readonly receiver: Receiver; readonly bindings: readonly Binding[] };

export type Receivers = {
  /**
   * Writes a receiver down and proposes it. Throws `invalid_request` naming the field, or
   * `sharing_not_available` for an account whose channel splits nothing.
   */
  propose(
    actor: Actor,
    wanted: WantedReceiver,
    reason: string | null,
  ): Promise<KnownReceiver & { readonly approval: Approval }>;
  /** Tries again to bind what a channel refused. Throws `not_found`, `conflict` unless it is active. */
  bind(actor: Actor, id: Id): Promise<KnownReceiver>;
  /** No share is made for it any more. Throws `not_found`. */
  disable(actor: Actor, id: Id): Promise<KnownReceiver>;
  /** Throws `not_found` for anything that is not this merchant's (null: any merchant's). */
  get(merchantId: Id | null, id: Id): Promise<KnownReceiver>;
  list(filter: store.ReceiverFilter, after: Id | null, limit: number): Promise<readonly KnownReceiver[]>;
  /** Those of these ids that the merchant has, in any state. */
  find(merchantId: Id, ids: readonly Id[]): Promise<readonly KnownReceiver[]>;
  /** In any state, whoever's; null: there is none. */
  one(id: Id): Promise<Receiver | null>;
  /** The registered name, opened. */
  nameOf(receiver: Receiver): Promise<string>;
  readonly action: ApprovalAction;
};

const KIND = "receiver.add";

export function createReceivers(deps: ReceiversDeps): Receivers {
  const { cell } = deps;
  const get: Receivers["get"] = async (merchantId, id) => {
    const [receiver] = await store.findReceivers(cell.db, [id]);
    if (receiver === undefined || (merchantId !== null && receiver.merchantId !== merchantId)) {
      throw problem("not_found");
    }
    return { receiver, bindings: await store.bindingsOfReceivers(cell.db, [id]) };
  };
  return {
    get,
    propose: (actor, wanted, reason) => propose(deps, actor, wanted, reason),
    bind: async (actor, id) => {
      const { receiver } = await get(null, id);
      if (receiver.state !== "active") {
        throw problem("conflict", { detail: `the receiver is ${receiver.state}; it must be active` });
      }
      await cell.transact((tx) => store.startBindings(tx, id, cell.clock.now()), { repeatable: true });
      await audit(deps, actor, id, "receiver.bound_again", receiver.state, receiver.state);
      return get(null, id);
    },
    disable: async (actor, id) => {
      const { receiver } = await get(null, id);
      const now = cell.clock.now();
      await cell.transact((tx) => store.decideReceiver(tx, id, "disabled", now), { repeatable: true });
      await audit(deps, actor, id, "receiver.disabled", receiver.state, "disabled");
      return get(null, id);
    },
    list: async (filter, after, limit) =>
      withBindings(deps, await store.listReceivers(cell.db, filter, after, limit)),
    find: async (merchantId, ids) => {
      const found = await store.findReceivers(cell.db, ids);
      return withBindings(
        deps,
        found.filter((receiver) => receiver.merchantId === merchantId),
      );
    },
    one: async (id) => (await store.findReceivers(cell.db, [id]))[0] ?? null,
    nameOf: async ({ id, nameSealed }) => (await deps.keyring.open(id, nameSealed)).toString("utf8"),
    action: { kind: KIND, permission: "sharing.approve", carryOut: (approval) => activate(deps, approval) },
  };
}

function audit(
  { operators }: ReceiversDeps,
  actor: Actor,
  id: Id,
  action: string,
  before: string,
  after: string,
): Promise<void> {
  const states = { before: { state: before }, after: { state: after } };
  return operators.auditAlone(actor, { action, subject: formatId("rcv", id), ...states });
}

async function withBindings(
  { cell }: ReceiversDeps,
  receivers: readonly Receiver[],
): Promise<readonly KnownReceiver[]> {
  const ids = receivers.map(({ id }) => id);
  const bindings = ids.length === 0 ? [] : await store.bindingsOfReceivers(cell.db, ids);
  return receivers.map((receiver) => ({
    receiver,
    bindings: bindings.filter(({ receiverId }) => receiverId === receiver.id),
  }));
}

async function propose(
  deps: ReceiversDeps,
  actor: Actor,
  wanted: WantedReceiver,
  reason: string | null,
): Promise<KnownReceiver & { readonly approval: Approval }> {
  const { cell } = deps;
  const now = cell.clock.now();
  const id = cell.newId();
  const bindings: Binding[] = [];
  for (const [index, one] of wanted.bindings.entries()) {
    const channel = await channelFor(deps, wanted, one, `accounts.${index}`);
    bindings.push({
      ...one,
      id: cell.newId(),
      receiverId: id,
      merchantId: wanted.merchantId,
      channel,
      state: "proposed",
      failureCode: null,
      failureMessage: null,
      tries: 0,
      dueAt: null,
      createdAt: now,
      finishedAt: null,
    });
  }
  const receiver: Receiver = {
    id,
    merchantId: wanted.merchantId,
    label: wanted.label,
    nameSealed: await deps.keyring.seal(id, Buffer.from(wanted.name, "utf8")),
    state: "proposed",
    createdAt: now,
    decidedAt: null,
  };
  await cell.transact(
    async (tx) => {
      await store.insertReceiver(tx, receiver);
      await store.insertBindings(tx, bindings);
    },
    { repeatable: true },
  );
  const approval = await deps.operators.propose(actor, {
    kind: KIND,
    subject: formatId("rcv", id),
    payload: {
      merchant: formatId("mch", wanted.merchantId),
      label: wanted.label,
      accounts: bindings.map(({ channel, type, account }) => `${channel} ${type} ${account}`),
    },
    reason,
  });
  return { receiver, bindings, approval };
}

/** The channel of a binding that could be one there. */
async function channelFor(
  deps: ReceiversDeps,
  { merchantId, name }: WantedReceiver,
  { channelAccountId, type, account, relation }: WantedBinding,
  field: string,
): Promise<string> {
  const contract = await deps.channels.account(channelAccountId);
  if (contract === null || contract.merchantId !== merchantId) {
    throw problem("invalid_request", {
      field: `${field}.channel_account`,
      detail: "name a channel account of this merchant's",
    });
  }
  const sharing = deps.channels.channel(contract.channel)?.sharing;
  if (sharing === undefined) {
    throw problem("sharing_not_available", {
      field: `${field}.channel_account`,
      detail: `${contract.channel} splits nothing`,
    });
  }
  const refused = sharing.refuseReceiver({ type, account, name, relation });
  if (refused !== null) {
    const where = refused.field === "name" ? "name" : `${field}.${refused.field}`;
    throw problem("invalid_request", { field: where, detail: refused.detail });
  }
  return contract.channel;
}

/** Safe to repeat: an active receiver stays active, and what is bound stays bound. */
async function activate(
  { cell }: ReceiversDeps,
  approval: Approval,
): Promise<{ done: true } | { refused: string }> {
  const id = parseId("rcv", approval.subject);
  if (id === null) return { refused: `${approval.subject} is no receiver` };
  const now = cell.clock.now();
  const state = await cell.transact(
    async (tx) => {
      const receiver = await store.lockReceiver(tx, id);
      if (receiver?.state !== "proposed") return receiver?.state ?? null;
      await store.decideReceiver(tx, id, "active", now);
      await store.startBindings(tx, id, now);
      return "active";
    },
    { repeatable: true },
  );
  if (state === null) return { refused: "there is no such receiver" };
  return state === "active" ? { done: true } : { refused: `the receiver is ${state}` };
}
