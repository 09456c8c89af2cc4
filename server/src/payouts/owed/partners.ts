/** What partners are owed: the fees' entries divided among them, day by day as days are over. */
import type { Share } from "../../fees/index.ts";
import type { Id } from "../../kernel/ids.ts";
import type { Job } from "../../kernel/schedules.ts";
import { openDay } from "../../ledger/index.ts";
import type { PayoutsDeps } from "../deps.ts";
import { divideEntries, type PartnerEntry } from "./divide.ts";
import {
  type EntryRow,
  keepDivision,
  lockPartnerAccount,
  type PartnerAccount,
  partnerEntries,
  partnersLeftOf,
  undividedAccounts,
} from "./partners-store.ts";

const ACCOUNTS_PER_PAGE = 500;
/** Divided in one transaction. */
const ENTRIES_PER_STEP = 2_000;
const PAYOUT_KINDS: readonly string[] = ["payout_sent", "payout_rejected", "payout_returned"];

/** Each hour what was earned on days that are over is divided, so that lists of it are nearly new. */
export function partnersJob(deps: PayoutsDeps): Job {
  return { name: "partner_dues_divide", cron: "20 * * * *", run: (goOn) => dividePartners(deps, goOn) };
}

/**
 * Divides what partners earned, in all merchants' books, on days that are over. Safe to repeat and to race:
 * an account's entries are divided once, in their order, under the lock of its row. `goOn` is called between
 * short transactions.
 */
export async function dividePartners(deps: PayoutsDeps, goOn: () => Promise<void>): Promise<void> {
  const today = (await openDay(deps.cell.db))?.accountingDate;
  if (today === undefined) return;
  const known = new Map<string, readonly Share[]>();
  for (let after: Id | null = null; ; ) {
    await goOn();
    const accounts: PartnerAccount[] = await undividedAccounts(deps.cell.db, after, ACCOUNTS_PER_PAGE);
    for (const account of accounts) await divideAccount(deps, account, { today, known, goOn });
    if (accounts.length < ACCOUNTS_PER_PAGE) return;
    after = accounts.at(-1)?.accountId ?? null;
  }
}

type Division = {
  readonly today: string;
  /** Shares by rule and version, which never change. */
  readonly known: Map<string, readonly Share[]>;
  readonly goOn: () => Promise<void>;
};

async function divideAccount(deps: PayoutsDeps, account: PartnerAccount, division: Division): Promise<void> {
  const { cell } = deps;
  for (let from = account; ; ) {
    const rows = await partnerEntries(cell.db, from, division.today, ENTRIES_PER_STEP);
    const last = rows.at(-1);
    if (last === undefined) return;
    await division.goOn();
    const shares = await sharesOf(deps, rows, division.known);
    const refunded = rows.flatMap(({ kind, attemptId }) =>
      attemptId !== null && kind !== "payment_success" ? [attemptId] : [],
    );
    const isMine = await cell.transact(
      async (tx) => {
        const locked = await lockPartnerAccount(tx, from);
        // Another process has divided these, or this one before its answer was lost.
        if (locked.dividedSeq !== from.dividedSeq) return locked.dividedSeq === last.seq;
        const left = await partnersLeftOf(tx, [...new Set(refunded)]);
        const divided = divideEntries(rows.map(entryOf), (id) => shares.get(id) ?? [], left);
        await keepDivision(tx, from, divided, last.seq);
        return true;
      },
      { repeatable: true },
    );
    if (!isMine || rows.length < ENTRIES_PER_STEP) return;
    from = { ...from, dividedSeq: last.seq };
  }
}

/** By the success that the fee was taken of. */
async function sharesOf(
  { fees }: PayoutsDeps,
  rows: readonly EntryRow[],
  known: Map<string, readonly Share[]>,
): Promise<Map<Id, readonly Share[]>> {
  const shares = new Map<Id, readonly Share[]>();
  for (const { attemptId, feeRule, feeRuleVersion } of rows) {
    if (attemptId === null || feeRule === null || feeRuleVersion === null) continue;
    const key = `${feeRule}/${feeRuleVersion}`;
    const found = known.get(key) ?? (await fees.sharesOf(feeRule, feeRuleVersion));
    known.set(key, found);
    shares.set(attemptId, found);
  }
  return shares;
}

function entryOf({ seq, amount, kind, attemptId, partnerAmount }: EntryRow): PartnerEntry {
  const isPayouts = PAYOUT_KINDS.includes(kind);
  return { seq, amount, isPayouts, attemptId, partnerAmount, isSuccess: kind === "payment_success" };
}
