import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { systemRandom } from "../kernel/clock.ts";
import { problem } from "../kernel/errors.ts";
import { createHttp, type Http } from "../kernel/http.ts";
import { formatId, type Id } from "../kernel/ids.ts";
import { silentLog } from "../kernel/log.ts";
import { accountIdOf, bookIdOf } from "./chart.ts";
import { ledgerRoutes } from "./routes.ts";
import { openMerchantAccounts, openPlatformAccounts } from "./service.ts";
import { createTestCell, draftOf, move, newId, postNow, type TestCell } from "./testing/books.ts";

let cell: TestCell;
let http: Http;
const [shopId, otherId, channelAccountId] = [newId(), newId(), newId()];
const bookId = bookIdOf("merchant", shopId);
const accountOf = (owner: Id, code: "merchant_pending" | "fee_income") =>
  accountIdOf(bookIdOf("merchant", owner), code, "CNY", null);
const receivable = accountIdOf(bookId, "channel_receivable", "CNY", channelAccountId);
const pending = accountOf(shopId, "merchant_pending");
const drafts = [1, 2, 3].map((day) =>
  draftOf(
    bookId,
    [
      ...move(receivable, pending, 1_000n * BigInt(day)),
      ...move(pending, accountOf(shopId, "fee_income"), 6n),
    ],
    { channelDate: `2031-01-0${day}`, subjectId: newId() },
  ),
);

before(async () => {
  cell = await createTestCell();
  await cell.transact((tx) =>
    openPlatformAccounts(tx, { cell: cell.cell, currency: "CNY" }, cell.clock.now()),
  );
  for (const merchantId of [shopId, otherId]) {
    const needs = { merchantId, channelAccountId, currency: "CNY", fundFlow: "through_platform" } as const;
    await cell.transact((tx) => openMerchantAccounts(tx, needs, cell.clock.now()));
  }
  for (const [index, draft] of drafts.entries()) {
    const clock = { ...cell.clock, now: () => new Date(Date.UTC(2031, 0, index + 1, 8)) };
    await postNow({ cell: 0, clock }, cell, [draft]);
  }
  http = await createHttp({
    log: silentLog(),
    random: systemRandom,
    version: "0.0.0",
    publicUrl: "http://127.0.0.1",
    trustProxy: false,
  });
  ledgerRoutes(http, {
    db: cell.db,
    authenticateMerchant: async (request) => {
      if (request.headers.authorization === "Bearer shop") return { merchantId: shopId };
      if (request.headers.authorization === "Bearer other") return { merchantId: otherId };
      throw problem("unauthenticated");
    },
    authenticateOperator: async (request) => {
      if (request.headers.authorization !== "Bearer operator") throw problem("unauthenticated");
    },
    namedIds: () => ({ source: "att", subject: "pay" }),
  });
  await http.ready();
});
after(async () => {
  await http.close();
  await cell.close();
});

async function get(url: string, who = "operator") {
  const answer = await http.inject({ method: "GET", url, headers: { authorization: `Bearer ${who}` } });
  return { status: answer.statusCode, body: answer.json() };
}

it("shows a merchant its merchant_ and receiver_ accounts, nothing of the platform's side", async () => {
  const { status, body } = await get("/v1/accounts", "shop");
  assert.equal(status, 200);
  const codes = body.data.map((account: { code: string }) => account.code);
  assert.deepEqual(codes, [
    "merchant_available",
    "merchant_pending",
    "merchant_receivable",
    "merchant_reserve",
    "receiver_available",
    "receiver_pending",
  ]);
  const shown = body.data.find((account: { code: string }) => account.code === "merchant_pending");
  assert.deepEqual(
    [shown.balance, shown.natural_balance, shown.natural_side, shown.currency, shown.entries_count],
    [-5_982, 5_982, "credit", "CNY", 6],
  );
  assert.equal((await get("/v1/accounts?currency=USD", "shop")).body.data.length, 0);
});

it("shows entries newest first with the balance before and after, page by page without a gap", async () => {
  const url = `/v1/accounts/${formatId("acc", pending)}/entries?limit=4`;
  const first = (await get(url, "shop")).body;
  const second = (await get(`${url}&cursor=${first.next_cursor}`, "shop")).body;
  assert.equal(second.next_cursor, null);
  const all = [...first.data, ...second.data];
  assert.deepEqual(
    all.map((entry) => entry.seq),
    [6, 5, 4, 3, 2, 1],
  );
  const [fee, earned] = all;
  assert.deepEqual(
    [earned.natural_balance_before, earned.natural_amount, earned.natural_balance_after],
    [2_988, 3_000, 5_988],
  );
  assert.deepEqual(
    [fee.side, fee.amount, fee.balance_before, fee.balance_after],
    ["debit", 6, -5_988, -5_982],
  );
  assert.equal(earned.journal_id, formatId("jnl", drafts[2]?.id as Id));
  assert.equal(earned.source_id, formatId("att", drafts[2]?.sourceId as Id));
  assert.equal(earned.subject_id, formatId("pay", drafts[2]?.subjectId as Id));
  assert.equal(earned.channel_date, "2031-01-03");
});

it("tells the balance at any past moment", async () => {
  const url = `/v1/accounts/${formatId("acc", pending)}/balance`;
  const at = async (moment: string) => (await get(`${url}?at=${moment}`, "shop")).body;
  assert.deepEqual(await at("2031-01-02T08:00:00Z"), {
    account_id: formatId("acc", pending),
    code: "merchant_pending",
    at: "2031-01-02T08:00:00.000Z",
    currency: "CNY",
    balance: -2_988,
    natural_balance: 2_988,
    seq: 4,
  });
  assert.equal((await at("2031-01-02T07:59:59Z")).natural_balance, 994);
  assert.equal((await at("2030-12-31T00:00:00Z")).seq, 0);
  assert.equal((await get(url, "shop")).body.natural_balance, 5_982);
});

it("hides from a key another merchant's account, and the platform's side of its own book", async () => {
  const hidden: [string, Id][] = [
    ["other", pending],
    ["shop", accountOf(shopId, "fee_income")],
    ["shop", receivable],
    ["shop", newId()],
  ];
  for (const [who, account] of hidden) {
    for (const what of ["entries", "balance"]) {
      const { status, body } = await get(`/v1/accounts/${formatId("acc", account)}/${what}`, who);
      assert.deepEqual([status, body.code], [404, "not_found"]);
    }
  }
  assert.equal((await get("/v1/accounts/not-an-id/entries", "shop")).status, 404);
});

it("asks for a key before it says anything", async () => {
  const account = formatId("acc", pending);
  const merchants = ["/v1/accounts", `/v1/accounts/${account}/entries`, `/v1/accounts/${account}/balance`];
  const operators = [
    "/v1/ops/accounts",
    `/v1/ops/accounts/${account}/entries`,
    `/v1/ops/accounts/${account}/balance`,
    "/v1/ops/trial_balance",
    `/v1/ops/journals/${formatId("jnl", newId())}`,
  ];
  for (const url of merchants) assert.equal((await get(url, "operator")).body.code, "unauthenticated");
  for (const url of operators) assert.equal((await get(url, "shop")).body.code, "unauthenticated");
  assert.equal((await get("/v1/accounts/not-an-id/entries", "nobody")).status, 401);
});

it("answers bad queries with the field at fault", async () => {
  const account = formatId("acc", pending);
  const cases: [string, string, string][] = [
    ["/v1/ops/accounts?limit=0", "invalid_request", "query.limit"],
    ["/v1/ops/accounts?code=petty_cash", "invalid_request", "query.code"],
    ["/v1/ops/accounts?merchant_id=acc_x", "invalid_request", "query.merchant_id"],
    ["/v1/ops/accounts?colour=red", "invalid_request", "query.colour"],
    ["/v1/ops/accounts?cursor=eyJ9", "cursor_invalid", "query.cursor"],
    [`/v1/ops/accounts/${account}/entries?cursor=WyJ4Il0`, "cursor_invalid", "query.cursor"],
    [`/v1/ops/accounts/${account}/balance?at=yesterday`, "invalid_request", "query.at"],
    [
      `/v1/ops/accounts?merchant_id=${formatId("mch", shopId)}&book_id=${formatId("bok", newId())}`,
      "invalid_request",
      "query.book_id",
    ],
  ];
  for (const [url, code, field] of cases) {
    const { body } = await get(url);
    assert.deepEqual([url, body.code, body.field], [url, code, field]);
  }
});

it("lets operators list accounts by merchant, book and code, over all books page by page", async () => {
  const ofShop = (await get(`/v1/ops/accounts?merchant_id=${formatId("mch", shopId)}&limit=100`)).body.data;
  assert.ok(ofShop.every((account: { book_id: string }) => account.book_id === formatId("bok", bookId)));
  assert.ok(ofShop.some((account: { code: string }) => account.code === "channel_receivable"));
  const byBook = (await get(`/v1/ops/accounts?book_id=${formatId("bok", bookId)}&limit=100`)).body.data;
  assert.deepEqual(byBook, ofShop);
  const byCode = (await get("/v1/ops/accounts?code=merchant_pending")).body.data;
  assert.deepEqual(
    byCode.map((account: { merchant_id: string }) => account.merchant_id).toSorted(),
    [formatId("mch", shopId), formatId("mch", otherId)].toSorted(),
  );
  const seen: string[] = [];
  for (let url: string | null = "/v1/ops/accounts?limit=7"; url !== null; ) {
    const page: { data: { id: string }[]; next_cursor: string | null } = (await get(url)).body;
    seen.push(...page.data.map((account) => account.id));
    url = page.next_cursor === null ? null : `/v1/ops/accounts?limit=7&cursor=${page.next_cursor}`;
  }
  assert.equal(new Set(seen).size, seen.length);
  assert.ok(seen.length > 2 * ofShop.length, "the platform's own book is listed too");
});

it("shows operators a journal, an account's statement, and trial balances that balance", async () => {
  const journal = (await get(`/v1/ops/journals/${formatId("jnl", drafts[0]?.id as Id)}`)).body;
  assert.deepEqual(
    journal.entries.map((entry: { code: string; amount: number }) => [entry.code, entry.amount]),
    [
      ["channel_receivable", 1_000],
      ["merchant_pending", -1_000],
      ["merchant_pending", 6],
      ["fee_income", -6],
    ],
  );
  assert.equal((await get(`/v1/ops/journals/${formatId("jnl", newId())}`)).status, 404);
  const statement = await get(`/v1/ops/accounts/${formatId("acc", receivable)}/entries`);
  assert.equal(statement.body.data.length, 3);
  for (const query of ["", `?merchant_id=${formatId("mch", shopId)}`]) {
    const { body } = await get(`/v1/ops/trial_balance${query}`);
    assert.deepEqual(body.totals, [
      { currency: "CNY", memorandum: false, debit: 6_000, credit: 6_000, balanced: true },
    ]);
    assert.deepEqual(
      body.rows.map((row: { code: string; debit: number; credit: number }) => [
        row.code,
        row.debit,
        row.credit,
      ]),
      [
        ["channel_receivable", 6_000, 0],
        ["fee_income", 0, 18],
        ["merchant_pending", 0, 5_982],
      ],
    );
  }
});

it("documents every route for OpenAPI", () => {
  const { paths } = http.swagger() as { paths: Record<string, { get: Record<string, unknown> }> };
  assert.equal(Object.keys(paths).length, 8);
  for (const [path, { get: route }] of Object.entries(paths)) {
    for (const key of ["summary", "tags", "security", "responses"])
      assert.ok(key in route, `${path}: ${key}`);
  }
});
