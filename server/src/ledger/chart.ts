/**
 * The chart of accounts: what each account code means, on which side it grows, and the ids of books and
 * accounts. An id is computed from what it names, so nobody looks one up before posting.
 */
import { hash } from "node:crypto";
import type { Id } from "../kernel/ids.ts";
import type { Currency } from "../kernel/money.ts";

export type BookKind = "merchant" | "platform" | "customer";

/**
 * `memorandum`: money that never passes us. `position`: accounts that end at zero over all books or by
 * revaluation.
 */
export type AccountClass =
  | "asset"
  | "liability"
  | "equity"
  | "income"
  | "expense"
  | "memorandum"
  | "position";

/** The side on which an account grows. */
export type Side = "debit" | "credit";

export type ChartEntry = {
  readonly class: AccountClass;
  readonly side: Side;
  /** One account for each channel account, instead of one for the book. */
  readonly perChannelAccount: boolean;
  /** The least natural balance (less holds) that a posting may leave; null: none. */
  readonly floor: bigint | null;
};

const PLAIN_CODES = {
  channel_receivable: "asset",
  merchant_pending: "liability",
  merchant_available: "liability",
  merchant_reserve: "liability",
  merchant_receivable: "asset",
  receiver_pending: "liability",
  receiver_available: "liability",
  partner_payable: "liability",
  refund_clearing: "liability",
  payout_clearing: "liability",
  suspense_surplus: "liability",
  suspense_shortage: "asset",
  fee_income: "income",
  other_income: "income",
  channel_cost: "expense",
  marketing_expense: "expense",
  loss: "expense",
  channel_cost_payable: "liability",
  commission_receivable: "asset",
  sponsor_receivable: "asset",
  campaign_fund: "liability",
  coupon_liability: "liability",
  customer_wallet: "liability",
  points_liability: "liability",
  bank_reserve: "asset",
  bank_own: "asset",
  bank_in_transit: "asset",
  own_capital: "equity",
  interbook: "position",
  fx_position: "position",
} as const satisfies Record<string, AccountClass>;

type PlainCode = keyof typeof PLAIN_CODES;

/**
 * The accounts of the success, surplus, refund and break postings: each has a twin for money that never
 * passes us.
 */
const TWINNED_CODES = [
  "channel_receivable",
  "merchant_pending",
  "merchant_available",
  "merchant_receivable",
  "partner_payable",
  "refund_clearing",
  "suspense_surplus",
  "suspense_shortage",
  "fee_income",
  "channel_cost",
  "channel_cost_payable",
] as const satisfies readonly PlainCode[];

type TwinnedCode = (typeof TWINNED_CODES)[number];

export type AccountCode = PlainCode | `memo_${TwinnedCode}`;

const DEBIT_CLASSES: readonly AccountClass[] = ["asset", "expense", "position"];
const PER_CHANNEL_ACCOUNT: readonly PlainCode[] = ["channel_receivable", "channel_cost_payable"];
const FLOORS: Partial<Record<PlainCode, bigint>> = { merchant_available: 0n };

function plainEntry(code: PlainCode): ChartEntry {
  const accountClass = PLAIN_CODES[code];
  return {
    class: accountClass,
    side: DEBIT_CLASSES.includes(accountClass) ? "debit" : "credit",
    perChannelAccount: PER_CHANNEL_ACCOUNT.includes(code),
    floor: FLOORS[code] ?? null,
  };
}

/** Every account code, and what it is. */
export const CHART: Readonly<Record<AccountCode, ChartEntry>> = Object.freeze({
  ...Object.fromEntries(Object.keys(PLAIN_CODES).map((code) => [code, plainEntry(code as PlainCode)])),
  ...Object.fromEntries(
    TWINNED_CODES.map((code) => [
      `memo_${code}`,
      { ...plainEntry(code), class: "memorandum", floor: null } satisfies ChartEntry,
    ]),
  ),
}) as Readonly<Record<AccountCode, ChartEntry>>;

/** Every account code, in the chart's order. */
export const ACCOUNT_CODES = Object.keys(CHART) as readonly AccountCode[];

export function isAccountCode(text: string): text is AccountCode {
  return Object.hasOwn(CHART, text);
}

/**
 * The account used instead of `code` for money that never passes us. Throws a RangeError where none exists.
 */
export function memoTwin(code: AccountCode): AccountCode {
  const twin = `memo_${code}`;
  if (!isAccountCode(twin)) throw new RangeError(`${code} has no memo twin`);
  return twin;
}

/** Whether the code has one account for each channel account; all others have one for the book. */
export function isPerChannelAccount(code: AccountCode): boolean {
  return CHART[code].perChannelAccount;
}

/** A signed balance (debit +, credit −) as its owner reads it: positive where the account has grown. */
export function naturalOf(code: AccountCode, signed: bigint): bigint {
  return CHART[code].side === "debit" ? signed : -signed;
}

/** The owner of a cell's platform book. */
export function platformOwner(cell: number): Id {
  return `00000000-0000-7${cell.toString(16).padStart(3, "0")}-8000-000000000000`;
}

/** The id of an owner's book: the same everywhere and always, in the owner's cell. */
export function bookIdOf(kind: BookKind, ownerId: Id): Id {
  return remembered(`book/${kind}/${ownerId}`, ownerId);
}

/**
 * The id of an account: the same everywhere and always, in the book's cell. Throws a RangeError when a
 * channel account is named for a code that has none, or is missing for one that needs it.
 */
export function accountIdOf(
  bookId: Id,
  code: AccountCode,
  currency: Currency,
  channelAccountId: Id | null,
): Id {
  if (CHART[code].perChannelAccount !== (channelAccountId !== null)) {
    throw new RangeError(
      channelAccountId === null ? `${code} is kept per channel account` : `${code} has no channel account`,
    );
  }
  return remembered(`account/${bookId}/${code}/${currency}/${channelAccountId ?? ""}`, bookId);
}

const REMEMBERED_MAX = 65_536;

// Hashing costs more than the look-up; the map only remembers what it would compute again.
const rememberedIds = new Map<string, Id>();

function remembered(name: string, sameCellAs: Id): Id {
  const known = rememberedIds.get(name);
  if (known !== undefined) return known;
  if (rememberedIds.size >= REMEMBERED_MAX) rememberedIds.clear();
  const id = derivedId(name, sameCellAs);
  rememberedIds.set(name, id);
  return id;
}

/**
 * A UUIDv8 (RFC 9562, 5.8) of the name's SHA-256 that keeps the 12 cell bits where a UUIDv7 of ours has them.
 */
function derivedId(name: string, sameCellAs: Id): Id {
  const digest = hash("sha256", name);
  const variant = ((Number.parseInt(digest.slice(12, 13), 16) & 0x3) | 0x8).toString(16);
  return [
    digest.slice(0, 8),
    digest.slice(8, 12),
    `8${sameCellAs.slice(15, 18)}`,
    variant + digest.slice(13, 16),
    digest.slice(16, 28),
  ].join("-");
}
