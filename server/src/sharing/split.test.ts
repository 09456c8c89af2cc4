import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { Share, ShareRule } from "./model.ts";
import { divide, fitted, MILLION, partsOf, type Room, returnsFor, roomOf } from "./split.ts";

const sum = (parts: readonly { readonly amount: bigint }[]) =>
  parts.reduce((all, { amount }) => all + amount, 0n);
const amounts = (parts: readonly { readonly amount: bigint }[]) => parts.map(({ amount }) => amount);

function share(id: string, amount: bigint, changes: Partial<Share> = {}): Share {
  const plain = { id, amount, returnedAmount: 0n, state: "succeeded", ...changes };
  return plain as Share;
}

const room = (changes: Partial<Room> = {}): Room => ({
  settled: 1_000n,
  fee: 6n,
  refunded: 0n,
  disputed: 0n,
  paid: 1_000n,
  maxMillionths: MILLION,
  ...changes,
});

describe("what each receiver gets", () => {
  const cases: readonly [
    title: string,
    rules: readonly ShareRule[],
    base: bigint,
    wanted: readonly bigint[],
  ][] = [
    [
      "amounts as they stand",
      [
        { receiver: "a", amount: 30n },
        { receiver: "b", amount: 1n },
      ],
      100n,
      [30n, 1n],
    ],
    ["a third each of what is rounded down together", thirds("a", "b", "c"), 100n, [33n, 33n, 33n]],
    ["the larger remainder first", [rate("a", 333_333n), rate("b", 666_666n)], 10n, [3n, 6n]],
    ["a tie to the smaller id", [rate("b", 50_000n), rate("a", 50_000n)], 30n, [1n, 2n]],
    ["nothing of too little", [rate("a", 1n)], 100n, []],
    ["nothing where more went back than had come", [rate("a", 500_000n)], -1n, []],
  ];
  for (const [title, rules, base, wanted] of cases) {
    it(title, () => assert.deepEqual(amounts(partsOf(rules, base)), wanted));
  }
  it("never more than the base by rates of a whole, in whatever order they are named", () => {
    const rates = fc.uniqueArray(fc.nat({ max: 200_000 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(rates, fc.bigInt({ min: 0n, max: 10_000_000n }), (weights, base) => {
        const rules = weights.map((weight, index) => rate(`r${index}`, BigInt(weight)));
        const parts = partsOf(rules, base);
        const again = partsOf(rules.toReversed(), base);
        const all = weights.reduce((total, weight) => total + BigInt(weight), 0n);
        assert.equal(sum(parts), (base * all) / MILLION);
        const byParty = (some: typeof parts) =>
          Object.fromEntries(some.map((part) => [part.party, part.amount]));
        assert.deepEqual(byParty(parts), byParty(again));
      }),
    );
  });
});

describe("division by the largest remainder", () => {
  it("sums to the whole, and no part is a unit or more off its due", () => {
    const weights = fc.array(fc.bigInt({ min: 0n, max: 1_000_000n }), { minLength: 1, maxLength: 50 });
    fc.assert(
      fc.property(weights, fc.bigInt({ min: 0n, max: 10n ** 12n }), (given, total) => {
        fc.pre(given.some((weight) => weight > 0n));
        const whole = given.reduce((all, weight) => all + weight, 0n);
        const parts = divide(
          total,
          given.map((weight, index) => ({ party: `p${String(index).padStart(2, "0")}`, weight })),
        );
        assert.equal(sum(parts), total);
        for (const [index, { amount }] of parts.entries()) {
          const exact = total * (given[index] as bigint);
          assert.ok(amount * whole - exact < whole && exact - amount * whole < whole);
        }
      }),
    );
  });
  it("refuses to divide among nobody", () => {
    assert.throws(() => divide(1n, [{ party: "a", weight: 0n }]), RangeError);
  });
});

describe("a plan that is more than what is left", () => {
  it("is cut down in proportion, to the last unit", () => {
    const parts = [
      { party: "a", amount: 70n },
      { party: "b", amount: 30n },
    ];
    assert.deepEqual(amounts(fitted(parts, 11n)), [8n, 3n]);
    assert.deepEqual(fitted(parts, 0n), []);
    assert.deepEqual(fitted(parts, 100n), parts);
  });
});

describe("what may still be shared", () => {
  const cases: readonly [
    title: string,
    changes: Partial<Room>,
    shares: readonly Share[],
    left: bigint,
    limit: string,
  ][] = [
    ["settled less fee", {}, [], 994n, "rest"],
    ["less refunds and claims", { refunded: 200n, disputed: 100n }, [], 694n, "rest"],
    [
      "less earlier shares, but for those that failed",
      {},
      [share("a", 100n), share("b", 50n, { state: "failed" })],
      894n,
      "rest",
    ],
    [
      "what came back is room again",
      { fee: 200n },
      [share("a", 100n, { returnedAmount: 40n })],
      740n,
      "rest",
    ],
    ["up to the channel's maximum", { maxMillionths: 300_000n }, [share("a", 100n)], 200n, "maximum"],
    ["never less than nothing", { refunded: 1_000n }, [], 0n, "rest"],
  ];
  for (const [title, changes, shares, left, limit] of cases) {
    it(title, () => assert.deepEqual(roomOf(room(changes), shares), { left, limit }));
  }
});

describe("what receivers give back for a refund", () => {
  const all = () => true;
  const cases: readonly [
    title: string,
    changes: Partial<Room>,
    shares: readonly Share[],
    wanted: readonly bigint[],
  ][] = [
    [
      "everything of a whole refund",
      { refunded: 1_000n },
      [share("a", 200n), share("b", 100n)],
      [200n, 100n],
    ],
    ["half of half", { refunded: 500n }, [share("a", 200n), share("b", 100n)], [100n, 50n]],
    [
      "no more than is due after earlier parts",
      { refunded: 500n },
      [share("a", 200n, { returnedAmount: 100n })],
      [],
    ],
    ["so much that the bound holds", { refunded: 500n }, [share("a", 994n)], [500n]],
    ["nothing of a share that failed", { refunded: 1_000n }, [share("a", 200n, { state: "failed" })], []],
  ];
  for (const [title, changes, shares, wanted] of cases) {
    it(title, () => assert.deepEqual(amounts(returnsFor(shares, room(changes), all)), wanted));
  }
  it("asks nobody who cannot, and lets the merchant bear it", () => {
    const shares = [share("a", 200n), share("b", 100n)];
    const found = returnsFor(shares, room({ refunded: 1_000n }), ({ id }) => id === "b");
    assert.deepEqual(
      found.map((one) => [one.share.id, one.amount]),
      [["b", 100n]],
    );
  });
  it("leaves receivers never more than settled less fee and refunds, part after part to the whole", () => {
    const parts = fc.array(fc.bigInt({ min: 1n, max: 400n }), { minLength: 1, maxLength: 8 });
    const given = fc.array(fc.bigInt({ min: 1n, max: 300n }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(parts, given, fc.bigInt({ min: 0n, max: 60n }), (refunds, wanted, fee) => {
        const settled = 1_000n;
        let shares = fitted(
          wanted.map((amount, index) => ({ party: `s${index}`, amount })),
          settled - fee,
        ).map(({ party, amount }) => share(party, amount));
        let refunded = 0n;
        for (const part of [...refunds, settled]) {
          refunded = refunded + part > settled ? settled : refunded + part;
          const back = returnsFor(shares, room({ settled, fee, refunded }), all);
          shares = shares.map((one) => {
            const found = back.find((each) => each.share.id === one.id);
            return found === undefined ? one : { ...one, returnedAmount: one.returnedAmount + found.amount };
          });
          const kept = shares.reduce((total, one) => total + one.amount - one.returnedAmount, 0n);
          const bound = settled - fee - refunded;
          assert.ok(kept <= (bound > 0n ? bound : 0n), `${kept} of ${bound}`);
          assert.ok(shares.every((one) => one.returnedAmount <= one.amount));
        }
        assert.ok(shares.every((one) => one.returnedAmount === one.amount));
      }),
    );
  });
});

function rate(receiver: string, millionths: bigint): ShareRule {
  return { receiver, millionths };
}

function thirds(...receivers: readonly string[]): ShareRule[] {
  return receivers.map((receiver) => rate(receiver, 333_333n));
}
