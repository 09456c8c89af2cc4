import assert from "node:assert/strict";
import { it } from "node:test";
import { cellOf, createIdMaker } from "../kernel/ids.ts";
import { ACCOUNT_CODES, accountIdOf, bookIdOf, CHART, memoTwin, naturalOf, platformOwner } from "./chart.ts";
import { standardAccounts } from "./standard-accounts.ts";

const OWNER = "01997a00-0000-7abc-8000-00000000002a";
const CONTRACT = "01997a00-0000-7abc-8000-00000000002b";

it("computes the same ids for ever: another id would be another, empty account", () => {
  const bookId = bookIdOf("merchant", OWNER);
  assert.equal(bookId, "0a5e2c42-eb5b-8abc-9da4-81b958a9bab3");
  assert.equal(accountIdOf(bookId, "merchant_pending", "CNY", null), "17d9d9f9-1d79-8abc-b59c-4fac9b5bbbd1");
  assert.equal(
    accountIdOf(bookId, "channel_receivable", "CNY", CONTRACT),
    "5e90ff2b-6153-8abc-b516-a5bb9b814b59",
  );
});

it("keeps books and accounts in the cell of their owner", () => {
  const random = { bytes: (length: number) => Buffer.alloc(length, 7), integer: () => 0 };
  const clock = { now: () => new Date(0), sleep: async () => {}, after: () => () => {} };
  for (const cell of [0, 1, 2_748, 4_095]) {
    for (const owner of [createIdMaker({ clock, random }, cell)(), platformOwner(cell)]) {
      const bookId = bookIdOf("platform", owner);
      assert.equal(cellOf(bookId), cell);
      assert.equal(cellOf(accountIdOf(bookId, "interbook", "CNY", null)), cell);
      assert.match(bookId, /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    }
  }
});

it("gives every code, currency, book and channel account an account of its own", () => {
  const ids = [OWNER, CONTRACT].flatMap((owner) =>
    ["CNY", "HKD"].flatMap((currency) =>
      ACCOUNT_CODES.flatMap((code) =>
        (CHART[code].perChannelAccount ? [OWNER, CONTRACT] : [null]).map((channelAccountId) =>
          accountIdOf(bookIdOf("merchant", owner), code, currency, channelAccountId),
        ),
      ),
    ),
  );
  assert.equal(new Set(ids).size, ids.length);
});

it("refuses an account that would be kept in the wrong place", () => {
  const bookId = bookIdOf("merchant", OWNER);
  assert.throws(() => accountIdOf(bookId, "channel_receivable", "CNY", null), RangeError);
  assert.throws(() => accountIdOf(bookId, "fee_income", "CNY", CONTRACT), RangeError);
  assert.throws(() => memoTwin("bank_reserve"), RangeError);
  assert.throws(() => memoTwin(memoTwin("merchant_pending")), RangeError);
});

it("lets a memo twin grow on the side of what it mirrors, without a floor", () => {
  for (const code of ["channel_receivable", "merchant_pending", "merchant_available"] as const) {
    const twin = memoTwin(code);
    assert.equal(naturalOf(twin, 5n), naturalOf(code, 5n));
    assert.deepEqual([CHART[twin].class, CHART[twin].floor], ["memorandum", null]);
  }
});

it("opens real accounts only where the money passes us, and every twin where it does not", () => {
  const common = { kind: "merchant", bookId: OWNER, currency: "CNY", channelAccountId: CONTRACT } as const;
  const codes = (fundFlow: "through_platform" | "bank_custody") =>
    standardAccounts({ ...common, fundFlow }).map((spec) => spec.code);
  assert.ok(codes("through_platform").every((code) => CHART[code].class !== "memorandum"));
  const memo = ACCOUNT_CODES.filter((code) => CHART[code].class === "memorandum");
  assert.deepEqual(codes("bank_custody"), [...memo, "commission_receivable", "fee_income", "interbook"]);
  const withoutContract = { ...common, channelAccountId: null, fundFlow: "through_platform" } as const;
  assert.ok(standardAccounts(withoutContract).every((spec) => !CHART[spec.code].perChannelAccount));
});
