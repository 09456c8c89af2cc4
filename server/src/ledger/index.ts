/**
 * The books: double entry, integers, one currency per journal. Other rooms open accounts beforehand, post
 * journals through
 * `post`, and read. Which accounts a success or a refund touches is decided by the rooms above.
 */
export {
  ACCOUNT_CODES,
  type AccountClass,
  type AccountCode,
  accountIdOf,
  type BookKind,
  bookIdOf,
  CHART,
  type ChartEntry,
  isAccountCode,
  isPerChannelAccount,
  memoTwin,
  naturalOf,
  platformOwner,
  type Side,
} from "./chart.ts";
export {
  type AccountDay,
  accountDays,
  type ClosedBalance,
  closedBalances,
  closedBalancesThrough,
  closedTrialBalance,
  lastClosedDay,
  writeClosedBalances,
} from "./closing.ts";
export { cutOver, type DayKeeper, ensureDay, lockDay, openDay, startDayKeeper } from "./days.ts";
export { CLIENT_MONEY_INVARIANT, invariants } from "./invariants.ts";
export {
  type Account,
  type AccountSpec,
  type Book,
  type Day,
  type DrawSource,
  type FundFlow,
  type HoldCommand,
  type HoldResult,
  type HoldState,
  JOURNAL_KINDS,
  type Journal,
  type JournalDraft,
  type JournalEntry,
  type JournalKind,
  type Line,
  type PostResult,
  type Refusal,
  reversalOf,
  type StatementEntry,
  type TrialBalanceRow,
} from "./model.ts";
export { type MoneyPosition, moneyPositions } from "./own-money.ts";
export {
  type AccountFilter,
  type AccountPlace,
  accountView,
  balanceAt,
  bookView,
  entries,
  journalById,
  journalsOfSources,
  listAccounts,
  listBooks,
  ownMoneyInside,
  ownMoneySpent,
  trialBalance,
} from "./reading.ts";
export { type LedgerRoutesDeps, ledgerRoutes } from "./routes.ts";
export {
  openAccounts,
  openBook,
  openMerchantAccounts,
  openPlatformAccounts,
  post,
  postWithHolds,
} from "./service.ts";
export {
  type DateSpan,
  dateSpanOf,
  entriesOfPart,
  readSideBySide,
  SIDE_BY_SIDE_MIN,
} from "./side-by-side.ts";
export { type BookNeeds, standardAccounts } from "./standard-accounts.ts";
export type { NamedIds } from "./wire.ts";
