import { type Clock, type Random, SECOND } from "../../kernel/clock.ts";
import type { Keyring } from "../../kernel/crypto.ts";
import type { Tx } from "../../kernel/database.ts";
import { problem } from "../../kernel/errors.ts";
import { formatId, type Id, type IdMaker } from "../../kernel/ids.ts";
import type { Log } from "../../kernel/log.ts";
import type { Currency } from "../../kernel/money.ts";
import type { Platform } from "../../kernel/revision.ts";
import type { Merchants } from "../../merchants/index.ts";
import { type Actor, changes, type Made, type Operators } from "../../operators/index.ts";
import type { Channel } from "../port.ts";
import { CONTRACT_DEFAULTS, faultOfContract } from "./contract.ts";
import type { Credentials, PreparedCredentials, RawCredentials } from "./credentials.ts";
import { createGoingLive, type GoingLive, refuseCounterpart, withCounterpart } from "./going-live.ts";
import {
  type AccountOpening,
  anotherGateway,
  anotherMerchant,
  type ChannelAccount,
  type Contract,
  openingsOf,
} from "./model.ts";
import * as store from "./store.ts";
import { presentContract } from "./wire.ts";

export type ChannelAccountsDeps = {
  readonly channels: readonly Channel[];
  /** The platform schema. */
  readonly platform: Platform;
  readonly merchants: Pick<Merchants, "get">;
  readonly operators: Operators;
  readonly keyring: Keyring;
  readonly clock: Clock;
  readonly random: Random;
  readonly newId: IdMaker;
  readonly log: Log;
  /** Opens the books' accounts of a channel account in its currencies; safe to repeat. */
  readonly openAccounts: (openings: readonly AccountOpening[]) => Promise<void>;
  /**
   * In production a gateway is reached by https alone, and a contract is tried out before it takes orders.
   */
  readonly production: boolean;
};

export type NewCredentials = { readonly raw: RawCredentials; readonly tokenExpiresAt: Date | null };

/** What operators do with contracts. Every change is an audit row; secrets are in none. */
export type ChannelAccounts = {
  /**
   * Makes a draft. Whatever the request leaves out of the contract is the channel's own limit or
   * `CONTRACT_DEFAULTS`. Throws
   * `invalid_request`, `credentials_invalid`, `credentials_not_proved`, each naming the field.
   */
  create(
    actor: Actor,
    wanted: {
      merchantId: Id;
      channel: string;
      contract: GivenContract;
      credentials: NewCredentials | null;
    },
  ): Promise<Made<ChannelAccount>>;
  /**
   * Changes the contract; in production another gateway must be tried out anew. Throws `not_found`,
   * `conflict` for a stale revision, for a fund flow that is in use, and for another gateway of an account
   * that takes orders there, `invalid_request`.
   */
  update(actor: Actor, id: Id, revision: number, change: Partial<Contract>): Promise<ChannelAccount>;
  /**
   * Adds a version; orders placed before keep theirs. @param keepOthers true: fields that are not named stay
   * as they are, which is how a renewed authorisation token is saved. Credentials of another merchant at the
   * channel are as another gateway is to `update`. Throws as `create`, and `conflict` when rotated meanwhile.
   */
  rotate(actor: Actor, id: Id, wanted: NewCredentials & { keepOthers: boolean }): Promise<ChannelAccount>;
  /**
   * Asks the channel again with the newest version. Throws `conflict` without one, `credentials_not_proved`.
   */
  prove(actor: Actor, id: Id): Promise<ChannelAccount>;
  /** Takes new orders from now on. Throws `conflict` without credentials, `channel_account_not_verified`. */
  enable(actor: Actor, id: Id): Promise<ChannelAccount>;
  /** Takes no new orders; what was placed is asked about and refunded as before. */
  disable(actor: Actor, id: Id): Promise<ChannelAccount>;
  /** Removes a draft. Throws `channel_account_in_use` for one that was ever enabled. */
  remove(actor: Actor, id: Id): Promise<void>;
  readonly goingLive: GoingLive;
};

/** A contract as a request gives it. */
export type GivenContract = Pick<Contract, "label" | "gatewayUrl" | "costRateMillionths" | "fundFlow"> &
  Partial<Contract>;

type Room = ChannelAccountsDeps & {
  readonly credentials: Credentials;
  /** Called after each change, so that this process sees it at once. */
  readonly changed: (account: ChannelAccount) => void;
};

export function createChannelAccounts(room: Room): ChannelAccounts {
  return {
    create: (actor, wanted) => create(room, actor, wanted),
    update: (actor, id, revision, change) => update(room, actor, { id, revision, change }),
    rotate: (actor, id, wanted) => rotate(room, actor, id, wanted),
    prove: (actor, id) => prove(room, actor, id),
    enable: (actor, id) => enable(room, actor, id),
    disable: (actor, id) => changeStatus(room, actor, id, "disabled"),
    remove: (actor, id) => room.platform.transact((tx) => remove(room, tx, actor, id)),
    goingLive: createGoingLive(room),
  };
}

async function create(
  room: Room,
  actor: Actor,
  wanted: Parameters<ChannelAccounts["create"]>[1],
): Promise<Made<ChannelAccount>> {
  const channel = namedChannel(room, wanted.channel);
  const currencies = await merchantCurrencies(room, wanted.merchantId);
  const at = room.clock.now();
  const account: ChannelAccount = {
    ...CONTRACT_DEFAULTS,
    methods: Object.keys(channel.traits.scenes),
    currencies: channel.traits.currencies.filter((currency) => currencies.includes(currency)),
    amountMin: channel.traits.amountMin,
    amountMax: channel.traits.amountMax,
    refundPartsMax: channel.traits.refundPartsMax ?? null,
    refundSpacingSeconds: Math.ceil((channel.traits.refundSpacingMs ?? 0) / SECOND),
    ...wanted.contract,
    id: room.newId(),
    merchantId: wanted.merchantId,
    channel: channel.traits.name,
    status: "draft",
    verification: room.production ? "required" : "waived",
    verifiedAt: null,
    revision: 1,
    counterpartRevision: 1,
    credentialVersion: wanted.credentials === null ? null : 1,
    createdAt: at,
    updatedAt: at,
  };
  checkContract(room, channel, account, currencies);
  const prepared =
    wanted.credentials === null
      ? null
      : await room.credentials.prepare(channel, account, { ...wanted.credentials, version: 1 });
  const { resource, made } = await room.platform.transact((tx) => insert(room, tx, actor, account, prepared));
  room.changed(resource);
  return { resource, made };
}

async function insert(
  room: Room,
  tx: Tx,
  actor: Actor,
  account: ChannelAccount,
  prepared: PreparedCredentials | null,
): Promise<Made<ChannelAccount>> {
  const id = await room.operators.firstTime(tx, actor, account.id);
  if (id !== account.id) {
    const earlier = await store.findAccount(tx, id);
    if (earlier === null) throw problem("not_found");
    return { resource: earlier, made: false };
  }
  await store.insertAccount(tx, account);
  if (prepared !== null) await store.insertCredentials(tx, prepared.version, prepared.sealed);
  await room.operators.audit(tx, actor, {
    action: "channel_account.created",
    subject: formatId("cha", id),
    before: null,
    after: { ...presentContract(account), fingerprints: fingerprintList(prepared) },
  });
  return { resource: account, made: true };
}

async function update(
  room: Room,
  actor: Actor,
  wanted: { id: Id; revision: number; change: Partial<Contract> },
): Promise<ChannelAccount> {
  const seen = await existing(room, wanted.id);
  refuseChange(room, seen, wanted);
  const wished = { ...seen, ...wanted.change };
  const channel = namedChannel(room, seen.channel);
  checkContract(room, channel, wished, await merchantCurrencies(room, seen.merchantId));
  // Accounts come before the currency that needs them: a crash in between leaves only unused accounts.
  if (seen.status === "active") await room.openAccounts(openingsOf(wished));
  const updated = await room.platform.transact(async (tx) => {
    const before = await lockExisting(tx, wanted.id);
    refuseChange(room, before, wanted);
    const another = anotherGateway(before, wanted.change);
    const after = withCounterpart({ ...before, ...wanted.change }, room.production, another);
    return write(room, tx, actor, "updated", before, after);
  });
  room.changed(updated);
  return updated;
}

/** Asked before anything is opened for the change, and again under the lock. */
function refuseChange(
  room: Room,
  account: ChannelAccount,
  wanted: { readonly revision: number; readonly change: Partial<Contract> },
): void {
  if (account.revision !== wanted.revision) {
    throw problem("conflict", {
      field: "revision",
      detail: `the account was changed meanwhile; its revision is ${account.revision} now`,
      members: { revision: account.revision },
    });
  }
  refuseCounterpart(account, room.production, anotherGateway(account, wanted.change));
  const { fundFlow } = wanted.change;
  if (fundFlow !== undefined && fundFlow !== account.fundFlow && account.status !== "draft") {
    throw problem("conflict", {
      field: "fund_flow",
      detail: "the fund flow decides which accounts the money is booked on; make another channel account",
    });
  }
}

async function rotate(
  room: Room,
  actor: Actor,
  id: Id,
  wanted: NewCredentials & { keepOthers: boolean },
): Promise<ChannelAccount> {
  const seen = await existing(room, id);
  const current = seen.credentialVersion ?? 0;
  const others = wanted.keepOthers && current > 0 ? await room.credentials.raw(id, current) : {};
  const channel = namedChannel(room, seen.channel);
  const prepared = await room.credentials.prepare(channel, seen, {
    raw: { ...others, ...wanted.raw },
    version: current + 1,
    tokenExpiresAt: wanted.tokenExpiresAt,
  });
  const { merchant } = prepared.version;
  const another =
    current === 0
      ? null
      : anotherMerchant(await room.credentials.merchantOf(channel, seen, current), merchant);
  const rotated = await room.platform.transact(async (tx) => {
    const before = await lockExisting(tx, id);
    if ((before.credentialVersion ?? 0) !== current) {
      throw problem("conflict", {
        detail: "the credentials were rotated meanwhile; look at them and decide again",
      });
    }
    await store.insertCredentials(tx, prepared.version, prepared.sealed);
    const kept = withCounterpart(before, room.production, another);
    const after = { ...kept, credentialVersion: current + 1, updatedAt: room.clock.now() };
    await store.updateAccount(tx, after);
    await room.operators.audit(tx, actor, {
      action: "channel_account.credentials_rotated",
      subject: formatId("cha", id),
      before: { version: before.credentialVersion, verification: before.verification },
      after: {
        version: current + 1,
        verification: after.verification,
        fingerprints: fingerprintList(prepared),
      },
    });
    return after;
  });
  room.changed(rotated);
  return rotated;
}

async function prove(room: Room, actor: Actor, id: Id): Promise<ChannelAccount> {
  const account = await existing(room, id);
  const version = account.credentialVersion;
  if (version === null) throw withoutCredentials();
  const merchant = await room.credentials.prove(namedChannel(room, account.channel), account, version);
  await room.platform.transact(async (tx) => {
    await store.setProved(tx, { accountId: id, version }, room.clock.now(), merchant);
    await room.operators.audit(tx, actor, {
      action: "channel_account.proved",
      subject: formatId("cha", id),
      before: null,
      after: { version },
    });
  });
  return account;
}

async function enable(room: Room, actor: Actor, id: Id): Promise<ChannelAccount> {
  const seen = await existing(room, id);
  if (seen.credentialVersion === null) throw withoutCredentials();
  if (seen.verification === "required") throw problem("channel_account_not_verified");
  await room.openAccounts(openingsOf(seen));
  return changeStatus(room, actor, id, "active");
}

async function changeStatus(
  room: Room,
  actor: Actor,
  id: Id,
  status: "active" | "disabled",
): Promise<ChannelAccount> {
  const changed = await room.platform.transact(async (tx) => {
    const before = await lockExisting(tx, id);
    if (before.status === status) return before;
    if (before.credentialVersion === null) throw withoutCredentials();
    // What was tried may have become another since it was asked about.
    if (status === "active" && before.verification === "required") {
      throw problem("channel_account_not_verified");
    }
    const action = status === "active" ? "enabled" : "disabled";
    return write(room, tx, actor, action, before, { ...before, status });
  });
  room.changed(changed);
  return changed;
}

async function remove(room: Room, tx: Tx, actor: Actor, id: Id): Promise<void> {
  const account = await lockExisting(tx, id);
  if (account.status !== "draft") throw problem("channel_account_in_use");
  await store.deleteDraft(tx, id);
  room.changed(account);
  await room.operators.audit(tx, actor, {
    action: "channel_account.removed",
    subject: formatId("cha", id),
    before: presentContract(account),
    after: null,
  });
}

async function write(
  room: Room,
  tx: Tx,
  actor: Actor,
  action: string,
  before: ChannelAccount,
  wanted: ChannelAccount,
): Promise<ChannelAccount> {
  const after = { ...wanted, revision: before.revision + 1, updatedAt: room.clock.now() };
  await store.updateAccount(tx, after);
  await room.operators.audit(tx, actor, {
    action: `channel_account.${action}`,
    subject: formatId("cha", before.id),
    ...changes(presentContract(before), presentContract(after)),
  });
  return after;
}

async function existing(room: Room, id: Id): Promise<ChannelAccount> {
  const account = await store.findAccount(room.platform.db, id);
  if (account === null) throw problem("not_found");
  return account;
}

async function lockExisting(tx: Tx, id: Id): Promise<ChannelAccount> {
  const account = await store.lockAccount(tx, id);
  if (account === null) throw problem("not_found");
  return account;
}

async function merchantCurrencies(room: Room, merchantId: Id): Promise<readonly Currency[]> {
  const merchant = await room.merchants.get(merchantId);
  if (merchant === null) {
    throw problem("invalid_request", { field: "merchant_id", detail: "there is no such merchant" });
  }
  return merchant.currencies.map((held) => held.currency);
}

function namedChannel(room: Room, name: string): Channel {
  const channel = room.channels.find((candidate) => candidate.traits.name === name);
  if (channel !== undefined) return channel;
  const known = room.channels.map((candidate) => candidate.traits.name).join(", ");
  throw problem("invalid_request", {
    field: "channel",
    detail: `there is no channel ${name} here, only ${known}`,
  });
}

function checkContract(
  room: Room,
  channel: Channel,
  contract: Contract,
  currencies: readonly Currency[],
): void {
  const bounds = {
    traits: channel.traits,
    merchantCurrencies: currencies,
    production: room.production,
  };
  const fault = faultOfContract(contract, bounds);
  if (fault !== null) throw problem("invalid_request", fault);
}

/** As texts: the audit log hides whatever bears a secret's name, and fingerprints are no secret. */
function fingerprintList(prepared: PreparedCredentials | null): readonly string[] {
  return Object.entries(prepared?.version.fingerprints ?? {}).map(([field, mac]) => `${field}: ${mac}`);
}

function withoutCredentials() {
  return problem("conflict", { detail: "the account has no credentials yet; save them first" });
}
