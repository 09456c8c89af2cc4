/**
 * Money out: to merchants, to partners who are owed a part of our fees, to receivers of shares.
 *
 * - Payee: who is paid; its bank account is in its own registered name.
 * - Source: what of a payout's money comes from one merchant's book. A merchant's own payout has one, a
 *   partner's one for each merchant whose fees it has a part of.
 *
 * - Bank connection: an account of ours at a bank that we pay from, and how the bank is spoken to.
 * - Bank account: a payee's, in its registered name; payouts go only to a verified one. A changed one waits
 *   for its *cool-down*; until then payouts go on to the one before.
 * - Payout: money on its way to such an account. `created`: its money is kept by a hold; `approved`: two
 *   people have sent its batch; `sent`: instructed, the money is in payout_clearing; `unknown`: the bank may
 *   have it; `succeeded`: the bank's statement shows it; `returned`: it came back later (退汇); `rejected`.
 * - Batch: the payouts of one message to the bank (pain.001); its id is the MsgId, a payout's id its
 *   EndToEndId, and both for ever.
 * - Report: a word of the bank about a payout: its answer (pain.002), its statement (camt.053), or a letter
 *   that two people have read.
 */
import type { Id } from "../kernel/ids.ts";
import type { Currency } from "../kernel/money.ts";
import type { AccountCode } from "../ledger/index.ts";

/** Payouts of one batch: they are instructed in one transaction. */
export const BATCH_MAX = 250;
/** Sources of one payout, and of all payouts of one batch: each is a journal of that transaction. */
export const SOURCES_MAX = 100;
export const BATCH_SOURCES_MAX = 1_000;

export const PAYEE_KINDS = ["merchant", "partner", "receiver"] as const;
export type PayeeKind = (typeof PAYEE_KINDS)[number];

export type Payee = { readonly payeeKind: PayeeKind; readonly payeeId: Id };

/** The account of each merchant's book that a payee is paid from. */
export const SOURCE_CODES = {
  merchant: "merchant_available",
  partner: "partner_payable",
  receiver: "receiver_available",
} as const satisfies Record<PayeeKind, AccountCode>;
export type SourceCode = (typeof SOURCE_CODES)[PayeeKind];

export type PayoutSource = {
  readonly payoutId: Id;
  /** Whose book it is. */
  readonly merchantId: Id;
  readonly code: SourceCode;
  /** Minor units; a merchant's fee comes on top. */
  readonly amount: bigint;
};

export const PAYOUT_STATES = [
  "created",
  "approved",
  "sent",
  "unknown",
  "succeeded",
  "returned",
  "rejected",
] as const;
export type PayoutState = (typeof PAYOUT_STATES)[number];

export type Payout = Payee & {
  readonly id: Id;
  /** Unique by payee. */
  readonly merchantPayoutNo: string;
  /** Canonical JSON. */
  readonly request: string;
  readonly settlementId: Id | null;
  /** What arrives, in minor units; the fee comes on top. */
  readonly amount: bigint;
  readonly fee: bigint;
  readonly currency: Currency;
  readonly bankAccountId: Id;
  readonly holderName: string;
  readonly bankCode: string;
  readonly numberLast: string;
  readonly remark: string | null;
  readonly state: PayoutState;
  readonly batchId: Id | null;
  readonly failureCode: string | null;
  readonly failureMessage: string | null;
  readonly contradicted: boolean;
  readonly createdAt: Date;
  readonly sentAt: Date | null;
  readonly acceptedAt: Date | null;
  readonly rejectedAt: Date | null;
  readonly succeededAt: Date | null;
  readonly returnedAt: Date | null;
  /** References of the words by which it was paid, and came back; null: not told yet. */
  readonly paidEntry: string | null;
  readonly returnedEntry: string | null;
  readonly paidBookedAt: Date | null;
  readonly returnedBookedAt: Date | null;
  readonly dueAt: Date | null;
};

export const BATCH_STATES = ["proposed", "approved", "instructed", "done", "dissolved"] as const;
export type BatchState = (typeof BATCH_STATES)[number];

export type Batch = {
  readonly id: Id;
  readonly connection: string;
  readonly currency: Currency;
  readonly state: BatchState;
  readonly payouts: number;
  readonly amount: bigint;
  readonly proposedBy: Id;
  readonly approvedBy: Id | null;
  readonly createdAt: Date;
  readonly approvedAt: Date | null;
  readonly instruction: Buffer | null;
  readonly instructionHash: Buffer | null;
  readonly instructedAt: Date | null;
  readonly sends: number;
  readonly asks: number;
  readonly uncertain: boolean;
  readonly bankHasIt: boolean;
  readonly resendApproved: boolean;
  readonly needsPeople: boolean;
  readonly lastError: string | null;
  readonly dueAt: Date | null;
  readonly endedAt: Date | null;
};

export type BankAccountState = "unverified" | "verified" | "disabled";

export type BankAccount = Payee & {
  readonly id: Id;
  readonly currency: Currency;
  readonly holderName: string;
  /** CNAPS (12 digits) or BIC. */
  readonly bankCode: string;
  readonly bankName: string | null;
  readonly numberSealed: Buffer;
  readonly numberHash: Buffer;
  readonly numberLast: string;
  readonly state: BankAccountState;
  readonly evidence: string | null;
  readonly verifiedBy: Id | null;
  readonly verifiedAt: Date | null;
  readonly usableFrom: Date | null;
  readonly disabledAt: Date | null;
  readonly createdBy: Id;
  readonly createdAt: Date;
};

export type BankConnection = {
  readonly name: string;
  readonly url: string;
  readonly accountNumber: string;
  readonly holderName: string;
  readonly bankCode: string;
  readonly currency: Currency;
  readonly holds: "reserve" | "own";
  readonly removesDoubles: boolean;
  readonly timeoutMs: number;
};

export type PayoutTerms = {
  /** Of merchants alone. */
  readonly fee: bigint;
  /** The least that is paid out at once; of partners and receivers. */
  readonly minimum: bigint;
  readonly coolDownHours: number;
};

/** Terms of a payee for whom none were set. */
export const DEFAULT_TERMS: PayoutTerms = { fee: 0n, minimum: 0n, coolDownHours: 24 };

export const REPORT_OUTCOMES = ["accepted", "pending", "unknown", "rejected", "paid", "returned"] as const;
export type ReportOutcome = (typeof REPORT_OUTCOMES)[number];

export type ReportEvidence = {
  readonly source: "pain.002" | "camt.053" | "people" | "call";
  /** The same word bears the same reference however often it comes. */
  readonly reference: string;
  readonly code: string | null;
  readonly detail: string | null;
  /** Of a statement's entry; what differs from the payout's is a contradiction. */
  readonly amount: bigint | null;
  readonly currency: Currency | null;
};

export type Verdict = "applied" | "known" | "contradiction";

/**
 * One entry of our account at a bank, as a statement (camt.053 or a bank's CSV) tells it. Whoever reads
 * statements hands these in.
 */
export type BankEntry = {
  /** Tells the entry from every other of the account, for good (AcctSvcrRef, else NtryRef). */
  readonly entryRef: string;
  readonly valueDate: string;
  readonly bookingDate: string;
  /** Minor units; what came in is positive. */
  readonly amount: bigint;
  readonly currency: Currency;
  readonly endToEndId: string | null;
  /** Of the payment that this entry sends back. */
  readonly originalEndToEndId: string | null;
  readonly msgId: string | null;
  readonly counterpartyName: string | null;
  readonly counterpartyAccount: string | null;
  /** Why it came back; a reversal without a reason has `NARR`. */
  readonly returnReason: string | null;
  readonly info: string | null;
};

/** What the settlement room wants to have paid; each settlement is paid out once. */
export type SettlementToPay = {
  readonly settlementId: Id;
  /** After this closed date it was made. */
  readonly accountingDate: string;
  readonly merchantId: Id;
  readonly currency: Currency;
  readonly amount: bigint;
};
