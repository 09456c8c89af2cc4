import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { systemClock, systemRandom } from "../../../kernel/clock.ts";
import { createIdMaker } from "../../../kernel/ids.ts";
import type { Contract } from "../books.ts";
import { type DayOptions, makeDay } from "./day.ts";
import { type BrokenKind, brokenKindsOf } from "./stories.ts";

const books = { newId: createIdMaker({ clock: systemClock, random: systemRandom }, 0) };

const contractOf = (channel: string): Contract => ({
  channelAccountId: books.newId(),
  merchantId: books.newId(),
  channel,
  method: "card",
  fundFlow: "through_platform",
  currencies: ["USD"],
  costGross: false,
});

/** How often each kind of break is in the key of a day. */
function counted(options: Pick<DayOptions, "orders" | "brokenPerMille" | "perMille" | "eachOnce">) {
  const { key } = makeDay(books, { seed: 1, contract: contractOf("stripe"), date: "2026-03-06", ...options });
  return (kind: string) => key.filter((one) => one.kind === kind).length;
}

describe("a day with an answer key", () => {
  test("has each way of being broken once, before chance is asked", () => {
    const ways = brokenKindsOf(contractOf("stripe"));
    const count = counted({ orders: ways.length, brokenPerMille: 0 });
    assert.deepEqual([count("amount"), count("fee"), count("unknown_merchant")], [1, 1, 1]);
    // One of a payment and one of a refund; one that is told late, and one that never is.
    assert.deepEqual([count("status"), count("dispute_ours_only")], [2, 2]);
  });

  test("has of a kind as many as its rate says, and of one at 0 none", () => {
    const perMille = { amount: 200, fee: 50, duplicate_theirs: 0 };
    const count = counted({ orders: 4_000, brokenPerMille: 100, perMille });
    assert.ok(count("amount") > 700 && count("amount") < 900, String(count("amount")));
    assert.ok(count("fee") > 150 && count("fee") < 250, String(count("fee")));
    assert.equal(count("duplicate_theirs"), 0);
    // One of some fifteen ways that share 100.
    assert.ok(count("duplicate_ours") > 10 && count("duplicate_ours") < 50, String(count("duplicate_ours")));
  });

  test("may have nothing wrong in it, or one thing alone", () => {
    const fault: Partial<Record<BrokenKind, number>> = { duplicate_theirs: 1_000 };
    const options = { orders: 30, brokenPerMille: 0, eachOnce: false };
    const right = makeDay(books, { seed: 1, contract: contractOf("alipay"), date: "2026-03-06", ...options });
    assert.deepEqual(right.key, []);
    assert.equal(counted({ ...options, perMille: fault })("duplicate_theirs"), 30);
  });

  test("is refused where more would be broken than there is", () => {
    assert.throws(() => counted({ orders: 1, brokenPerMille: 600, perMille: { amount: 401 } }), /1001/);
  });
});
