import { createCache } from "../../kernel/cache.ts";
import type { Clock } from "../../kernel/clock.ts";
import { type Keyring, KeyringError } from "../../kernel/crypto.ts";
import { problem } from "../../kernel/errors.ts";
import type { Id } from "../../kernel/ids.ts";
import type { Log } from "../../kernel/log.ts";
import { type Platform, unchanging } from "../../kernel/revision.ts";
import type { CallEnd, Channel, ChannelContext, MerchantAtChannel } from "../port.ts";
import type { ChannelAccount, CredentialVersion } from "./model.ts";
import * as store from "./store.ts";

/** Credentials as an operator sends them; only the channel's folder knows the names. */
export type RawCredentials = Readonly<Record<string, unknown>>;

/** What a call to the account's gateway needs besides credentials. */
export type Endpoint = Pick<
  ChannelAccount,
  "id" | "gatewayUrl" | "timeoutMs" | "proxyUrl" | "connectionsMax" | "connectTimeoutMs"
>;

/** Credentials that were read and proved, ready to be written. */
export type PreparedCredentials = { readonly version: CredentialVersion; readonly sealed: Buffer };

export type Credentials = {
  /**
   * Reads new credentials, proves them with one signed query and seals them; writes nothing. Calls the
   * channel: never inside a transaction. Throws `credentials_invalid` naming the field,
   * `credentials_not_proved`.
   */
  prepare(
    channel: Channel,
    endpoint: Endpoint,
    wanted: { raw: RawCredentials; version: number; tokenExpiresAt: Date | null },
  ): Promise<PreparedCredentials>;
  /** Proves a stored version again, and tells whose it is. Throws `credentials_not_proved`. */
  prove(channel: Channel, endpoint: Endpoint, version: number): Promise<MerchantAtChannel | null>;
  /**
   * Whom a stored version makes us at the channel. One of which that is nowhere written is asked about once
   * more, and null when the channel does not answer: never inside a transaction.
   */
  merchantOf(channel: Channel, endpoint: Endpoint, version: number): Promise<MerchantAtChannel | null>;
  /** What a call needs, with a stored version. */
  context(channel: Channel, endpoint: Endpoint, version: number): Promise<ChannelContext>;
  /** A stored version as it was sent. It stays inside this room. */
  raw(accountId: Id, version: number): Promise<RawCredentials>;
  /** Wraps every record whose data key an earlier master key wrapped; gives how many. Safe to repeat. */
  rewrapAll(): Promise<number>;
  /** How many records there are, and how many of them no master key given opens. */
  readable(): Promise<{ all: number; unreadable: number }>;
};

export type CredentialsDeps = {
  readonly platform: Platform;
  readonly keyring: Keyring;
  readonly clock: Clock;
  readonly log: Log;
};

const FINGERPRINT_CHARACTERS = 12;
const SEALED_PAGE = 100;
const FIRST_ID = "00000000-0000-0000-0000-000000000000";
const OPENED_MAX = 1_000;

export function createCredentials(deps: CredentialsDeps): Credentials {
  const opened = createCache<RawCredentials>({
    clock: deps.clock,
    // A version never changes: once opened, it is what it is.
    revision: unchanging,
    entriesMax: OPENED_MAX,
    load: (recordId) => openRecord(deps, recordId),
  });
  const raw = (accountId: Id, version: number) => opened.get(recordIdOf(accountId, version));
  const parsed = new WeakMap<RawCredentials, unknown>();

  const context = async (channel: Channel, endpoint: Endpoint, version: number) => {
    const stored = await raw(endpoint.id, version);
    // Reading keys costs more than signing with them: once per opened version is enough.
    if (!parsed.has(stored)) parsed.set(stored, parseStored(channel, stored));
    return contextWith(endpoint, parsed.get(stored));
  };

  return {
    context,
    raw,
    prepare: async (channel, endpoint, wanted) => {
      const credentials = parseNew(channel, wanted.raw);
      const merchant = await proveWith(channel, contextWith(endpoint, credentials));
      const now = deps.clock.now();
      return {
        version: {
          channelAccountId: endpoint.id,
          version: wanted.version,
          fingerprints: fingerprintsOf(deps.keyring, wanted.raw),
          tokenExpiresAt: wanted.tokenExpiresAt,
          merchant,
          provedAt: now,
          createdAt: now,
        },
        sealed: await deps.keyring.seal(
          recordIdOf(endpoint.id, wanted.version),
          Buffer.from(JSON.stringify(wanted.raw)),
        ),
      };
    },
    prove: async (channel, endpoint, version) =>
      proveWith(channel, await context(channel, endpoint, version)),
    merchantOf: async (channel, endpoint, version) => {
      const written = await store.findMerchant(deps.platform.db, endpoint.id, version);
      if (written !== null) return written;
      const used = await context(channel, endpoint, version);
      const named = channel.merchantOf(used.credentials);
      if (named !== null) return named;
      const call = await channel.prove(used);
      return call.end === "answered" ? (call.value.merchant ?? null) : null;
    },
    rewrapAll: () => rewrapAll(deps),
    readable: () => readable(deps),
  };
}

/** Bound into the sealed record: a row copied under another account or version does not open. */
function recordIdOf(accountId: Id, version: number): string {
  return `channel_credentials/${accountId}/${version}`;
}

async function openRecord(deps: CredentialsDeps, recordId: string): Promise<RawCredentials> {
  const [, accountId, version] = recordId.split("/") as [string, Id, string];
  const sealed = await store.findSealed(deps.platform.db, accountId, Number(version));
  if (sealed === null)
    throw new Error(`channel account ${accountId} has no credentials of version ${version}`);
  return JSON.parse((await deps.keyring.open(recordId, sealed)).toString("utf8")) as RawCredentials;
}

function contextWith(endpoint: Endpoint, credentials: unknown): ChannelContext {
  return {
    channelAccountId: endpoint.id,
    gatewayUrl: endpoint.gatewayUrl,
    credentials,
    timeoutMs: endpoint.timeoutMs,
    network: {
      owner: endpoint.id,
      proxyUrl: endpoint.proxyUrl,
      connectionsMax: endpoint.connectionsMax,
      connectTimeoutMs: endpoint.connectTimeoutMs,
    },
  };
}

function parseNew(channel: Channel, raw: RawCredentials): unknown {
  const parsed = channel.parseCredentials(raw);
  if (parsed.ok) return parsed.credentials;
  const faults = parsed.faults.map(({ field, detail }) => ({ field: `credentials.${field}`, detail }));
  const first = faults[0];
  throw problem("credentials_invalid", {
    ...(first === undefined ? { field: "credentials" } : first),
    ...(faults.length > 1 ? { members: { faults } } : {}),
  });
}

function parseStored(channel: Channel, raw: RawCredentials): unknown {
  const parsed = channel.parseCredentials(raw);
  if (parsed.ok) return parsed.credentials;
  const fields = parsed.faults.map((fault) => fault.field).join(", ");
  throw new Error(`stored credentials are no longer readable by ${channel.traits.name}: ${fields}`);
}

async function proveWith(channel: Channel, context: ChannelContext): Promise<MerchantAtChannel | null> {
  const call = await channel.prove(context);
  if (call.end === "answered") return channel.merchantOf(context.credentials) ?? call.value.merchant ?? null;
  const { origin } = new URL(context.gatewayUrl);
  throw problem("credentials_not_proved", {
    ...whyNotProved(call, origin),
    members: { channel_code: call.exchange.channelCode },
  });
}

function whyNotProved(
  call: Exclude<CallEnd<unknown>, { readonly end: "answered" }>,
  origin: string,
): { field: string; detail: string } {
  switch (call.end) {
    case "refused":
      return { field: "credentials", detail: `${origin} answered ${call.code}: ${call.message}` };
    case "not_sent":
      return {
        field: "gateway_url",
        detail: `${origin} could not be reached (${call.reason}); nothing is known of these credentials`,
      };
    case "unknown":
      return {
        field: "credentials",
        detail:
          `${origin} could not be reached, or its answer does not verify with the channel's key ` +
          `(${call.reason}); nothing is known of these credentials`,
      };
  }
}

function fingerprintsOf(keyring: Keyring, raw: RawCredentials): Readonly<Record<string, string>> {
  const entries = Object.entries(raw).map(([field, value]) => {
    const mac = keyring.mac("credential fingerprints", JSON.stringify([field, value]));
    return [field, mac.toString("hex").slice(0, FINGERPRINT_CHARACTERS)] as const;
  });
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

async function* sealedRows(deps: CredentialsDeps): AsyncGenerator<store.SealedRow> {
  let after = { accountId: FIRST_ID, version: 0 };
  for (;;) {
    const rows = await store.listSealed(deps.platform.db, after, SEALED_PAGE);
    yield* rows;
    const last = rows.at(-1);
    if (last === undefined) return;
    after = { accountId: last.channelAccountId, version: last.version };
  }
}

async function rewrapAll(deps: CredentialsDeps): Promise<number> {
  let count = 0;
  for await (const row of sealedRows(deps)) {
    if (!deps.keyring.isStale(row.sealed)) continue;
    const recordId = recordIdOf(row.channelAccountId, row.version);
    const sealed = await deps.keyring.rewrap(recordId, row.sealed);
    await deps.platform.transact((tx) => store.updateSealed(tx, { ...row, sealed }), { repeatable: true });
    count += 1;
  }
  return count;
}

async function readable(deps: CredentialsDeps): Promise<{ all: number; unreadable: number }> {
  const found = { all: 0, unreadable: 0 };
  for await (const row of sealedRows(deps)) {
    found.all += 1;
    try {
      await deps.keyring.open(recordIdOf(row.channelAccountId, row.version), row.sealed);
    } catch (error) {
      if (!(error instanceof KeyringError)) throw error;
      found.unreadable += 1;
    }
  }
  return found;
}
