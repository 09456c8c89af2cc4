import { type Db, sql, type Tx } from "../../kernel/database.ts";
import { formatId, type Id } from "../../kernel/ids.ts";
import type { MerchantAtChannel } from "../port.ts";
import type { ChannelAccount, ChannelAccountStatus, CredentialVersion } from "./model.ts";

const ACCOUNT = `id, merchant_id, channel, label, gateway_url, mode, methods, currencies, amount_min,
  amount_max, order_lifetime_seconds, refund_window_days, refund_parts_max, refund_spacing_seconds,
  calls_per_second, timeout_ms, cancel_cutoff, cost_rate_millionths, cost_returned_on_refund,
  fee_returned_on_refund, cost_settlement, settled_by, fund_flow, settlement_days, status, revision,
  credential_version, created_at, updated_at, proxy_url, connections_max, connect_timeout_ms,
  calls_in_flight_max, verification, verified_at, counterpart_revision`;

/** In the order of `ACCOUNT`. */
function accountParams(account: ChannelAccount): unknown[] {
  return [
    account.id,
    account.merchantId,
    account.channel,
    account.label,
    account.gatewayUrl,
    account.mode,
    account.methods,
    account.currencies,
    account.amountMin,
    account.amountMax,
    account.orderLifetimeSeconds,
    account.refundWindowDays,
    account.refundPartsMax,
    account.refundSpacingSeconds,
    account.callsPerSecond,
    account.timeoutMs,
    account.cancelCutoff,
    account.costRateMillionths,
    account.costReturnedOnRefund,
    account.feeReturnedOnRefund,
    account.costSettlement,
    account.settledBy,
    account.fundFlow,
    account.settlementDays,
    account.status,
    account.revision,
    account.credentialVersion,
    account.createdAt,
    account.updatedAt,
    account.proxyUrl,
    account.connectionsMax,
    account.connectTimeoutMs,
    account.callsInFlightMax,
    account.verification,
    account.verifiedAt,
    account.counterpartRevision,
  ];
}

const accountById = sql("channel_accounts_by_id", `select ${ACCOUNT} from channel_accounts where id = $1`);

const costRatesSql = sql(
  "channel_account_cost_rates",
  `select at, (after ->> 'revision')::integer as revision,
     (after ->> 'cost_rate_millionths')::bigint as rate_millionths
   from audit_log
   where subject = $1
     and after ->> 'revision' is not null
     and after ->> 'cost_rate_millionths' is not null
   order by id`,
);

/** One rate of a contract's costs, in millionths, from this revision on. */
export type CostRate = { readonly at: Date; readonly revision: number; readonly rateMillionths: bigint };

/** Every single rate that an account had, oldest first, by the audit log. */
export function costRates(db: Db, id: Id): Promise<CostRate[]> {
  return db.all<CostRate>(costRatesSql, [formatId("cha", id)]);
}

export function findAccount(db: Db, id: Id): Promise<ChannelAccount | null> {
  return db.one<ChannelAccount>(accountById, [id]);
}

const accountLock = sql(
  "channel_accounts_lock",
  `select ${ACCOUNT} from channel_accounts where id = $1 for no key update`,
);

export function lockAccount(tx: Tx, id: Id): Promise<ChannelAccount | null> {
  return tx.one<ChannelAccount>(accountLock, [id]);
}

const accountsOfMerchant = sql(
  "channel_accounts_of_merchant",
  `select ${ACCOUNT}
  from channel_accounts
  where merchant_id = $1
  order by created_at, id`,
);

export function findAccountsOfMerchant(db: Db, merchantId: Id): Promise<ChannelAccount[]> {
  return db.all<ChannelAccount>(accountsOfMerchant, [merchantId]);
}

const accountsPage = sql(
  "channel_accounts_page",
  `select ${ACCOUNT}
  from channel_accounts
  where ($1::uuid is null or id < $1)
    and ($2::uuid is null or merchant_id = $2)
    and ($3::text is null or channel = $3)
    and ($4::text is null or status = $4)
  order by id desc
  limit $5`,
);

export type AccountFilter = {
  readonly before: Id | null;
  readonly merchantId: Id | null;
  readonly channel: string | null;
  readonly status: ChannelAccountStatus | null;
};

export function listAccounts(db: Db, filter: AccountFilter, limit: number): Promise<ChannelAccount[]> {
  const params = [filter.before, filter.merchantId, filter.channel, filter.status, limit];
  return db.all<ChannelAccount>(accountsPage, params);
}

const accountInsert = sql(
  "channel_accounts_insert",
  `insert into channel_accounts (${ACCOUNT})
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21,
    $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36)`,
);

export function insertAccount(tx: Tx, account: ChannelAccount): Promise<number> {
  return tx.run(accountInsert, accountParams(account));
}

const accountUpdate = sql(
  "channel_accounts_update",
  `update channel_accounts
  set (label, gateway_url, mode, methods, currencies, amount_min, amount_max, order_lifetime_seconds,
      refund_window_days, refund_parts_max, refund_spacing_seconds, calls_per_second, timeout_ms,
      cancel_cutoff, cost_rate_millionths, cost_returned_on_refund, fee_returned_on_refund,
      cost_settlement, settled_by, fund_flow, settlement_days, status, revision, credential_version,
      updated_at, proxy_url, connections_max, connect_timeout_ms, calls_in_flight_max, verification,
      verified_at, counterpart_revision)
    = ($4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24,
      $25, $26, $27, $29, $30, $31, $32, $33, $34, $35, $36)
  where id = $1
    and merchant_id = $2
    and channel = $3
    and created_at = $28`,
);

/** An account keeps its merchant and its channel for ever. */
export function updateAccount(tx: Tx, account: ChannelAccount): Promise<number> {
  return tx.run(accountUpdate, accountParams(account));
}

const accountDelete = sql(
  "channel_accounts_delete_draft",
  "delete from channel_accounts where id = $1 and status = 'draft'",
);

const credentialsDelete = sql(
  "channel_credentials_delete",
  "delete from channel_credentials where channel_account_id = $1",
);

/** Only for a locked draft: no order was ever placed with it. */
export async function deleteDraft(tx: Tx, id: Id): Promise<void> {
  await tx.run(credentialsDelete, [id]);
  await tx.run(accountDelete, [id]);
}

const VERSION = `channel_account_id, version, fingerprints, token_expires_at, merchant, proved_at,
  created_at`;

const versionInsert = sql(
  "channel_credentials_insert",
  `insert into channel_credentials (${VERSION}, sealed)
  values ($1, $2, $3, $4, $5, $6, $7, $8)`,
);

export function insertCredentials(tx: Tx, version: CredentialVersion, sealed: Buffer): Promise<number> {
  return tx.run(versionInsert, [
    version.channelAccountId,
    version.version,
    JSON.stringify(version.fingerprints),
    version.tokenExpiresAt,
    version.merchant === null ? null : JSON.stringify(version.merchant),
    version.provedAt,
    version.createdAt,
    sealed,
  ]);
}

const versionsOf = sql(
  "channel_credentials_of",
  `select ${VERSION}
  from channel_credentials
  where channel_account_id = $1
  order by version desc`,
);

/** Every version, newest first, without what is sealed. */
export function listCredentials(db: Db, accountId: Id): Promise<CredentialVersion[]> {
  return db.all<CredentialVersion>(versionsOf, [accountId]);
}

const versionsNewest = sql(
  "channel_credentials_newest",
  `select distinct on (channel_account_id) ${VERSION}
  from channel_credentials
  where channel_account_id = any ($1::uuid[])
  order by channel_account_id, version desc`,
);

export function newestCredentials(db: Db, accountIds: readonly Id[]): Promise<CredentialVersion[]> {
  return db.all<CredentialVersion>(versionsNewest, [accountIds]);
}

const sealedFind = sql(
  "channel_credentials_sealed",
  `select sealed
  from channel_credentials
  where channel_account_id = $1
    and version = $2`,
);

export async function findSealed(db: Db, accountId: Id, version: number): Promise<Buffer | null> {
  const row = await db.one<{ sealed: Buffer }>(sealedFind, [accountId, version]);
  return row?.sealed ?? null;
}

const versionProved = sql(
  "channel_credentials_proved",
  `update channel_credentials
  set proved_at = $3, merchant = coalesce($4, merchant)
  where channel_account_id = $1
    and version = $2`,
);

export function setProved(
  tx: Tx,
  { accountId, version }: { accountId: Id; version: number },
  at: Date,
  merchant: MerchantAtChannel | null,
): Promise<number> {
  return tx.run(versionProved, [accountId, version, at, merchant === null ? null : JSON.stringify(merchant)]);
}

const merchantFind = sql(
  "channel_credentials_merchant",
  `select merchant
  from channel_credentials
  where channel_account_id = $1
    and version = $2`,
);

/** Whom a version makes us, as it was told when it was proved; null: that was not remembered. */
export async function findMerchant(
  db: Db,
  accountId: Id,
  version: number,
): Promise<MerchantAtChannel | null> {
  const row = await db.one<{ merchant: MerchantAtChannel | null }>(merchantFind, [accountId, version]);
  return row?.merchant ?? null;
}

const sealedPage = sql(
  "channel_credentials_sealed_page",
  `select channel_account_id, version, sealed
  from channel_credentials
  where (channel_account_id, version) > ($1, $2)
  order by channel_account_id, version
  limit $3`,
);

export type SealedRow = {
  readonly channelAccountId: Id;
  readonly version: number;
  readonly sealed: Buffer;
};

/** Every sealed record after a place, for wrapping again after the master key changed. */
export function listSealed(
  db: Db,
  after: { accountId: Id; version: number },
  limit: number,
): Promise<SealedRow[]> {
  return db.all<SealedRow>(sealedPage, [after.accountId, after.version, limit]);
}

const resealed = sql(
  "channel_credentials_reseal",
  `update channel_credentials
  set sealed = $3
  where channel_account_id = $1
    and version = $2`,
);

export function updateSealed(tx: Tx, row: SealedRow): Promise<number> {
  return tx.run(resealed, [row.channelAccountId, row.version, row.sealed]);
}
