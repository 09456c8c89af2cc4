/** The hands of two operators, a merchant and its bank, on a platform under test. */
import assert from "node:assert/strict";
import type { Answer, Json, TestPlatform } from "../../../../tools/testing/platform.ts";
import { createChannelHttp } from "../../channels/index.ts";
import { plus, systemRandom } from "../../kernel/clock.ts";
import { createKeyring } from "../../kernel/crypto.ts";
import { type Id, parseId } from "../../kernel/ids.ts";
import { silentLog } from "../../kernel/log.ts";
import { parseDecimal } from "../../kernel/money.ts";
import { openPlatform, type Platform } from "../../kernel/revision.ts";
import {
  accountIdOf,
  bookIdOf,
  lockDay,
  openPlatformAccounts,
  platformOwner,
  post,
} from "../../ledger/index.ts";
import { invariants } from "../../operations/index.ts";
import { createWebhooks } from "../../webhooks/index.ts";
import { claimBatches } from "../batch/store.ts";
import type { PayoutsDeps } from "../deps.ts";
import type { BankEntry } from "../model.ts";
import { LEASE_MS } from "../sending/instruct.ts";
import { workOn } from "../sending/send.ts";
import { readBankStatement, type StatementRead } from "../statement/read.ts";

export const CONNECTION = "reserve";
/** What the test itself has put into the books and at the bank. */
const FUNDING = "Test funding";
export const OUR_ACCOUNT = "31050161000000000001";

export type Office = {
  readonly merchantId: Id;
  readonly bankUrl: string;
  /** Approves as a second person. */
  approve(approvalId: string): Promise<Answer>;
  approved(proposal: Answer): Promise<Json>;
  connect(removesDoubles: boolean): Promise<void>;
  /** Opens another account of ours at the bank, with a connection of that name. */
  another(name: string, number: string, holds: "reserve" | "own", currency?: string): Promise<void>;
  fault(kind: string, match?: Record<string, string>, params?: Record<string, unknown>): Promise<void>;
  /** Puts money on the merchant's available balance, and as much into the confirmed reserve. */
  fund(amount: bigint, reserve?: bigint): Promise<void>;
  verifiedAccount(number?: string): Promise<Json>;
  payout(amount: number, wanted?: Record<string, unknown>): Promise<Json>;
  propose(payouts: readonly string[]): Promise<Answer>;
  /** Proposes a batch of payouts and approves it. */
  batch(payouts: readonly string[]): Promise<Json>;
  until(payoutId: string, status: string): Promise<Json>;
  /** Hands in the bank's statement of the day so far. */
  read(account?: string): Promise<StatementRead>;
  /** What a worker does with the batches that are due, once. */
  work(): Promise<void>;
  entries(): Promise<Json[]>;
  balances(): Promise<Record<string, bigint>>;
  broken(): Promise<string[]>;
  /** The room's parts over this platform's database, as another process would have them. */
  readonly deps: PayoutsDeps;
  close(): Promise<void>;
};

export const endToEnd = (payoutId: string) => payoutId.replace("_", "");

function nobodys(): never {
  throw new Error("the test hands statements in itself");
}

function namesOf({ db }: Platform): PayoutsDeps["merchants"]["legalNames"] {
  const text = "select id, legal_name from merchants where id = any($1::uuid[]) order by id";
  return async (ids) => {
    const rows = await db.all<{ id: Id; legalName: string }>({ name: "test_legal_names", text }, [ids]);
    return new Map(rows.map(({ id, legalName }) => [id, legalName]));
  };
}

let numbers = 0;

/** A platform with a bank, a connection to it and a second operator. */
export async function openOffice(platform: TestPlatform): Promise<Office> {
  const { cell } = platform.app;
  const merchantId = parseId("mch", platform.demo.merchant_id) as Id;
  const http = createChannelHttp({ clock: platform.clock });
  const connected = { url: platform.databaseUrl, readersMax: 2, writersMax: 2, log: silentLog() };
  const schema = openPlatform(connected, platform.clock);
  const { body: second } = await platform.ops("POST", "/v1/ops/operators", {
    name: "Second",
    roles: ["finance"],
  });
  const approve = (id: string) =>
    platform.api("POST", `/v1/ops/approvals/${id}/approve`, undefined, second.token);
  const approved = async (proposal: Answer) => {
    assert.equal(proposal.status, 202, JSON.stringify(proposal.body));
    const done = await approve(proposal.body.approval?.id ?? proposal.body.id);
    assert.equal(done.status, 200, JSON.stringify(done.body));
    return proposal.body;
  };
  const opened = await platform.sandbox("POST", "/bank/accounts", {
    number: OUR_ACCOUNT,
    name: "Tributary 备付金",
    opening: 0,
  });
  assert.equal(opened.status, 201, JSON.stringify(opened.body));
  const keyring = createKeyring(Buffer.alloc(32, 7), { random: systemRandom });
  const { clock, newId } = cell;
  const common = { cell, platform: schema, keyring, clock, random: systemRandom, newId, log: silentLog() };
  const webhooks = createWebhooks({ ...common, production: false });
  const deps: PayoutsDeps = {
    cell,
    platform: schema,
    keyring,
    merchants: {
      get: async () => null,
      many: async () => new Map(),
      legalNames: namesOf(schema),
      requireActive: () => undefined,
    },
    fees: { sharesOf: async () => [] },
    receivers: { one: async () => null, nameOf: async () => nobodys() },
    channels: { account: async () => null },
    operators: {} as PayoutsDeps["operators"],
    webhooks,
    http,
    log: silentLog(),
    timeZone: "Asia/Shanghai",
    settlementsToPay: async () => [],
    bankStatements: {
      open: async () => nobodys(),
      receive: async () => nobodys(),
      isThere: async () => true,
    },
    payoutStatements: {
      claim: async () => [],
      open: async () => nobodys(),
      lockCurrent: async () => nobodys(),
      done: async () => nobodys(),
      backlog: async () => nobodys(),
    },
    commissionStatements: {
      claim: async () => [],
      open: async () => nobodys(),
      lockCurrent: async () => nobodys(),
      done: async () => nobodys(),
      backlog: async () => nobodys(),
    },
    settlementsPaid: async () => undefined,
  };
  const office: Office = {
    merchantId,
    bankUrl: opened.body.url,
    approve,
    approved,
    deps,
    connect: async (doubles) => {
      await approved(
        await platform.ops("PUT", `/v1/ops/bank_connections/${CONNECTION}`, {
          url: opened.body.url,
          account_number: OUR_ACCOUNT,
          holder_name: "Tributary 备付金",
          bank_code: "105100000017",
          currency: "CNY",
          holds: "reserve",
          removes_doubles: doubles,
          timeout_ms: 2_000,
        }),
      );
    },
    another: async (name, number, holds, currency = "CNY") => {
      const holder = "Tributary";
      const account = await platform.sandbox("POST", "/bank/accounts", { number, name: holder, currency });
      assert.equal(account.status, 201, JSON.stringify(account.body));
      await approved(
        await platform.ops("PUT", `/v1/ops/bank_connections/${name}`, {
          url: account.body.url,
          account_number: number,
          holder_name: holder,
          bank_code: "105100000017",
          currency,
          holds,
          removes_doubles: true,
        }),
      );
    },
    fault: async (kind, match = {}, params = {}) => {
      const { status, body } = await platform.sandbox("POST", "/faults", { kind, match, params, count: 1 });
      assert.equal(status, 201, JSON.stringify(body));
    },
    fund: async (amount, reserve = amount) => {
      await fund(office, amount, reserve);
      if (reserve === 0n) return;
      const credit = { account: OUR_ACCOUNT, amount: Number(reserve), name: FUNDING };
      assert.equal((await platform.sandbox("POST", "/bank/credit", credit)).status, 201);
    },
    verifiedAccount: async (number = "6222020000000000001") => {
      const { body: merchant } = await platform.ops("GET", `/v1/ops/merchants/${platform.demo.merchant_id}`);
      const path = `/v1/ops/merchants/${platform.demo.merchant_id}/bank_accounts`;
      const { status, body } = await platform.ops("POST", path, {
        currency: "CNY",
        holder_name: merchant.legal_name,
        number,
        bank_code: "102100099996",
      });
      assert.equal(status, 201, JSON.stringify(body));
      const evidence = { evidence: "Account opening letter, file 12" };
      await approved(await platform.ops("POST", `/v1/ops/bank_accounts/${body.id}/verify`, evidence));
      return body;
    },
    payout: async (amount, wanted = {}) => {
      numbers += 1;
      const { status, body } = await platform.api("POST", "/v1/payouts", {
        merchant_payout_no: `P-${numbers}`,
        amount,
        currency: "CNY",
        ...wanted,
      });
      assert.equal(status, 201, JSON.stringify(body));
      return body;
    },
    propose: (payouts) => platform.ops("POST", "/v1/ops/payout_batches", { connection: CONNECTION, payouts }),
    batch: async (payouts) => (await approved(await office.propose(payouts))).batch,
    until: async (payoutId, status) => {
      const giveUpAt = Date.now() + 15_000;
      for (;;) {
        const { body } = await platform.ops("GET", `/v1/ops/payouts/${payoutId}`);
        if (body.status === status) return body;
        if (Date.now() > giveUpAt) throw new Error(`it is not ${status}: ${JSON.stringify(body, null, 2)}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    read: async (account = OUR_ACCOUNT) => readToday(platform, office, account),
    work: async () => {
      const now = cell.clock.now();
      const due = await cell.transact((tx) => claimBatches(tx, now, plus(now, LEASE_MS), 10));
      for (const batch of due) await workOn(deps, batch);
    },
    entries: async () => (await platform.sandbox("GET", `/bank/entries?account=${OUR_ACCOUNT}`)).body.data,
    balances: () => balancesOf(office),
    broken: async () => {
      const found: string[] = [];
      for (const invariant of invariants) {
        const books = invariant.per === "cell" ? [null] : [bookIdOf("merchant", merchantId), platformBook()];
        for (const book of books) {
          const violations = await invariant.check(cell.db, book);
          found.push(...violations.map(({ subject, detail }) => `${invariant.name}: ${subject} ${detail}`));
        }
      }
      return found;
    },
    close: async () => {
      await webhooks.stop();
      await http.close();
      await schema.close();
    },
  };
  await office.connect(true);
  return office;
}

function platformBook(): Id {
  return bookIdOf("platform", platformOwner(0));
}

async function fund({ deps, merchantId }: Office, amount: bigint, reserve: bigint): Promise<void> {
  const { cell } = deps;
  const book = bookIdOf("merchant", merchantId);
  const of = (bookId: Id, code: Parameters<typeof accountIdOf>[1]) => accountIdOf(bookId, code, "CNY", null);
  const at = cell.clock.now();
  await cell.transact((tx) => openPlatformAccounts(tx, { cell: 0, currency: "CNY" }, at));
  const common = {
    subjectId: null,
    counterpartyId: null,
    channelAccountId: null,
    currency: "CNY",
    channelDate: null,
  };
  await cell.transact(async (tx) => {
    const day = await lockDay(tx, 0);
    const gift = {
      ...common,
      id: cell.newId(),
      bookId: book,
      kind: "resolution_loss" as const,
      sourceId: cell.newId(),
      lines: [
        { account: of(book, "loss"), debit: amount },
        { account: of(book, "merchant_available"), credit: amount },
      ],
    };
    const capital = {
      ...common,
      id: cell.newId(),
      bookId: platformBook(),
      kind: "capital_paid_in" as const,
      sourceId: cell.newId(),
      lines: [
        { account: of(platformBook(), "bank_reserve"), debit: reserve },
        { account: of(platformBook(), "own_capital"), credit: reserve },
      ],
    };
    await post(tx, day, [gift, capital], at);
  });
}

const CODES = [
  "merchant_available",
  "payout_clearing",
  "fee_income",
  "interbook",
  "merchant_receivable",
] as const;

async function balancesOf({ deps, merchantId }: Office): Promise<Record<string, bigint>> {
  const book = bookIdOf("merchant", merchantId);
  const ids = new Map(CODES.map((code) => [accountIdOf(book, code, "CNY", null), code as string]));
  ids.set(accountIdOf(platformBook(), "bank_reserve", "CNY", null), "bank_reserve");
  ids.set(accountIdOf(platformBook(), "interbook", "CNY", null), "platform_interbook");
  const statement = { name: "test_balances", text: "select id, balance, held from accounts order by id" };
  const rows = await deps.cell.db.all<{ id: Id; balance: bigint; held: bigint }>(statement);
  return Object.fromEntries(rows.flatMap(({ id, balance }) => (ids.has(id) ? [[ids.get(id), balance]] : [])));
}

/** Closes the bank's day so far and hands its statement in, read by this little reader of the test's own. */
async function readToday(platform: TestPlatform, office: Office, account: string): Promise<StatementRead> {
  const { body: closed } = await platform.sandbox("POST", "/bank/close-day", { account });
  const answer = await fetch(`${office.bankUrl.replace(OUR_ACCOUNT, account)}/statements/${closed.date}`);
  const text = await answer.text();
  const entries = [...text.matchAll(/<Ntry>(.*?)<\/Ntry>/gs)].map(([, inner = ""]) => entryOf(inner));
  const statement = {
    accountNumber: account,
    date: closed.date,
    version: 1,
    currency: "CNY",
    opening: BigInt(closed.opening),
    closing: BigInt(closed.closing),
    entries,
  };
  const read = await readBankStatement(office.deps, statement, async () => undefined);
  const place = {
    name: "test_place_funding",
    text:
      "update bank_entries set state = 'placed', placed_as = 'test', placed_at = read_at " +
      "where state = 'unplaced' and counterparty_name = $1",
  };
  const placed = await office.deps.cell.transact((tx) => tx.run(place, [FUNDING]));
  return read.end === "read" ? { ...read, placed: read.placed + placed, left: read.left - placed } : read;
}

function entryOf(text: string): BankEntry {
  const one = (name: string) => new RegExp(`<${name}[^>]*>([^<]*)</${name}>`).exec(text)?.[1] ?? null;
  const amount = parseDecimal(one("Amt") as string, "CNY") as bigint;
  const date = /<BookgDt><Dt>([^<]*)/.exec(text)?.[1] as string;
  const isReversal = one("RvslInd") === "true";
  const reference = one("EndToEndId");
  return {
    entryRef: one("AcctSvcrRef") as string,
    valueDate: date,
    bookingDate: date,
    amount: one("CdtDbtInd") === "CRDT" ? amount : -amount,
    currency: "CNY",
    endToEndId: isReversal ? null : reference,
    originalEndToEndId: isReversal ? reference : null,
    msgId: one("MsgId"),
    counterpartyName: one("Nm"),
    counterpartyAccount: null,
    returnReason: /<RtrInf><Rsn><Cd>([^<]*)/.exec(text)?.[1] ?? null,
    info: one("Ustrd"),
  };
}
