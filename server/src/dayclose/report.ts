/** The parts of a report that the books alone tell. */
import type { Db } from "../kernel/database.ts";
import { closedTrialBalance, type MoneyPosition, moneyPositions } from "../ledger/index.ts";
import type { BalanceReport, MarginReport, PositionReport } from "./report-model.ts";

export type BooksReport = {
  readonly margin: readonly MarginReport[];
  readonly positions: readonly PositionReport[];
  readonly trial_balance: readonly BalanceReport[];
};

/**
 * What the books held at the end of a date, and what the platform earned on it: both dates' balances must be
 * written. @param previous the accounting date before it; null: it is the first
 */
export async function booksReport(db: Db, date: string, previous: string | null): Promise<BooksReport> {
  const rows = await closedTrialBalance(db, date);
  const positions = moneyPositions(rows);
  const before = previous === null ? [] : moneyPositions(await closedTrialBalance(db, previous));
  return {
    margin: positions.flatMap((position) => marginOf(position, before)),
    positions: positions.map(positionOf),
    trial_balance: rows.map(({ code, currency, accounts, debit, credit }) => ({
      code,
      currency,
      accounts: BigInt(accounts),
      debit,
      credit,
    })),
  };
}

function marginOf(position: MoneyPosition, before: readonly MoneyPosition[]): MarginReport[] {
  const earlier = before.find(({ currency }) => currency === position.currency);
  const income = position.income - (earlier?.income ?? 0n);
  const expense = position.expense - (earlier?.expense ?? 0n);
  if (income === 0n && expense === 0n) return [];
  const { currency } = position;
  return [{ currency, income: income, expense: expense, margin: income - expense }];
}

function positionOf(position: MoneyPosition): PositionReport {
  return {
    currency: position.currency,
    client_liabilities: position.clientLiabilities,
    held_for_clients: position.heldForClients,
    owed_to_us: position.owedToUs,
    payables: position.payables,
    own_money_inside: position.ownMoneyInside,
  };
}
