/** The parts of a report that the books and the comparisons tell. */
import type { ChannelAccount } from "../channels/index.ts";
import type { Db } from "../kernel/database.ts";
import type { Id } from "../kernel/ids.ts";
import { becomeInLanes } from "../kernel/lanes.ts";
import {
  type AccountCode,
  closedTrialBalance,
  type MoneyPosition,
  moneyPositions,
  naturalOf,
} from "../ledger/index.ts";
import { type DayTotals, dayMovements, dayTotals } from "../reconciliation/index.ts";
import type {
  BalanceReport,
  ChainReport,
  ChannelReport,
  MarginReport,
  PositionReport,
} from "./report-model.ts";

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
  return [{ currency, income, expense, margin: income - expense }];
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

/** Channel accounts: each is a round trip. */
const LOOKED_UP_AT_ONCE = 4;

export type ComparedReport = {
  readonly channels: readonly ChannelReport[];
  readonly chain: readonly ChainReport[];
};

/** What the channels' statements said of a date, what the books say, and where what they took went. */
export async function comparedReport(
  db: Db,
  date: string,
  accountOf: (id: Id) => Promise<ChannelAccount | null>,
): Promise<ComparedReport> {
  const totals = await dayTotals(db, date);
  const ids = [...new Set(totals.map(({ channelAccountId }) => channelAccountId))];
  const accounts = await becomeInLanes(ids, LOOKED_UP_AT_ONCE, accountOf);
  const channels = new Map(ids.map((id, at) => [id, accounts[at]?.channel ?? ""]));
  const byChannel = new Map<string, ChannelReport>();
  const counted = new Set<Id>();
  for (const total of totals) {
    // A statement in two currencies has one count of what matched, told with the first.
    const row = counted.has(total.statementId) ? { ...total, matched: 0, findings: 0 } : total;
    counted.add(total.statementId);
    const channel = channels.get(row.channelAccountId) as string;
    const key = `${channel} ${row.channelDate} ${row.currency}`;
    byChannel.set(key, channelRow(byChannel.get(key), channel, row));
  }
  const moved = await dayMovements(db, date);
  const currencies = [...new Set([...totals, ...moved].map(({ currency }) => currency))].toSorted();
  return {
    channels: [...byChannel.values()].toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1)),
    chain: currencies.map((currency) =>
      chainOf(
        currency,
        totals.filter((row) => row.currency === currency),
        moved.filter((row) => row.currency === currency),
      ),
    ),
  };
}

function keyOf({ channel, channel_date, currency }: ChannelReport): string {
  return `${channel} ${channel_date} ${currency}`;
}

const NOTHING = { count: 0n, amount: 0n, settle: 0n, fee: 0n };

function channelRow(sum: ChannelReport | undefined, channel: string, row: DayTotals): ChannelReport {
  const { theirs, ours } = sum ?? { theirs: NOTHING, ours: NOTHING };
  return {
    channel,
    channel_date: row.channelDate,
    currency: row.currency,
    statements: (sum?.statements ?? 0n) + 1n,
    theirs: {
      count: theirs.count + row.theirsCount,
      amount: theirs.amount + row.theirsAmount,
      settle: theirs.settle + row.theirsSettle,
      fee: theirs.fee + row.theirsFee,
    },
    ours: {
      count: ours.count + row.oursCount,
      amount: ours.amount + row.oursAmount,
      settle: ours.settle + row.oursSettle,
      fee: ours.fee + row.oursFee,
    },
    matched: (sum?.matched ?? 0n) + BigInt(row.matched),
    differences: (sum?.differences ?? 0n) + BigInt(row.findings),
  };
}

type Moved = { readonly code: AccountCode; readonly amount: bigint };

const MERCHANTS: readonly AccountCode[] = ["merchant_pending", "merchant_available", "merchant_reserve"];

/**
 * The channels' bills less what only one side has are what the journals took of the channels, which the
 * journals' other entries say where it went.
 */
function chainOf(currency: string, totals: readonly DayTotals[], moved: readonly Moved[]): ChainReport {
  // What never passes us is on the twins.
  const natural = (codes: readonly string[]) =>
    moved
      .filter(({ code }) => codes.includes(code.replace(/^memo_/, "")))
      .reduce((sum, { code, amount }) => sum + naturalOf(code, amount), 0n);
  const bill = totals.reduce((sum, row) => sum + row.theirsSettle - row.theirsFee, 0n);
  const compared = totals.reduce((sum, row) => sum + row.oursSettle - row.oursFee, 0n);
  const cost = natural(["channel_cost"]);
  const gross = natural(["channel_cost_payable"]);
  // Cost that is billed apart is on the channel's bill all the same.
  const taken = natural(["channel_receivable"]) - gross;
  const merchants = natural(MERCHANTS);
  const owed = natural(["merchant_receivable"]);
  const fees = natural(["fee_income"]);
  const partners = natural(["partner_payable"]);
  const suspense = natural(["suspense_surplus"]) - natural(["suspense_shortage"]);
  const refunds = natural(["refund_clearing"]);
  const split = merchants - owed + fees + partners - cost + suspense + refunds;
  return {
    currency,
    channel_bill: bill,
    differences: bill - compared,
    ledger_movement: taken,
    merchants: merchants - owed,
    fees,
    partners,
    channel_cost: -cost,
    suspense,
    refunds_under_way: refunds,
    other: taken - split,
    ties: compared === taken && taken === split,
  };
}
