/**
 * One contract with one channel.
 *
 * - Channel account (通道账户): a contract as data. `draft` until its credentials are proved, then `active`; a
 *   `disabled`
 *   one takes no new order, while refunds, queries and notifications of its orders still go through it.
 * - Credential version: one set of keys. An order remembers the version that it was placed with; a rotation
 *   adds one.
 * - Fund flow: whether the channel's money passes us, goes to the merchant itself, or lies at a bank that
 *   pays on our
 *   instruction.
 */
import { DAY } from "../../kernel/clock.ts";
import type { Id } from "../../kernel/ids.ts";
import type { Currency } from "../../kernel/money.ts";
import type { MerchantAtChannel, Method } from "../port.ts";

export const MODES = ["direct", "service_provider"] as const;
export type Mode = (typeof MODES)[number];

export const FUND_FLOWS = ["through_platform", "direct_to_merchant", "bank_custody"] as const;
export type FundFlow = (typeof FUND_FLOWS)[number];

export const SETTLERS = ["channel", "bank", "provider"] as const;
export type Settler = (typeof SETTLERS)[number];

/** `net`: the channel keeps its cost back from what it pays out; `gross`: it bills the cost apart. */
export const COST_SETTLEMENTS = ["net", "gross"] as const;
export type CostSettlement = (typeof COST_SETTLEMENTS)[number];

/**
 * Whether the contract must first show that money goes through it and comes back. `waived`: outside
 * production, or by two people's word.
 */
export const ACCOUNT_VERIFICATIONS = ["required", "waived", "verified"] as const;
export type AccountVerification = (typeof ACCOUNT_VERIFICATIONS)[number];

export type ChannelAccountStatus = "draft" | "active" | "disabled";

/** What the contract with the channel says. */
export type Contract = {
  readonly label: string;
  /** Where the channel is: its production address, its own sandbox, or ours. */
  readonly gatewayUrl: string;
  readonly mode: Mode;
  /** The scenes that it may serve. */
  readonly methods: readonly Method[];
  readonly currencies: readonly Currency[];
  /** Smallest and largest order, in minor units. */
  readonly amountMin: bigint;
  readonly amountMax: bigint;
  /** The longest that an order may stay open. */
  readonly orderLifetimeSeconds: number;
  readonly refundWindowDays: number;
  /** Parts in which one order may be refunded; null: no cap. */
  readonly refundPartsMax: number | null;
  /** The least time between two parts; 0: none. */
  readonly refundSpacingSeconds: number;
  readonly callsPerSecond: number;
  readonly timeoutMs: number;
  /** The proxy that the channel is reached through by CONNECT, without a password; null: none. */
  readonly proxyUrl: string | null;
  /** Sockets of one process to one origin; a call beyond waits for one within its time-out. */
  readonly connectionsMax: number;
  /** How long an attempt to connect may take, and through a proxy TLS as long again. */
  readonly connectTimeoutMs: number;
  /** Calls about what is due (queries, refunds, closings) that one process has under way at once. */
  readonly callsInFlightMax: number;
  /**
   * Until when an order of the day may be cancelled, `HH:MM` in the channel's time zone; null: no cut-off.
   */
  readonly cancelCutoff: string | null;
  /** What the channel charges for a payment, in millionths. */
  readonly costRateMillionths: bigint;
  /** Whether the channel gives its cost back with a refund, in proportion. */
  readonly costReturnedOnRefund: boolean;
  /** Whether we give our fee back with a refund, in proportion. */
  readonly feeReturnedOnRefund: boolean;
  readonly costSettlement: CostSettlement;
  readonly settledBy: Settler;
  readonly fundFlow: FundFlow;
  /** Working days until the channel pays out: 1 is T+1. */
  readonly settlementDays: number;
};

export type ChannelAccount = Contract & {
  readonly id: Id;
  /** The legal merchant that the contract belongs to: routing stays among its accounts. */
  readonly merchantId: Id;
  readonly channel: string;
  readonly status: ChannelAccountStatus;
  readonly verification: AccountVerification;
  readonly verifiedAt: Date | null;
  readonly revision: number;
  /**
   * Goes up when its gateway, or the merchant that its credentials make us there, becomes another: a trial of
   * the one before says nothing of this one.
   */
  readonly counterpartRevision: number;
  /** The newest version of its credentials; null while there are none. */
  readonly credentialVersion: number | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
};

/** What the ledger must have opened before an account takes its first order. */
export type AccountOpening = {
  readonly merchantId: Id;
  readonly currency: Currency;
  readonly channelAccountId: Id;
  readonly fundFlow: FundFlow;
};

/** One for each currency of the account. */
export function openingsOf(account: ChannelAccount): AccountOpening[] {
  const { id: channelAccountId, merchantId, fundFlow } = account;
  return account.currencies.map((currency) => ({ merchantId, currency, channelAccountId, fundFlow }));
}

/** Whether the account is active and its contract takes the currency and amount (null: any amount). */
export function takes(
  account: Pick<ChannelAccount, "status" | "currencies" | "amountMin" | "amountMax">,
  { amount, currency }: { readonly amount: bigint | null; readonly currency: Currency },
): boolean {
  return (
    account.status === "active" &&
    account.currencies.includes(currency) &&
    (amount === null || (account.amountMin <= amount && amount <= account.amountMax))
  );
}

/** One version of an account's credentials as people see it: never the credentials. */
export type CredentialVersion = {
  readonly channelAccountId: Id;
  /** From 1. */
  readonly version: number;
  /** A keyed hash per field, to tell whether two versions share a key. */
  readonly fingerprints: Readonly<Record<string, string>>;
  /** When the authorisation token (Alipay's `app_auth_token`) ends; null: none, or not told. */
  readonly tokenExpiresAt: Date | null;
  /** Whom it makes us at the channel; null: saved before that was remembered. */
  readonly merchant: MerchantAtChannel | null;
  readonly provedAt: Date;
  readonly createdAt: Date;
};

/** The field by which an account comes to another counterpart, and what an operator reads of it. */
export type Another = { readonly field: string; readonly detail: string };

/** Null: the change leaves the gateway as it is. */
export function anotherGateway(
  { gatewayUrl }: Pick<Contract, "gatewayUrl">,
  change: Partial<Contract>,
): Another | null {
  if (change.gatewayUrl === undefined || change.gatewayUrl === gatewayUrl) return null;
  return { field: "gateway_url", detail: "this is another gateway" };
}

/** Null: they are the same merchant. One that nobody can name any more is another. */
export function anotherMerchant(
  before: MerchantAtChannel | null,
  after: MerchantAtChannel | null,
): Another | null {
  if (before === null || after === null) {
    return {
      field: "credentials",
      detail: "it cannot be shown that these credentials are the same merchant's as the ones before",
    };
  }
  const names = [...new Set([...Object.keys(after), ...Object.keys(before)])];
  const name = names.find((each) => before[each] !== after[each]);
  if (name === undefined) return null;
  const [now, then] = [after[name] ?? "none", before[name] ?? "none"];
  return {
    field: `credentials.${name}`,
    detail: `another merchant at the channel: ${name} is ${now}, not ${then}`,
  };
}

/** From this long before its end an authorisation token is warned of. */
const TOKEN_WARNING_DAYS = 30;

/** What an operator should do about an account's newest credentials, in whole sentences. */
export function warningsAt(newest: CredentialVersion | null, at: Date): readonly string[] {
  const endsAt = newest?.tokenExpiresAt ?? null;
  if (endsAt === null || endsAt.getTime() - at.getTime() > TOKEN_WARNING_DAYS * DAY) return [];
  const day = endsAt.toISOString().slice(0, 10);
  return endsAt <= at
    ? [`The authorisation token ended on ${day}: calls are refused until a new one is saved.`]
    : [`The authorisation token ends on ${day}: save a new one before.`];
}
