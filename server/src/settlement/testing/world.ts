/** What the tests of settlement share: a cell with merchants, journals of any kind, days that close. */
import pg from "pg";
import { createMovableClock, type MovableClock } from "../../../../tools/testing/clock.ts";
import { createTestDatabase } from "../../../../tools/testing/database.ts";
import { plus, systemRandom } from "../../kernel/clock.ts";
import { type Database, openDatabase } from "../../kernel/database.ts";
import { shiftDate } from "../../kernel/dates.ts";
import { createIdMaker, type Id } from "../../kernel/ids.ts";
import type { Invariant } from "../../kernel/invariants.ts";
import { silentLog } from "../../kernel/log.ts";
import { openPlatform } from "../../kernel/revision.ts";
import {
  type AccountCode,
  accountIdOf,
  bookIdOf,
  cutOver,
  ensureDay,
  type JournalDraft,
  type JournalKind,
  type Line,
  invariants as ledgerInvariants,
  lockDay,
  openMerchantAccounts,
  openPlatformAccounts,
  post,
  writeClosedBalances,
} from "../../ledger/index.ts";
import { ownMoneyInReserve } from "../../payouts/statement/in-reserve.ts";
import { invariants } from "../invariants.ts";
import type { Policy, Terms } from "../model.ts";
import { DEFAULT_TERMS } from "../model.ts";
import { insertPolicy } from "../policies/store.ts";
import type { Scope, UnendedBreak } from "../readings.ts";
import type { SettleDeps } from "../settle/deps.ts";

export const ZONE = "Asia/Shanghai";

export type World = SettleDeps & {
  readonly clock: MovableClock;
  readonly url: string;
  /** What the readings answer. */
  readonly explained: Scope[];
  readonly received: Scope[];
  readonly breaks: UnendedBreak[];
  readonly decided: Id[];
  readonly splitting: Id[];
  /** Another process's way into the same books. */
  another(): SettleDeps;
  /** The open date. */
  today(): Promise<string>;
  /** Closes the open date, writes its balances down, and gives it. */
  closeDay(): Promise<string>;
  merchant(): Promise<Merchant>;
  policy(merchant: Merchant, terms: Partial<Terms>, from?: string): Promise<Policy>;
  /** All that any invariant of settlement and of the ledger finds. */
  violations(): Promise<readonly string[]>;
  sql(text: string): Promise<Record<string, unknown>[]>;
  close(): Promise<void>;
};

export type Merchant = {
  readonly id: Id;
  readonly bookId: Id;
  readonly channelAccountId: Id;
  account(code: AccountCode): Id;
  /** The natural balance now. */
  balance(code: AccountCode): Promise<bigint>;
  /** A success of `amount` with a fee; gives the payment's id. */
  paid(amount: bigint, fee?: bigint): Promise<Paid>;
  /** A refund as it is asked for: drawn from pending, then available, then on credit. */
  refunded(payment: Id, amount: bigint, creditLine?: bigint): Promise<"posted" | "refused">;
  /** A journal of any kind. */
  book(kind: JournalKind, lines: readonly Line[], rest?: Partial<JournalDraft>): Promise<Id>;
};

export type Paid = { readonly payment: Id; readonly attempt: Id; readonly journal: Id };

/** A cell and a platform schema of a test's own. Close it at the end. */
export async function createWorld(): Promise<World> {
  const database = await createTestDatabase();
  const clock = createMovableClock();
  const random = systemRandom;
  const newId = createIdMaker({ clock, random }, 0);
  const log = silentLog();
  const opened: Database[] = [];
  const readings = {
    explained: [] as Scope[],
    received: [] as Scope[],
    breaks: [] as UnendedBreak[],
    decided: [] as Id[],
    splitting: [] as Id[],
  };
  const among = <S extends Scope>(scopes: readonly S[], known: readonly Scope[]) =>
    scopes.filter((scope) =>
      known.some(
        (one) => one.channelAccountId === scope.channelAccountId && one.channelDate === scope.channelDate,
      ),
    );
  const deps = (): SettleDeps => {
    const pools = { url: database.url, readersMax: 4, writersMax: 4, log };
    const cell = openDatabase({ ...pools, schema: "cell_0" });
    const platform = openPlatform(pools, clock);
    opened.push(cell, platform);
    return {
      cell: { ...cell, cell: 0, clock, random, newId },
      platform,
      log,
      webhooks: { endpointsOf: async () => new Map(), record: async () => [], deliver: () => {} },
      readings: {
        reconciled: async (scopes) => among(scopes, readings.explained),
        fundsReceived: async (scopes) => among(scopes, readings.received),
        ownMoneyInReserve: (tx, currency) => ownMoneyInReserve({ platform }, tx, currency),
        unendedBreaks: async (merchantIds) =>
          readings.breaks.filter(({ merchantId }) => merchantIds.includes(merchantId)),
        decidedReversals: async (attempts) => readings.decided.filter((id) => attempts.includes(id)),
        splitting: async () => readings.splitting,
      },
    };
  };
  const own = deps();
  const { cell } = own;
  await ensureDay(cell, ZONE);
  await cell.transact((tx) => openPlatformAccounts(tx, { cell: 0, currency: "CNY" }, clock.now()));
  const direct = new pg.Client({ connectionString: database.url });
  await direct.connect();
  await direct.query("set search_path = cell_0, platform");
  const today = async () =>
    String(
      (await direct.query("select accounting_date::text as d from days where closed_at is null")).rows[0]?.d,
    );
  return {
    ...own,
    ...readings,
    clock,
    url: database.url,
    another: deps,
    today,
    closeDay: async () => {
      const from = await today();
      await cutOver(cell, { from, to: shiftDate(from, 1) });
      await cell.transact((tx) => writeClosedBalances(tx, from, clock.now()));
      return from;
    },
    merchant: () => openMerchant(own, direct, today),
    policy: (merchant, terms, from = "2000-01-01") => givePolicy(own, merchant, terms, from),
    violations: () => violationsOf(own),
    sql: async (text) => (await direct.query<Record<string, unknown>>(text)).rows,
    close: async () => {
      await direct.end();
      await Promise.all(opened.map((one) => one.close()));
      await database.drop();
    },
  };
}

async function openMerchant(
  { cell }: SettleDeps,
  direct: pg.Client,
  today: () => Promise<string>,
): Promise<Merchant> {
  const [id, channelAccountId] = [cell.newId(), cell.newId()];
  const bookId = bookIdOf("merchant", id);
  const needs = { merchantId: id, currency: "CNY", channelAccountId, fundFlow: "through_platform" } as const;
  await cell.transact((tx) => openMerchantAccounts(tx, needs, cell.clock.now()));
  const at = cell.clock.now();
  await direct.query(
    `insert into platform.merchants
       (id, name, legal_name, status, fee_rate_millionths, revision, created_at, updated_at)
     values ($1, 'Tea', 'Tea Ltd', 'active', 6000, 1, $2, $2)`,
    [id, at],
  );
  const account = (code: AccountCode) =>
    accountIdOf(
      bookId,
      code,
      "CNY",
      code === "channel_receivable" || code === "channel_cost_payable" ? channelAccountId : null,
    );
  const draft = (kind: JournalKind, lines: readonly Line[], rest: Partial<JournalDraft>): JournalDraft => ({
    id: cell.newId(),
    bookId,
    sourceId: cell.newId(),
    subjectId: null,
    counterpartyId: null,
    channelAccountId,
    currency: "CNY",
    channelDate: null,
    ...rest,
    kind,
    lines,
  });
  const send = async (one: JournalDraft) =>
    cell.transact(async (tx) => {
      const day = await lockDay(tx, 0);
      return (await post(tx, day, [one], cell.clock.now()))[0];
    });
  return {
    id,
    bookId,
    channelAccountId,
    account,
    balance: async (code) => {
      const text = "select balance from cell_0.accounts where id = $1";
      const signed = BigInt((await direct.query(text, [account(code)])).rows[0]?.balance ?? 0);
      return code === "merchant_receivable" || code === "channel_receivable" ? signed : -signed;
    },
    paid: async (amount, fee = 0n) => {
      const [payment, attempt] = [cell.newId(), cell.newId()];
      const lines = [
        { account: account("channel_receivable"), debit: amount },
        { account: account("merchant_pending"), credit: amount },
        { account: account("merchant_pending"), debit: fee },
        { account: account("fee_income"), credit: fee },
      ];
      const rest = { sourceId: attempt, subjectId: payment, channelDate: await today() };
      const one = draft("payment_success", lines, rest);
      await send(one);
      return { payment, attempt, journal: one.id };
    },
    refunded: async (payment, amount, creditLine = 0n) => {
      const draw = [
        { account: account("merchant_pending"), natural: { atLeast: 0n } },
        { account: account("merchant_available"), natural: "floor" as const },
        { account: account("merchant_receivable"), natural: { atMost: creditLine } },
      ];
      const lines = [
        { draw, debit: amount },
        { account: account("refund_clearing"), credit: amount },
      ];
      const result = await send(draft("refund_created", lines, { subjectId: payment }));
      return result?.result === "posted" ? "posted" : "refused";
    },
    book: async (kind, lines, rest = {}) => {
      const one = draft(kind, lines, rest);
      const result = await send(one);
      if (result?.result !== "posted") throw new Error(`not posted: ${JSON.stringify(result)}`);
      return one.id;
    },
  };
}

async function givePolicy(
  { platform, cell }: SettleDeps,
  merchant: Merchant,
  terms: Partial<Terms>,
  effectiveFrom: string,
): Promise<Policy> {
  const [proposedBy, approvedBy] = [cell.newId(), cell.newId()];
  const policy: Policy = {
    ...DEFAULT_TERMS,
    ...terms,
    id: cell.newId(),
    merchantId: merchant.id,
    currency: "CNY",
    version: 1,
    effectiveFrom,
    proposedBy,
    approvedBy,
    approvalId: cell.newId(),
    madeAt: plus(cell.clock.now(), 0),
  };
  await platform.transact((tx) => insertPolicy(tx, policy));
  return policy;
}

async function violationsOf({ cell }: SettleDeps): Promise<string[]> {
  const found: string[] = [];
  const all: readonly Invariant[] = [...invariants, ...ledgerInvariants.filter(({ per }) => per === "cell")];
  for (const { name, check } of all) {
    for (const { subject, detail } of await check(cell.db, null)) found.push(`${name}: ${subject} ${detail}`);
  }
  return found;
}
