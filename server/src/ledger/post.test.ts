import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { memoTwin } from "./chart.ts";
import { reversalOf } from "./model.ts";
import { accountView, balanceAt, entries, journalById, journalsOfSources } from "./reading.ts";
import { openMerchantAccounts } from "./service.ts";
import {
  createTestCell,
  draftOf,
  move,
  newId,
  openTestMerchant,
  postNow,
  type TestCell,
  type TestMerchant,
  violationsOf,
} from "./testing/books.ts";

describe("posting", () => {
  let cell: TestCell;
  let shop: TestMerchant;
  before(async () => {
    cell = await createTestCell();
  });
  after(() => cell.close());

  const post = async (...drafts: Parameters<typeof postNow>[2]) =>
    (await postNow(cell, cell, drafts)).journals;
  const balance = async (account: string) => (await accountView(cell.db, account))?.balance;

  it("books a success: the merchant is owed what settles less the fee, balance after each", async () => {
    shop = await openTestMerchant(cell);
    const receivable = shop.account("channel_receivable");
    const pending = shop.account("merchant_pending");
    const draft = draftOf(shop.bookId, [
      { account: receivable, debit: 10_000n },
      { account: pending, credit: 10_000n },
      ...move(pending, shop.account("fee_income"), 60n),
      ...move(shop.account("channel_cost"), receivable, 38n),
    ]);
    assert.deepEqual(await post(draft), [{ result: "posted", journalId: draft.id, drawn: [] }]);
    assert.equal(await balance(receivable), 9_962n);
    assert.equal(await balance(pending), -9_940n);
    const statement = await entries(cell.db, pending, { before: null, limit: 10 });
    assert.deepEqual(
      statement.map(({ seq, amount, balanceAfter, journalId }) => [seq, amount, balanceAfter, journalId]),
      [
        [2n, 60n, -9_940n, draft.id],
        [1n, -10_000n, -10_000n, draft.id],
      ],
    );
    const journal = await journalById(cell.db, draft.id);
    assert.deepEqual(
      journal?.entries.map(({ code, amount }) => [code, amount]),
      [
        ["channel_receivable", 10_000n],
        ["merchant_pending", -10_000n],
        ["merchant_pending", 60n],
        ["fee_income", -60n],
        ["channel_cost", 38n],
        ["channel_receivable", -38n],
      ],
    );
  });

  it("posts the same source once, in one call, in two, and whatever id the repeat bears", async () => {
    shop = await openTestMerchant(cell);
    const lines = move(shop.account("channel_receivable"), shop.account("merchant_pending"), 500n);
    const first = draftOf(shop.bookId, lines);
    const repeat = { ...first, id: newId() };
    const duplicate = { result: "duplicate", journalId: first.id };
    assert.deepEqual(await post(first, repeat), [
      { result: "posted", journalId: first.id, drawn: [] },
      duplicate,
    ]);
    assert.deepEqual(await post(repeat), [duplicate]);
    assert.equal(await balance(shop.account("merchant_pending")), -500n);
    const otherKind = { ...first, id: newId(), kind: "share_booked" as const };
    assert.equal((await post(otherKind))[0]?.result, "posted");
  });

  it("repays what is owed to us down to zero, and gives the rest where it is told", async () => {
    shop = await openTestMerchant(cell);
    const [receivable, owed, available] = [
      shop.account("channel_receivable"),
      shop.account("merchant_receivable"),
      shop.account("merchant_available"),
    ];
    await post(draftOf(shop.bookId, move(owed, receivable, 150n)));
    const back = (credit: bigint, debt = owed) =>
      draftOf(shop.bookId, [
        { account: receivable, debit: credit },
        { repay: [debt, available], credit },
      ]);
    await post(back(100n), back(80n), back(7n));
    assert.deepEqual(await Promise.all([owed, available].map(balance)), [0n, -37n]);
    await assert.rejects(post(back(1n, available)), /repays merchant_available, which is no debt/);
  });

  it("draws a refund from pending, then available to its floor, then credit, and says whence", async () => {
    shop = await openTestMerchant(cell);
    const [receivable, pending, available, owed, clearing] = [
      shop.account("channel_receivable"),
      shop.account("merchant_pending"),
      shop.account("merchant_available"),
      shop.account("merchant_receivable"),
      shop.account("refund_clearing"),
    ];
    await post(
      draftOf(shop.bookId, move(receivable, pending, 300n)),
      draftOf(shop.bookId, move(receivable, available, 200n)),
    );
    const refund = (debit: bigint, creditLine: bigint) =>
      draftOf(
        shop.bookId,
        [
          {
            draw: [
              { account: pending, natural: { atLeast: 0n } },
              { account: available, natural: "floor" },
              { account: owed, natural: { atMost: creditLine } },
            ],
            debit,
          },
          { account: clearing, credit: debit },
        ],
        { kind: "refund_created" },
      );
    const [small, large, beyond] = [refund(250n, 0n), refund(400n, 150n), refund(1n, 150n)];
    assert.deepEqual(await post(small, large, beyond), [
      { result: "posted", journalId: small.id, drawn: [[250n, 0n, 0n]] },
      { result: "posted", journalId: large.id, drawn: [[50n, 200n, 150n]] },
      { result: "refused", code: "insufficient_balance", account: owed, short: 1n },
    ]);
    assert.equal(await journalById(cell.db, beyond.id), null);
    assert.deepEqual(await Promise.all([pending, available, owed, clearing].map(balance)), [
      0n,
      0n,
      150n,
      -650n,
    ]);
  });

  it("refuses to take an account below its floor, yet always books money coming in", async () => {
    shop = await openTestMerchant(cell);
    const [receivable, available] = [shop.account("channel_receivable"), shop.account("merchant_available")];
    const [refused, booked] = await post(
      draftOf(shop.bookId, move(available, receivable, 5n)),
      draftOf(shop.bookId, move(receivable, available, 5n)),
    );
    assert.deepEqual(refused, {
      result: "refused",
      code: "insufficient_balance",
      account: available,
      short: 5n,
    });
    assert.equal(booked?.result, "posted");
  });

  it("leaves zero lines out, and a journal of zeros altogether", async () => {
    shop = await openTestMerchant(cell);
    const [receivable, pending] = [shop.account("channel_receivable"), shop.account("merchant_pending")];
    const withZero = draftOf(shop.bookId, [
      ...move(receivable, pending, 7n),
      ...move(pending, shop.account("fee_income"), 0n),
    ]);
    const nothing = draftOf(shop.bookId, move(receivable, pending, 0n));
    const results = await post(withZero, nothing);
    assert.deepEqual(
      results.map((found) => found.result),
      ["posted", "posted"],
    );
    assert.equal((await journalById(cell.db, withZero.id))?.entries.length, 2);
    assert.equal(await journalById(cell.db, nothing.id), null);
  });

  it("takes a journal back once, with the sides swapped", async () => {
    shop = await openTestMerchant(cell);
    const [receivable, pending] = [shop.account("channel_receivable"), shop.account("merchant_pending")];
    const draft = draftOf(shop.bookId, move(receivable, pending, 900n));
    await post(draft);
    const journal = await journalById(cell.db, draft.id);
    assert.ok(journal !== null);
    const taken = reversalOf(journal, newId());
    const again = reversalOf(journal, newId(), newId());
    assert.deepEqual(await post(taken, again), [
      { result: "posted", journalId: taken.id, drawn: [] },
      { result: "duplicate", journalId: taken.id },
    ]);
    assert.deepEqual(await post(again), [{ result: "duplicate", journalId: taken.id }]);
    assert.equal(await balance(pending), 0n);
    const timeline = await journalsOfSources(cell.db, shop.bookId, [draft.sourceId]);
    assert.deepEqual(
      timeline.map(({ id, reversalOf: of }) => [id, of]),
      [
        [draft.id, null],
        [taken.id, draft.id],
      ],
    );
  });

  it("keeps held money for its purpose until it is released or captured", async () => {
    shop = await openTestMerchant(cell);
    const [receivable, available, clearing] = [
      shop.account("channel_receivable"),
      shop.account("merchant_available"),
      shop.account("payout_clearing"),
    ];
    await post(draftOf(shop.bookId, move(receivable, available, 100n)));
    const [kept, freed] = [newId(), newId()];
    const place = (id: string, amount: bigint) =>
      ({ hold: "place", id, account: available, amount, sourceId: newId() }) as const;
    const placed = await postNow(cell, cell, [], [place(kept, 60n), place(freed, 30n), place(newId(), 11n)]);
    assert.deepEqual(placed.holds, [
      { result: "done" },
      { result: "done" },
      { result: "refused", code: "insufficient_balance", account: available, short: 1n },
    ]);
    const payout = draftOf(shop.bookId, move(available, clearing, 60n), { kind: "payout_sent" });
    assert.equal((await post(payout))[0]?.result, "refused");
    const capture = { hold: "capture", id: kept, account: available, journalId: payout.id } as const;
    const release = { hold: "release", id: freed, account: available } as const;
    const ended = await postNow(cell, cell, [payout], [capture, release]);
    assert.equal(ended.journals[0]?.result, "posted");
    assert.deepEqual(ended.holds, [{ result: "done" }, { result: "done" }]);
    const repeated = await postNow(cell, cell, [payout], [capture, release]);
    assert.deepEqual(repeated.holds, [{ result: "duplicate" }, { result: "duplicate" }]);
    const late = await postNow(cell, cell, [], [{ ...release, id: kept }]);
    assert.deepEqual(late.holds, [{ result: "refused", code: "hold_ended", state: "captured" }]);
    assert.deepEqual(await accountView(cell.db, available).then((found) => [found?.balance, found?.held]), [
      -40n,
      0n,
    ]);
    assert.deepEqual(await violationsOf(cell, [shop.bookId]), []);
  });

  it("throws at a mistake of the program, naming it, and nothing of the call remains", async () => {
    shop = await openTestMerchant(cell);
    const other = await openTestMerchant(cell);
    const [receivable, pending] = [shop.account("channel_receivable"), shop.account("merchant_pending")];
    const good = draftOf(shop.bookId, move(receivable, pending, 1n));
    const missing = newId();
    const cases: [readonly Parameters<typeof draftOf>[1][number][], RegExp, object?][] = [
      [move(receivable, missing, 1n), new RegExp(`account ${missing} does not exist`)],
      [move(receivable, other.account("merchant_pending"), 1n), /of another book/],
      [move(receivable, pending, 1n), /which is in CNY/, { currency: "USD" }],
      [[{ account: receivable, debit: 1n }], /does not balance/],
      [move(receivable, pending, -1n), /zero or more/],
      [move(receivable, pending, 1n), /takes back/, { kind: "reversal" }],
      [
        [
          { draw: [{ account: receivable, natural: "floor" }], debit: 1n },
          { account: pending, credit: 1n },
        ],
        /a debit raises it/,
      ],
    ];
    for (const [lines, message, rest] of cases) {
      await assert.rejects(post(good, draftOf(shop.bookId, lines, rest)), message);
    }
    assert.equal(await balance(pending), 0n);
    assert.equal(await journalById(cell.db, good.id), null);
  });

  it("undoes the whole call when a journal id is used for something else", async () => {
    shop = await openTestMerchant(cell);
    const [receivable, pending] = [shop.account("channel_receivable"), shop.account("merchant_pending")];
    const first = draftOf(shop.bookId, move(receivable, pending, 5n));
    await post(first);
    const other = draftOf(shop.bookId, move(receivable, pending, 7n), { id: first.id });
    await assert.rejects(post(other), { code: "23505", constraint: "journals_pkey" });
    assert.equal(await balance(pending), -5n);
    assert.deepEqual(await violationsOf(cell, [shop.bookId]), []);
  });

  it("never mixes money that passes us with money that does not", async () => {
    const [merchantId, channelAccountId] = [newId(), newId()];
    for (const fundFlow of ["through_platform", "direct_to_merchant"] as const) {
      const needs = { merchantId, channelAccountId, currency: "CNY", fundFlow };
      await cell.transact((tx) => openMerchantAccounts(tx, needs, cell.clock.now()));
    }
    const { accountIdOf, bookIdOf } = await import("./chart.ts");
    const bookId = bookIdOf("merchant", merchantId);
    const memo = accountIdOf(bookId, memoTwin("channel_receivable"), "CNY", channelAccountId);
    const memoPending = accountIdOf(bookId, memoTwin("merchant_pending"), "CNY", null);
    const pending = accountIdOf(bookId, "merchant_pending", "CNY", null);
    assert.equal((await post(draftOf(bookId, move(memo, memoPending, 4n))))[0]?.result, "posted");
    await assert.rejects(post(draftOf(bookId, move(memo, pending, 4n))), /mixes memo accounts/);
  });

  it("lets time never fall along an account, so that a past balance is well defined", async () => {
    shop = await openTestMerchant(cell);
    const [receivable, pending] = [shop.account("channel_receivable"), shop.account("merchant_pending")];
    const at = (ms: number) => new Date(Date.UTC(2031, 0, 1) + ms);
    for (const ms of [5_000, 1_000, 9_000]) {
      const clock = { ...cell.clock, now: () => at(ms) };
      await postNow({ cell: 0, clock }, cell, [draftOf(shop.bookId, move(receivable, pending, 1n))]);
    }
    const statement = await entries(cell.db, pending, { before: null, limit: 10 });
    assert.deepEqual(
      statement.map((entry) => entry.postedAt.getTime() - at(0).getTime()),
      [9_000, 5_000, 5_000],
    );
    assert.deepEqual(await balanceAt(cell.db, pending, at(4_999)), { balance: 0n, seq: 0n });
    assert.deepEqual(await balanceAt(cell.db, pending, at(5_000)), { balance: -2n, seq: 2n });
    assert.deepEqual(await balanceAt(cell.db, pending, at(99_000)), { balance: -3n, seq: 3n });
  });
});
