/**
 * Free journals, only for faults of the ledger: no statement contradicts such a posting, and no business
 * operation undoes it. Two people, named accounts, balanced. The approval's id is the source, so that it is
 * posted once.
 */
import type { Cell } from "../../kernel/database.ts";
import { problem } from "../../kernel/errors.ts";
import { formatId, type Id } from "../../kernel/ids.ts";
import type { Currency } from "../../kernel/money.ts";
import {
  type AccountCode,
  accountIdOf,
  bookIdOf,
  isPerChannelAccount,
  type Line,
  lockDay,
  openMerchantAccounts,
  openPlatformAccounts,
  platformOwner,
  post,
} from "../../ledger/index.ts";
import type { Merchants } from "../../merchants/index.ts";
import type { Actor, Approval, ApprovalAction, Operators } from "../../operators/index.ts";
import { beyondRank, newestPolicies } from "./policies.ts";

export const MANUAL_JOURNAL_KIND = "ledger.manual_journal";

/** Each of these equals what was done one by one: a free journal would leave nothing that explains it. */
const GUARDED: readonly AccountCode[] = [
  "merchant_pending",
  "receiver_pending",
  "receiver_available",
  "partner_payable",
  "refund_clearing",
  "payout_clearing",
  "suspense_surplus",
  "suspense_shortage",
  "commission_receivable",
  "interbook",
];

export type ManualLine = {
  readonly account: AccountCode;
  readonly side: "debit" | "credit";
  readonly amount: bigint;
};

export type ManualJournal = {
  /** Null: the platform's book. */
  readonly merchantId: Id | null;
  readonly currency: Currency;
  readonly lines: readonly ManualLine[];
};

export type ManualJournals = {
  /**
   * Throws `invalid_request` for lines that do not balance or name an account that is guarded or kept per
   * channel account, `not_found` for a merchant, and what `operators.propose` throws.
   */
  propose(actor: Actor, wanted: ManualJournal, fault: string): Promise<Approval>;
  readonly action: ApprovalAction;
};

export type ManualJournalDeps = {
  readonly cell: Cell;
  readonly merchants: Pick<Merchants, "get">;
  readonly operators: Pick<Operators, "propose">;
};

export function createManualJournals(deps: ManualJournalDeps): ManualJournals {
  const { cell } = deps;
  return {
    propose: async (actor, wanted, fault) => {
      refuseUnbalanced(wanted);
      const { merchantId, currency, lines } = wanted;
      if (merchantId !== null && (await deps.merchants.get(merchantId)) === null) throw problem("not_found");
      return deps.operators.propose(actor, {
        kind: MANUAL_JOURNAL_KIND,
        subject: formatId("bok", bookOf(cell, merchantId)),
        payload: {
          merchant_id: merchantId,
          currency,
          lines: lines.map(({ account, side, amount }) => ({ account, side, amount: String(amount) })),
        },
        reason: fault,
      });
    },
    action: {
      kind: MANUAL_JOURNAL_KIND,
      permission: "breaks.approve",
      mayApprove: async ({ payload }, operator) => {
        const { currency, lines } = readPayload(payload);
        return beyondRank(
          operator.roles,
          { amount: debited(lines), currency },
          await newestPolicies(cell.db),
        );
      },
      carryOut: (approval) => carryOut(cell, approval),
    },
  };
}

/** Why such a journal is none, by its field. */
function refuseUnbalanced({ merchantId, lines }: ManualJournal): void {
  const refuse = (detail: string) => problem("invalid_request", { field: "lines", detail });
  for (const { account } of lines) {
    const plain = account.replace(/^memo_/, "");
    if (isPerChannelAccount(account) || GUARDED.some((code) => code === plain)) {
      throw refuse(`${account} equals what channels, payments and settlements did: no free journal`);
    }
  }
  const isMemo = lines.some(({ account }) => account.startsWith("memo_"));
  if (isMemo && !lines.every(({ account }) => account.startsWith("memo_"))) {
    throw refuse("money that never passes us is not mixed with money that does");
  }
  if (isMemo && merchantId === null) throw refuse("the platform's book has no memo accounts");
  const credited = lines.reduce((sum, { side, amount }) => (side === "credit" ? sum + amount : sum), 0n);
  if (debited(lines) !== credited) throw refuse(`debits are ${debited(lines)}, credits ${credited}`);
}

function debited(lines: readonly ManualLine[]): bigint {
  return lines.reduce((sum, { side, amount }) => (side === "debit" ? sum + amount : sum), 0n);
}

function bookOf({ cell }: Pick<Cell, "cell">, merchantId: Id | null): Id {
  return merchantId === null ? bookIdOf("platform", platformOwner(cell)) : bookIdOf("merchant", merchantId);
}

function readPayload(payload: Approval["payload"]): ManualJournal {
  const lines = payload.lines as readonly {
    account: AccountCode;
    side: "debit" | "credit";
    amount: string;
  }[];
  return {
    merchantId: payload.merchant_id as Id | null,
    currency: String(payload.currency),
    lines: lines.map((line) => ({ ...line, amount: BigInt(line.amount) })),
  };
}

async function carryOut(cell: Cell, approval: Approval): Promise<{ done: true } | { refused: string }> {
  const { merchantId, currency, lines } = readPayload(approval.payload);
  await openThem(cell, { merchantId, currency, lines });
  const bookId = bookOf(cell, merchantId);
  const id = cell.newId();
  const draft = {
    id,
    bookId,
    kind: "manual_correction" as const,
    sourceId: approval.id,
    subjectId: null,
    counterpartyId: null,
    channelAccountId: null,
    currency,
    channelDate: null,
    lines: lines.map(({ account, side, amount }): Line => {
      const at = accountIdOf(bookId, account, currency, null);
      return side === "debit" ? { account: at, debit: amount } : { account: at, credit: amount };
    }),
  };
  const [posted] = await cell.transact(
    async (tx) => post(tx, await lockDay(tx, cell.cell), [draft], cell.clock.now()),
    { repeatable: true },
  );
  if (posted?.result !== "refused") return { done: true };
  return { refused: `an account would fall ${posted.short} below its floor` };
}

/** Accounts are never opened in a transaction that posts. */
async function openThem(cell: Cell, { merchantId, currency, lines }: ManualJournal): Promise<void> {
  const now = cell.clock.now();
  const isMemo = lines.some(({ account }) => account.startsWith("memo_"));
  const fundFlow = isMemo ? "direct_to_merchant" : "through_platform";
  await cell.transact(
    (tx) =>
      merchantId === null
        ? openPlatformAccounts(tx, { cell: cell.cell, currency }, now)
        : openMerchantAccounts(tx, { merchantId, currency, channelAccountId: null, fundFlow }, now),
    { repeatable: true },
  );
}
