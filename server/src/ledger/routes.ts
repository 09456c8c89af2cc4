/**
 * Reading the books over HTTP: a merchant's own accounts, and for operators every book. Nothing here writes.
 */
import type { FastifyRequest } from "fastify";
import { Type } from "typebox";
import type { Db } from "../kernel/database.ts";
import { problem } from "../kernel/errors.ts";
import { CurrencySchema, type Http, type Input, problems, strictObject } from "../kernel/http.ts";
import { formatId, type Id, type IdPrefix, parseId } from "../kernel/ids.ts";
import { decodeCursor, PageQuery, pageOf, readLimit } from "../kernel/pages.ts";
import { ACCOUNT_CODES, type AccountCode, bookIdOf, isAccountCode } from "./chart.ts";
import type { Account } from "./model.ts";
import {
  type AccountFilter,
  type AccountPlace,
  accountView,
  balanceAt,
  bookView,
  entries,
  journalById,
  listAccounts,
  trialBalance,
} from "./reading.ts";
import {
  AccountSchema,
  BalanceSchema,
  CodeSchema,
  EntrySchema,
  IdParams,
  JournalSchema,
  type NamedIds,
  OpsAccountSchema,
  pageSchema,
  presentAccount,
  presentBalance,
  presentEntry,
  presentJournal,
  presentOpsAccount,
  presentTrialBalance,
  TrialBalanceSchema,
} from "./wire.ts";

export type LedgerRoutesDeps = {
  /** Reads of the cell. */
  readonly db: Db;
  /** Whose key the request bears. Throws `unauthenticated`. */
  readonly authenticateMerchant: (request: FastifyRequest) => Promise<{ readonly merchantId: Id }>;
  /** Throws `unauthenticated` or `forbidden`. */
  readonly authenticateOperator: (request: FastifyRequest, permission: "ledger.read") => Promise<unknown>;
  /** Whose ids journals name; without it they are shown as plain uuids. */
  readonly namedIds?: NamedIds;
};

/** A key of a merchant sees these accounts of its own book, and no other. */
const MERCHANT_CODES: readonly AccountCode[] = ACCOUNT_CODES.filter((code) =>
  /^(merchant|receiver)_/.test(code),
);

const PLAIN_IDS: NamedIds = () => ({ source: null, subject: null });

const AccountsQuery = strictObject({ ...PageQuery, currency: Type.Optional(CurrencySchema) });
const OpsAccountsQuery = strictObject({
  ...PageQuery,
  merchant_id: Type.Optional(Type.String({ maxLength: 100, description: "mch_…: accounts of its book" })),
  book_id: Type.Optional(Type.String({ maxLength: 100, description: "bok_…" })),
  code: Type.Optional(CodeSchema),
  currency: Type.Optional(CurrencySchema),
});
const EntriesQuery = strictObject(PageQuery);
const BalanceQuery = strictObject({
  at: Type.Optional(
    Type.String({
      format: "date-time",
      description:
        "RFC 3339; now when left out. What is being committed at that very moment may still come before it",
    }),
  ),
});
const TrialBalanceQuery = strictObject({
  book_id: Type.Optional(Type.String({ maxLength: 100, description: "bok_…; all books when left out" })),
  merchant_id: Type.Optional(Type.String({ maxLength: 100, description: "mch_…: its book" })),
});

/**
 * Adds `/v1/accounts…` for merchants and `/v1/ops/accounts…`, `/v1/ops/journals/{id}`,
 * `/v1/ops/trial_balance`.
 */
export function ledgerRoutes(http: Http, deps: LedgerRoutesDeps): void {
  merchantAccounts(http, deps);
  opsAccounts(http, deps);
  statements(http, deps, {
    prefix: "/v1/accounts",
    head: { tags: ["Accounts"], security: [{ merchant: [] }] },
    operationIds: { entries: "listAccountEntries", balance: "getAccountBalance" },
    account: async (request, id) => {
      const bookId = await ownBook(deps, request);
      return { bookId, account: await accountView(deps.db, id) };
    },
  });
  statements(http, deps, {
    prefix: "/v1/ops/accounts",
    head: OPS_HEAD,
    operationIds: { entries: "opsListAccountEntries", balance: "opsGetAccountBalance" },
    account: async (request, id) => {
      await deps.authenticateOperator(request, "ledger.read");
      return { bookId: null, account: await accountView(deps.db, id) };
    },
  });
  opsBooks(http, deps);
}

const OPS_HEAD = { tags: ["Ledger"], security: [{ operator: [] }] };

async function ownBook(deps: LedgerRoutesDeps, request: FastifyRequest): Promise<Id> {
  return bookIdOf("merchant", (await deps.authenticateMerchant(request)).merchantId);
}

function merchantAccounts(http: Http, deps: LedgerRoutesDeps): void {
  http.get<Input<never, never, typeof AccountsQuery>>(
    "/v1/accounts",
    {
      schema: {
        tags: ["Accounts"],
        security: [{ merchant: [] }],
        operationId: "listAccounts",
        summary: "List your accounts",
        description:
          "What the platform owes you: merchant_pending is not settled yet (待结算), merchant_available may " +
          "be paid out, merchant_reserve is kept back; merchant_receivable is what you owe.",
        querystring: AccountsQuery,
        response: { 200: pageSchema(AccountSchema), ...problems(400, 401) },
      },
    },
    async (request) => {
      const { query } = request;
      const filter = {
        bookId: await ownBook(deps, request),
        codes: MERCHANT_CODES,
        currency: query.currency ?? null,
      };
      return await pageOfAccounts(deps, filter, query, presentAccount);
    },
  );
}

function opsAccounts(http: Http, deps: LedgerRoutesDeps): void {
  http.get<Input<never, never, typeof OpsAccountsQuery>>(
    "/v1/ops/accounts",
    {
      schema: {
        ...OPS_HEAD,
        operationId: "opsListAccounts",
        summary: "List accounts of one book or of all",
        description: "Ordered by book, code and currency.",
        querystring: OpsAccountsQuery,
        response: { 200: pageSchema(OpsAccountSchema), ...problems(400, 401, 403) },
      },
    },
    async (request) => {
      await deps.authenticateOperator(request, "ledger.read");
      const { query } = request;
      const filter = {
        bookId: namedBook(query),
        codes: query.code === undefined ? null : [query.code as AccountCode],
        currency: query.currency ?? null,
      };
      return await pageOfAccounts(deps, filter, query, presentOpsAccount);
    },
  );
}

async function pageOfAccounts<Item>(
  deps: LedgerRoutesDeps,
  filter: AccountFilter,
  query: { readonly limit?: string; readonly cursor?: string },
  present: (account: Account) => Item,
) {
  const limit = readLimit(query.limit);
  const rows = await listAccounts(deps.db, filter, { after: readPlace(query.cursor), limit: limit + 1 });
  return pageOf(
    rows,
    limit,
    (row) => [formatId("bok", row.bookId), row.code, row.currency, formatId("acc", row.id)],
    present,
  );
}

/** Where a list of accounts goes on. Throws `cursor_invalid` for a cursor of another list. */
function readPlace(cursor: string | undefined): AccountPlace | null {
  const parts = decodeCursor(cursor, 4);
  if (parts === null) return null;
  const [book, code, currency, account] = parts as [string, string, string, string];
  const [bookId, id] = [parseId("bok", book), parseId("acc", account)];
  if (bookId === null || id === null || !isAccountCode(code) || !/^[A-Z]{3}$/.test(currency)) {
    throw problem("cursor_invalid", { field: "query.cursor" });
  }
  return { bookId, code, currency, id };
}

/** The book that a query names, by itself or by its merchant; null: all. Throws `invalid_request`. */
function namedBook(query: { readonly merchant_id?: string; readonly book_id?: string }): Id | null {
  const merchantId =
    query.merchant_id === undefined ? null : readField("mch", query.merchant_id, "merchant_id");
  const bookId = query.book_id === undefined ? null : readField("bok", query.book_id, "book_id");
  const ofMerchant = merchantId === null ? null : bookIdOf("merchant", merchantId);
  if (bookId !== null && ofMerchant !== null && bookId !== ofMerchant) {
    throw problem("invalid_request", {
      field: "query.book_id",
      detail: "book_id is not the book of merchant_id",
    });
  }
  return bookId ?? ofMerchant;
}

function readField(prefix: IdPrefix, text: string, name: string): Id {
  const id = parseId(prefix, text);
  if (id !== null) return id;
  throw problem("invalid_request", {
    field: `query.${name}`,
    detail: `${name} is an id that begins with ${prefix}_`,
  });
}

type StatementsOf = {
  readonly prefix: string;
  readonly head: object;
  readonly operationIds: { readonly entries: string; readonly balance: string };
  /** Authenticates; `bookId` is the only book the asker may see, null: any. */
  readonly account: (
    request: FastifyRequest,
    id: Id,
  ) => Promise<{ readonly bookId: Id | null; readonly account: Account | null }>;
};

/** The entries of an account and its balances, alike for merchants and operators. */
function statements(http: Http, deps: LedgerRoutesDeps, of: StatementsOf): void {
  const find = async (request: FastifyRequest, text: string): Promise<Account> => {
    const id = parseId("acc", text);
    // Authentication comes first, so that a text that is no id tells nobody anything.
    const { bookId, account } = await of.account(request, id ?? NO_ACCOUNT);
    if (account === null || id === null) throw problem("not_found");
    const own = bookId === null || (account.bookId === bookId && MERCHANT_CODES.includes(account.code));
    if (!own) throw problem("not_found");
    return account;
  };
  http.get<Input<never, typeof IdParams, typeof EntriesQuery>>(
    `${of.prefix}/:id/entries`,
    {
      schema: {
        ...of.head,
        operationId: of.operationIds.entries,
        summary: "List the entries of an account, newest first, each with the balance before and after it",
        params: IdParams,
        querystring: EntriesQuery,
        response: { 200: pageSchema(EntrySchema), ...problems(400, 401, 404) },
      },
    },
    async (request) => {
      const account = await find(request, request.params.id);
      const limit = readLimit(request.query.limit);
      const before = readSeq(request.query.cursor);
      const rows = await entries(deps.db, account.id, { before, limit: limit + 1 });
      const named = deps.namedIds ?? PLAIN_IDS;
      return pageOf(
        rows,
        limit,
        (row) => [String(row.seq)],
        (row) => presentEntry(account, row, named),
      );
    },
  );
  http.get<Input<never, typeof IdParams, typeof BalanceQuery>>(
    `${of.prefix}/:id/balance`,
    {
      schema: {
        ...of.head,
        operationId: of.operationIds.balance,
        summary: "Show the balance of an account, now or at any past moment",
        params: IdParams,
        querystring: BalanceQuery,
        response: { 200: BalanceSchema, ...problems(400, 401, 404) },
      },
    },
    async (request) => {
      const account = await find(request, request.params.id);
      if (request.query.at === undefined) {
        return presentBalance(account, null, { balance: account.balance, seq: account.lastSeq });
      }
      const at = readInstant(request.query.at);
      return presentBalance(account, at, await balanceAt(deps.db, account.id, at));
    },
  );
}

const NO_ACCOUNT: Id = "00000000-0000-0000-0000-000000000000";

function readSeq(cursor: string | undefined): bigint | null {
  const parts = decodeCursor(cursor, 1);
  if (parts === null) return null;
  const [seq = ""] = parts;
  if (!/^[1-9][0-9]{0,17}$/.test(seq)) throw problem("cursor_invalid", { field: "query.cursor" });
  return BigInt(seq);
}

function readInstant(text: string): Date {
  const at = new Date(text);
  if (Number.isNaN(at.getTime())) {
    throw problem("invalid_request", { field: "query.at", detail: "at is an RFC 3339 date and time" });
  }
  return at;
}

function opsBooks(http: Http, deps: LedgerRoutesDeps): void {
  http.get<Input<never, never, typeof TrialBalanceQuery>>(
    "/v1/ops/trial_balance",
    {
      schema: {
        ...OPS_HEAD,
        operationId: "opsGetTrialBalance",
        summary: "Show the trial balance of one book or of all",
        description: "What the accounts of each code hold now. Debits equal credits in every currency.",
        querystring: TrialBalanceQuery,
        response: { 200: TrialBalanceSchema, ...problems(400, 401, 403, 404) },
      },
    },
    async (request) => {
      await deps.authenticateOperator(request, "ledger.read");
      const bookId = namedBook(request.query);
      if (bookId !== null && (await bookView(deps.db, bookId)) === null) throw problem("not_found");
      return presentTrialBalance(bookId, await trialBalance(deps.db, bookId));
    },
  );
  http.get<Input<never, typeof IdParams>>(
    "/v1/ops/journals/:id",
    {
      schema: {
        ...OPS_HEAD,
        operationId: "opsGetJournal",
        summary: "Show a journal with its entries",
        params: IdParams,
        response: { 200: JournalSchema, ...problems(401, 403, 404) },
      },
    },
    async (request) => {
      await deps.authenticateOperator(request, "ledger.read");
      const id = parseId("jnl", request.params.id);
      const journal = id === null ? null : await journalById(deps.db, id);
      if (journal === null) throw problem("not_found");
      return presentJournal(journal, deps.namedIds ?? PLAIN_IDS);
    },
  );
}
