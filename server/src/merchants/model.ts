/**
 * Who gets paid.
 *
 * - Merchant (商户): a legal person that owns one book. `opening` until its book exists, then `active`; a
 *   `suspended` one
 *   takes no new payment, while its refunds, queries and webhooks go on.
 * - Credit line: how far a merchant may owe us in one currency, for refunds beyond its money.
 * - Store (门店), terminal (终端): where a payment happens, each with the merchant's own number.
 * - API key: a merchant's secret, shown once, kept as a hash; rotated with an overlap.
 */
import type { Id } from "../kernel/ids.ts";
import type { Currency } from "../kernel/money.ts";

export type MerchantStatus = "opening" | "active" | "suspended";

/** A currency that the merchant settles in. */
export type MerchantCurrency = {
  readonly currency: Currency;
  /** Minor units; 0: no credit. */
  readonly creditLine: bigint;
};

export type Merchant = {
  readonly id: Id;
  readonly name: string;
  readonly legalName: string;
  readonly status: MerchantStatus;
  /** What we charge for a payment, in millionths: 6000 is 0.6 %. */
  readonly feeRateMillionths: bigint;
  /** In alphabetical order; never empty. */
  readonly currencies: readonly MerchantCurrency[];
  /** Grows with every change of the row or its currencies. */
  readonly revision: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
};

/** Who a request with a merchant's key speaks for. */
export type MerchantIdentity = {
  readonly merchantId: Id;
  readonly keyId: Id;
  readonly merchant: Merchant;
};

export type Store = {
  readonly id: Id;
  readonly merchantId: Id;
  /** The merchant's own number, unique within the merchant. */
  readonly storeNo: string;
  readonly name: string;
  readonly place: string | null;
  readonly createdAt: Date;
};

export const TERMINAL_TYPES = ["till", "pos", "scanner", "kiosk", "soundbox", "plate", "other"] as const;
export type TerminalType = (typeof TERMINAL_TYPES)[number];

export type Terminal = {
  readonly id: Id;
  readonly merchantId: Id;
  readonly storeId: Id;
  /** Unique within the merchant. */
  readonly serial: string;
  readonly type: TerminalType;
  readonly place: string | null;
  readonly createdAt: Date;
};

/** An API key as people see it: never the secret. */
export type ApiKey = {
  readonly id: Id;
  readonly merchantId: Id;
  readonly label: string;
  /** The first characters of the secret, to tell keys apart. */
  readonly prefix: string;
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
  readonly revokedAt: Date | null;
  /** The key that this one replaces. */
  readonly rotatedFrom: Id | null;
};

export type ApiKeyState = "active" | "expired" | "revoked";

/** What a key is worth at an instant. Revocation wins over expiry. */
export function apiKeyStateAt(key: Pick<ApiKey, "expiresAt" | "revokedAt">, at: Date): ApiKeyState {
  if (key.revokedAt !== null) return "revoked";
  return key.expiresAt !== null && key.expiresAt <= at ? "expired" : "active";
}

/** Where a payment happens, found from what its request named. */
export type Place = {
  readonly storeId: Id | null;
  readonly storeNo: string | null;
  readonly terminalId: Id | null;
  /** The terminal's serial. */
  readonly terminalNo: string | null;
};

/** How far the merchant may owe us in a currency, in minor units: 0 for one that it does not settle in. */
export function creditLineOf(merchant: Merchant, currency: Currency): bigint {
  return merchant.currencies.find((held) => held.currency === currency)?.creditLine ?? 0n;
}

/** Whether the merchant settles in a currency. */
export function settlesIn(merchant: Merchant, currency: Currency): boolean {
  return merchant.currencies.some((held) => held.currency === currency);
}
