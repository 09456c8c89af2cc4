/** How the books are shown: schemas of the answers, and what becomes of rows. */
import { type TSchema, Type } from "typebox";
import { InstantSchema, strictObject } from "../kernel/http.ts";
import { formatId, type Id, type IdPrefix } from "../kernel/ids.ts";
import { ACCOUNT_CODES, type AccountCode, CHART, naturalOf } from "./chart.ts";
import type { Account, Journal, JournalKind, StatementEntry, TrialBalanceRow } from "./model.ts";

/** Whose ids a journal of a kind names, so that they can be shown as they are known elsewhere: `rfd_…`. */
export type NamedIds = (kind: JournalKind) => {
  readonly source: IdPrefix | null;
  readonly subject: IdPrefix | null;
};

const SIGNED = "debit +, credit −, in the currency's minor unit";
const NATURAL = "positive where the account has grown on its natural side";

const SignedAmount = (what: string) => Type.Integer({ description: `${what}: ${SIGNED}` });
const NaturalAmount = (what: string) => Type.Integer({ description: `${what}: ${NATURAL}` });
const Nullable = <Schema extends TSchema>(schema: Schema) => Type.Union([schema, Type.Null()]);
const SideSchema = Type.Enum(["debit", "credit"]);
const DateSchema = Type.String({ format: "date" });

export const CodeSchema = Type.Enum([...ACCOUNT_CODES]);

export const IdParams = strictObject({ id: Type.String({ maxLength: 100 }) });

export function pageSchema<Item extends TSchema>(item: Item) {
  return Type.Object({ data: Type.Array(item), next_cursor: Nullable(Type.String()) });
}

const accountProperties = {
  id: Type.String({ description: "acc_…" }),
  code: Type.String({ description: "What it holds, such as merchant_pending (待结算)" }),
  class: Type.String({ description: "asset, liability, equity, income, expense, memorandum or position" }),
  natural_side: SideSchema,
  currency: Type.String(),
  channel_account_id: Nullable(Type.String({ description: "cha_…; for accounts kept per channel account" })),
  balance: SignedAmount("The balance now"),
  natural_balance: NaturalAmount("The balance now"),
  held: Type.Integer({ description: "Kept for a purpose: not to be drawn" }),
  floor: Nullable(Type.Integer({ description: "The least natural balance, less what is held; null: none" })),
  entries_count: Type.Integer(),
  last_posted_at: Nullable(InstantSchema),
  opened_at: InstantSchema,
};

export const AccountSchema = Type.Object(accountProperties);

export const OpsAccountSchema = Type.Object({
  ...accountProperties,
  book_id: Type.String({ description: "bok_…" }),
  book_kind: Type.String({ description: "merchant, platform or customer" }),
  merchant_id: Nullable(Type.String({ description: "mch_…; the owner of a merchant's book" })),
});

export function presentAccount(account: Account) {
  const { class: accountClass, side } = CHART[account.code];
  return {
    id: formatId("acc", account.id),
    code: account.code,
    class: accountClass,
    natural_side: side,
    currency: account.currency,
    channel_account_id: formatNullable("cha", account.channelAccountId),
    balance: Number(account.balance),
    natural_balance: Number(naturalOf(account.code, account.balance)),
    held: Number(account.held),
    floor: account.floor === null ? null : Number(account.floor),
    entries_count: Number(account.lastSeq),
    last_posted_at: account.lastPostedAt?.toISOString() ?? null,
    opened_at: account.openedAt.toISOString(),
  };
}

export function presentOpsAccount(account: Account) {
  return {
    ...presentAccount(account),
    book_id: formatId("bok", account.bookId),
    book_kind: account.bookKind,
    merchant_id: account.bookKind === "merchant" ? formatId("mch", account.ownerId) : null,
  };
}

export const EntrySchema = Type.Object({
  seq: Type.Integer({ description: "The entry's place in its account, from 1 without a gap" }),
  journal_id: Type.String({ description: "jnl_…" }),
  kind: Type.String({ description: "What was booked, such as payment_success" }),
  source_id: Type.String({ description: "What caused it, such as a refund" }),
  subject_id: Nullable(Type.String({ description: "What it is about, such as the payment" })),
  side: SideSchema,
  currency: Type.String(),
  amount: SignedAmount("The change"),
  balance_before: SignedAmount("The balance before"),
  balance_after: SignedAmount("The balance after"),
  natural_amount: NaturalAmount("The change"),
  natural_balance_before: NaturalAmount("The balance before"),
  natural_balance_after: NaturalAmount("The balance after"),
  posted_at: InstantSchema,
  accounting_date: Type.String({ format: "date", description: "The platform's business date" }),
  channel_date: Nullable(Type.String({ format: "date", description: "The channel's business date" })),
});

export function presentEntry(account: Account, entry: StatementEntry, named: NamedIds) {
  const before = entry.balanceAfter - entry.amount;
  return {
    seq: Number(entry.seq),
    journal_id: formatId("jnl", entry.journalId),
    kind: entry.kind,
    ...presentCauses(entry, named),
    currency: account.currency,
    ...presentAmounts(account.code, entry.amount, entry.balanceAfter),
    balance_before: Number(before),
    natural_balance_before: Number(naturalOf(account.code, before)),
    posted_at: entry.postedAt.toISOString(),
    accounting_date: entry.accountingDate,
    channel_date: entry.channelDate,
  };
}

function presentAmounts(code: AccountCode, amount: bigint, balanceAfter: bigint) {
  return {
    side: amount > 0n ? ("debit" as const) : ("credit" as const),
    amount: Number(amount),
    balance_after: Number(balanceAfter),
    natural_amount: Number(naturalOf(code, amount)),
    natural_balance_after: Number(naturalOf(code, balanceAfter)),
  };
}

function presentCauses(journal: Pick<Journal, "kind" | "sourceId" | "subjectId">, named: NamedIds) {
  const { source, subject } = named(journal.kind);
  return {
    source_id: source === null ? journal.sourceId : formatId(source, journal.sourceId),
    subject_id: subject === null ? journal.subjectId : formatNullable(subject, journal.subjectId),
  };
}

function formatNullable(prefix: IdPrefix, id: Id | null): string | null {
  return id === null ? null : formatId(prefix, id);
}

export const BalanceSchema = Type.Object({
  account_id: Type.String(),
  code: Type.String(),
  at: Nullable(Type.String({ format: "date-time", description: "As asked; null: now" })),
  currency: Type.String(),
  balance: SignedAmount("The balance after the last entry posted up to that moment"),
  natural_balance: NaturalAmount("The same"),
  seq: Type.Integer({ description: "That entry's place in the account; 0: none yet" }),
});

export function presentBalance(
  account: Account,
  at: Date | null,
  found: { readonly balance: bigint; readonly seq: bigint },
) {
  return {
    account_id: formatId("acc", account.id),
    code: account.code,
    at: at?.toISOString() ?? null,
    currency: account.currency,
    balance: Number(found.balance),
    natural_balance: Number(naturalOf(account.code, found.balance)),
    seq: Number(found.seq),
  };
}

export const JournalSchema = Type.Object({
  id: Type.String({ description: "jnl_…" }),
  book_id: Type.String({ description: "bok_…" }),
  kind: Type.String(),
  source_id: Type.String(),
  subject_id: Nullable(Type.String()),
  counterparty_id: Nullable(Type.String()),
  channel_account_id: Nullable(Type.String()),
  reversal_of: Nullable(Type.String({ description: "The journal that this one takes back" })),
  currency: Type.String(),
  posted_at: InstantSchema,
  accounting_date: DateSchema,
  channel_date: Nullable(DateSchema),
  original_date: Nullable(Type.String({ format: "date", description: "The closed date that it concerns" })),
  entries: Type.Array(
    Type.Object({
      account_id: Type.String(),
      code: Type.String(),
      seq: Type.Integer(),
      side: SideSchema,
      amount: SignedAmount("The change"),
      balance_after: SignedAmount("The account's balance after"),
      natural_amount: NaturalAmount("The change"),
      natural_balance_after: NaturalAmount("The account's balance after"),
    }),
  ),
});

export function presentJournal(journal: Journal, named: NamedIds) {
  return {
    id: formatId("jnl", journal.id),
    book_id: formatId("bok", journal.bookId),
    kind: journal.kind,
    ...presentCauses(journal, named),
    counterparty_id: journal.counterpartyId,
    channel_account_id: formatNullable("cha", journal.channelAccountId),
    reversal_of: formatNullable("jnl", journal.reversalOf),
    currency: journal.currency,
    posted_at: journal.postedAt.toISOString(),
    accounting_date: journal.accountingDate,
    channel_date: journal.channelDate,
    original_date: journal.originalDate,
    entries: journal.entries.map((entry) => ({
      account_id: formatId("acc", entry.account),
      code: entry.code,
      seq: Number(entry.seq),
      ...presentAmounts(entry.code, entry.amount, entry.balanceAfter),
    })),
  };
}

export const TrialBalanceSchema = Type.Object({
  book_id: Nullable(Type.String({ description: "Null: all books" })),
  rows: Type.Array(
    Type.Object({
      code: Type.String(),
      class: Type.String(),
      currency: Type.String(),
      accounts_count: Type.Integer(),
      debit: Type.Integer({ description: "The sum of the debit balances, in the currency's minor unit" }),
      credit: Type.Integer({ description: "The sum of the credit balances" }),
    }),
  ),
  totals: Type.Array(
    Type.Object({
      currency: Type.String(),
      memorandum: Type.Boolean({ description: "True: money that never passes us" }),
      debit: Type.Integer(),
      credit: Type.Integer(),
      balanced: Type.Boolean({ description: "Debit equals credit" }),
    }),
  ),
});

export function presentTrialBalance(bookId: Id | null, rows: readonly TrialBalanceRow[]) {
  const isMemorandum = (row: TrialBalanceRow) => CHART[row.code].class === "memorandum";
  const groups = Map.groupBy(rows, (row) => `${row.currency} ${isMemorandum(row)}`);
  return {
    book_id: formatNullable("bok", bookId),
    rows: rows.map((row) => ({
      code: row.code,
      class: CHART[row.code].class,
      currency: row.currency,
      accounts_count: row.accounts,
      debit: Number(row.debit),
      credit: Number(row.credit),
    })),
    totals: [...groups.values()].map((group) => {
      const first = group[0] as TrialBalanceRow;
      const debit = group.reduce((sum, row) => sum + row.debit, 0n);
      const credit = group.reduce((sum, row) => sum + row.credit, 0n);
      return {
        currency: first.currency,
        memorandum: isMemorandum(first),
        debit: Number(debit),
        credit: Number(credit),
        balanced: debit === credit,
      };
    }),
  };
}
