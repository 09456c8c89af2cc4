import { Type } from "typebox";
import { CurrencySchema, InstantSchema } from "../../kernel/http.ts";
import { formatId } from "../../kernel/ids.ts";
import {
  ACCOUNT_VERIFICATIONS,
  type ChannelAccount,
  COST_SETTLEMENTS,
  type Contract,
  type CredentialVersion,
  FUND_FLOWS,
  MODES,
  SETTLERS,
  warningsAt,
} from "./model.ts";

const LifetimeSecondsMax = 15 * 86_400;

/** The contract's fields as a request gives them. */
export const ContractProperties = {
  label: Type.String({ minLength: 1, maxLength: 120, pattern: "\\S" }),
  gateway_url: Type.String({ minLength: 1, maxLength: 500, description: "Where the channel is" }),
  mode: Type.Enum([...MODES]),
  methods: Type.Array(Type.String({ maxLength: 64 }), { minItems: 1, maxItems: 32, uniqueItems: true }),
  currencies: Type.Array(CurrencySchema, { minItems: 1, maxItems: 32, uniqueItems: true }),
  amount_min: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, description: "Minor units" }),
  amount_max: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, description: "Minor units" }),
  order_lifetime_seconds: Type.Integer({ minimum: 60, maximum: LifetimeSecondsMax }),
  refund_window_days: Type.Integer({ minimum: 0, maximum: 3_650 }),
  refund_parts_max: Type.Union([Type.Integer({ minimum: 1, maximum: 10_000 }), Type.Null()]),
  refund_spacing_seconds: Type.Integer({ minimum: 0, maximum: 86_400 }),
  calls_per_second: Type.Integer({ minimum: 1, maximum: 100_000 }),
  timeout_ms: Type.Integer({
    minimum: 500,
    maximum: 10_000,
    description: "Of one call; a lease is three times the longest",
  }),
  proxy_url: Type.Union([Type.String({ minLength: 1, maxLength: 500 }), Type.Null()], {
    description: "http://host:port of the proxy that the channel is reached through by CONNECT; no password",
  }),
  connections_max: Type.Integer({ minimum: 1, maximum: 1_024, description: "Of one process to one origin" }),
  connect_timeout_ms: Type.Integer({ minimum: 100, maximum: 10_000, description: "Of one attempt" }),
  calls_in_flight_max: Type.Integer({
    minimum: 1,
    maximum: 1_024,
    description: "Calls about what is due that one process has under way at once",
  }),
  cancel_cutoff: Type.Union([
    Type.String({ pattern: "^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$", description: "HH:MM, channel time" }),
    Type.Null(),
  ]),
  cost_rate_millionths: Type.Integer({
    minimum: 0,
    maximum: 1_000_000,
    description: "What the channel charges of a payment: 6000 is 0.6 %",
  }),
  cost_returned_on_refund: Type.Boolean(),
  fee_returned_on_refund: Type.Boolean(),
  cost_settlement: Type.Enum([...COST_SETTLEMENTS]),
  settled_by: Type.Enum([...SETTLERS]),
  fund_flow: Type.Enum([...FUND_FLOWS]),
  settlement_days: Type.Integer({ minimum: 0, maximum: 60, description: "1 is T+1" }),
};

const NullableInstant = Type.Union([InstantSchema, Type.Null()]);

const CredentialVersionSchema = Type.Object({
  version: Type.Integer(),
  fingerprints: Type.Record(Type.String(), Type.String(), {
    description: "One per field: equal ones stand for equal values",
  }),
  token_expires_at: NullableInstant,
  proved_at: InstantSchema,
  created_at: InstantSchema,
});

export const ChannelAccountSchema = Type.Object({
  id: Type.String(),
  merchant_id: Type.String(),
  channel: Type.String(),
  status: Type.String({ description: "draft, active or disabled" }),
  verification: Type.Enum([...ACCOUNT_VERIFICATIONS], {
    description: "`required`: it must be tried out with a real payment before it can be enabled",
  }),
  verified_at: NullableInstant,
  revision: Type.Integer({ description: "Send it back with a change" }),
  ...ContractProperties,
  notify_path: Type.String({ description: "Where the channel notifies us, under the public address" }),
  credentials: Type.Union([CredentialVersionSchema, Type.Null()], { description: "The newest version" }),
  warnings: Type.Array(Type.String()),
  created_at: InstantSchema,
  updated_at: InstantSchema,
});

export const ChannelAccountDetailSchema = Type.Object({
  ...ChannelAccountSchema.properties,
  credential_versions: Type.Array(CredentialVersionSchema),
});

/** A contract with its place and state, as the wire and the audit log show it. */
export function presentContract(account: ChannelAccount) {
  return {
    id: formatId("cha", account.id),
    merchant_id: formatId("mch", account.merchantId),
    channel: account.channel,
    status: account.status,
    verification: account.verification,
    verified_at: account.verifiedAt?.toISOString() ?? null,
    revision: account.revision,
    label: account.label,
    gateway_url: account.gatewayUrl,
    mode: account.mode,
    methods: [...account.methods],
    currencies: [...account.currencies],
    amount_min: Number(account.amountMin),
    amount_max: Number(account.amountMax),
    order_lifetime_seconds: account.orderLifetimeSeconds,
    refund_window_days: account.refundWindowDays,
    refund_parts_max: account.refundPartsMax,
    refund_spacing_seconds: account.refundSpacingSeconds,
    calls_per_second: account.callsPerSecond,
    timeout_ms: account.timeoutMs,
    proxy_url: account.proxyUrl,
    connections_max: account.connectionsMax,
    connect_timeout_ms: account.connectTimeoutMs,
    calls_in_flight_max: account.callsInFlightMax,
    cancel_cutoff: account.cancelCutoff,
    cost_rate_millionths: Number(account.costRateMillionths),
    cost_returned_on_refund: account.costReturnedOnRefund,
    fee_returned_on_refund: account.feeReturnedOnRefund,
    cost_settlement: account.costSettlement,
    settled_by: account.settledBy,
    fund_flow: account.fundFlow,
    settlement_days: account.settlementDays,
  };
}

function presentVersion(version: CredentialVersion) {
  return {
    version: version.version,
    fingerprints: { ...version.fingerprints },
    token_expires_at: version.tokenExpiresAt?.toISOString() ?? null,
    proved_at: version.provedAt.toISOString(),
    created_at: version.createdAt.toISOString(),
  };
}

export function presentAccount(account: ChannelAccount, newest: CredentialVersion | null, at: Date) {
  return {
    ...presentContract(account),
    notify_path: `/notify/${account.channel}/${formatId("cha", account.id)}`,
    credentials: newest === null ? null : presentVersion(newest),
    warnings: [...warningsAt(newest, at)],
    created_at: account.createdAt.toISOString(),
    updated_at: account.updatedAt.toISOString(),
  };
}

export function presentAccountDetail(
  account: ChannelAccount,
  versions: readonly CredentialVersion[],
  at: Date,
) {
  return {
    ...presentAccount(account, versions[0] ?? null, at),
    credential_versions: versions.map(presentVersion),
  };
}

/** A contract's fields as they came, each optional. */
export type WireContract = {
  readonly [Field in keyof typeof ContractProperties]?: unknown;
};

/** Wire names to the contract's own; amounts and rates become bigint. Only what is named is in the result. */
export function readContract(wire: WireContract): Partial<Contract> {
  const entries = Object.entries(wire)
    .filter(([name, value]) => Object.hasOwn(ContractProperties, name) && value !== undefined)
    .map(([name, value]) => [camelCase(name), BIGINT_FIELDS.has(name) ? BigInt(value as number) : value]);
  return Object.fromEntries(entries) as Partial<Contract>;
}

const BIGINT_FIELDS: ReadonlySet<string> = new Set(["amount_min", "amount_max", "cost_rate_millionths"]);

function camelCase(name: string): string {
  return name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
