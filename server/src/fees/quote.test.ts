import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { formatId } from "../kernel/ids.ts";
import { faultOf } from "./faults.ts";
import { chargeOf, type Rule, type Schedule, type Terms, type Tier } from "./model.ts";
import { quoteFees } from "./quote.ts";

const tier = (from: bigint, rateMillionths: bigint, fixed = 0n): Tier => ({ from, rateMillionths, fixed });
const aRule = (changes: Partial<Rule> = {}): Rule => {
  return { cardType: null, tiers: [tier(0n, 6_000n)], minimum: 0n, cap: null, ...changes };
};
const terms = (changes: Partial<Terms> = {}): Terms => {
  return { rules: [aRule()], refund: "cumulative", shares: [], monthlyMinimum: null, ...changes };
};

describe("what a rule charges", () => {
  const tiered = aRule({ tiers: [tier(0n, 0n, 30n), tier(10_000n, 6_000n), tier(100_000n, 3_800n, 100n)] });
  const cases: [what: string, rule: Rule, amount: bigint, charge: bigint][] = [
    ["a rate alone, half up", aRule(), 250n, 2n],
    ["a rate alone, below half", aRule(), 249n, 1n],
    ["the fixed part after rounding", aRule({ tiers: [tier(0n, 6_000n, 30n)] }), 250n, 32n],
    ["the first tier, just below the second", tiered, 9_999n, 30n],
    ["the second tier from its first amount on, for the whole amount", tiered, 10_000n, 60n],
    ["the last tier", tiered, 100_000n, 480n],
    ["the minimum", aRule({ minimum: 10n }), 250n, 10n],
    ["the cap", aRule({ cap: 50n }), 10_000n, 50n],
    ["the minimum first, then the cap", aRule({ minimum: 50n, cap: 50n }), 1_000n, 50n],
    ["never more than the amount, whatever the minimum", aRule({ minimum: 100n }), 7n, 7n],
    ["nothing of nothing", aRule({ minimum: 100n }), 0n, 0n],
    ["exactly, beyond what a float holds", aRule(), 9_007_199_254_740_991n, 54_043_195_528_446n],
  ];
  for (const [what, rule, amount, charge] of cases) {
    it(`${what}: ${amount} is charged ${charge}`, () => assert.equal(chargeOf(rule, amount), charge));
  }

  const amounts = fc.bigInt({ min: 0n, max: 10n ** 12n });
  const rules = fc
    .record({
      steps: fc.array(
        fc.tuple(fc.bigInt({ min: 1n, max: 10n ** 9n }), fc.bigInt({ min: 0n, max: 1_000_000n }), amounts),
        {
          maxLength: 5,
        },
      ),
      first: fc.tuple(fc.bigInt({ min: 0n, max: 1_000_000n }), amounts),
      minimum: amounts,
      more: fc.option(amounts),
    })
    .map(({ steps, first, minimum, more }): Rule => {
      const tiers = [tier(0n, ...first)];
      for (const [step, rate, fixed] of steps)
        tiers.push(tier((tiers.at(-1) as Tier).from + step, rate, fixed));
      return { cardType: null, tiers, minimum, cap: more === null ? null : minimum + more };
    });

  it("lies between minimum and cap where the amount covers it, and never above the amount", () => {
    fc.assert(
      fc.property(rules, amounts, (rule, amount) => {
        assert.equal(faultOf(terms({ rules: [rule] }), { kind: "fee", method: null }), null);
        const charge = chargeOf(rule, amount);
        assert.ok(charge >= 0n && charge <= amount);
        assert.ok(charge === amount || charge >= rule.minimum);
        assert.ok(rule.cap === null || charge <= rule.cap);
      }),
    );
  });

  it("grows with the amount within a tier", () => {
    fc.assert(
      fc.property(rules, amounts, amounts, (rule, a, b) => {
        const [less, more] = a < b ? [a, b] : [b, a];
        const tierOf = (amount: bigint) => rule.tiers.findLast(({ from }) => from <= amount);
        fc.pre(tierOf(less) === tierOf(more));
        assert.ok(chargeOf(rule, less) <= chargeOf(rule, more));
      }),
    );
  });
});

describe("a quote", () => {
  const merchant = { feeRateMillionths: 6_000n, revision: 3 };
  const account = { costRateMillionths: 3_800n, fundFlow: "through_platform", revision: 2 } as const;
  const transaction = {
    method: "alipay.qr",
    currency: "CNY",
    amount: 10_000n,
    date: "2026-11-20",
    cardType: null,
  };
  const ids = ["00000000-0000-7000-8000-000000000001", "00000000-0000-7000-8000-000000000002"] as const;
  const aSchedule = (changes: Partial<Schedule> = {}): Schedule => ({
    id: ids[0],
    kind: "fee",
    merchantId: ids[0],
    channelAccountId: null,
    method: null,
    currency: "CNY",
    versions: [{ version: 1, effectiveFrom: "2026-11-01", terms: terms({ rules: [rated(10_000n)] }) }],
    ...changes,
  });
  const rated = (rate: bigint, changes: Partial<Rule> = {}) => aRule({ tiers: [tier(0n, rate)], ...changes });
  const quote = (
    schedules: readonly Schedule[],
    changes: Partial<typeof transaction | { cardType: "debit" }> = {},
  ) => quoteFees({ merchant, account, schedules, ...transaction, ...(changes as object) });

  it("names fee, cost and the very rates that made them where no schedule says", () => {
    assert.deepEqual(quote([]), {
      fee: { amount: 60n, rule: "merchant_rate", ruleVersion: 3, refund: null },
      cost: { amount: 38n, rule: "account_rate", ruleVersion: 2, refund: null },
      partners: 0n,
    });
  });

  it("is zero where the money does not pass us, whatever a schedule says", () => {
    for (const fundFlow of ["direct_to_merchant", "bank_custody"] as const) {
      const { fee, cost } = quoteFees({
        merchant,
        account: { ...account, fundFlow },
        schedules: [aSchedule(), aSchedule({ kind: "cost" })],
        ...transaction,
      });
      assert.deepEqual([fee.amount, cost.amount, fee.rule], [0n, 0n, "not_through_us"]);
    }
  });

  it("is by the schedules of fee and cost, each under its own name and version", () => {
    const cost = aSchedule({
      id: ids[1],
      kind: "cost",
      versions: [{ version: 4, effectiveFrom: "2026-11-20", terms: terms({ refund: "kept" }) }],
    });
    const shares = [{ party: "agent", rateMillionths: 250_000n }];
    const versions = [
      { version: 1, effectiveFrom: "2026-11-01", terms: terms({ rules: [rated(10_000n)], shares }) },
    ];
    assert.deepEqual(quote([aSchedule({ versions }), cost]), {
      fee: { amount: 100n, rule: formatId("fsc", ids[0]), ruleVersion: 1, refund: "cumulative" },
      cost: { amount: 60n, rule: formatId("fsc", ids[1]), ruleVersion: 4, refund: "kept" },
      partners: 25n,
    });
  });

  it("is by the method's own schedule before the one of all methods, and in its currency only", () => {
    const own = aSchedule({
      id: ids[1],
      method: "alipay.qr",
      versions: [{ version: 1, effectiveFrom: "2026-11-01", terms: terms({ rules: [rated(5_000n)] }) }],
    });
    assert.equal(quote([aSchedule(), own]).fee.amount, 50n);
    assert.equal(quote([aSchedule(), own], { method: "alipay.code" }).fee.amount, 100n);
    assert.equal(quote([aSchedule(), own], { currency: "USD" }).fee.rule, "merchant_rate");
  });

  it("is by the rule of the card type, and by the others' where the channel does not tell", () => {
    const rules = [rated(10_000n), rated(4_000n, { cardType: "debit", cap: 20n })];
    const versions = [{ version: 1, effectiveFrom: "2026-11-01", terms: terms({ rules }) }];
    const debit = quote([aSchedule({ versions })], { cardType: "debit" });
    assert.deepEqual([debit.fee.amount, debit.fee.rule], [20n, `${formatId("fsc", ids[0])}:debit`]);
    assert.equal(quote([aSchedule({ versions })]).fee.amount, 100n);
  });

  it("changes with a version from its date on, and not a day before", () => {
    const versions = [
      { version: 1, effectiveFrom: "2026-11-01", terms: terms({ rules: [rated(10_000n)] }) },
      { version: 2, effectiveFrom: "2026-11-21", terms: terms({ rules: [rated(20_000n)] }) },
      { version: 3, effectiveFrom: "2026-12-01", terms: null },
    ];
    const on = (date: string) => {
      const { amount, ruleVersion } = quote([aSchedule({ versions })], { date }).fee;
      return [amount, ruleVersion];
    };
    assert.deepEqual(on("2026-10-31"), [60n, 3], "the merchant's rate, before any schedule");
    assert.deepEqual(on("2026-11-20"), [100n, 1]);
    assert.deepEqual(on("2026-11-21"), [200n, 2]);
    assert.deepEqual(on("2026-11-30"), [200n, 2]);
    assert.deepEqual(on("2026-12-01"), [60n, 3], "the merchant's rate again, once the schedule has ended");
  });

  it("is by the newest version that has begun: one written later takes back what was planned", () => {
    const versions = [
      { version: 1, effectiveFrom: "2026-12-01", terms: terms({ rules: [rated(10_000n)] }) },
      { version: 2, effectiveFrom: "2026-11-20", terms: terms({ rules: [rated(20_000n)] }) },
    ];
    assert.equal(quote([aSchedule({ versions })], { date: "2026-12-05" }).fee.ruleVersion, 2);
  });
});

describe("terms that contradict themselves are refused with the field", () => {
  const fee = { kind: "fee", method: null } as const;
  const share = (party: string, rateMillionths: bigint) => ({ party, rateMillionths });
  const cases: [what: string, given: Partial<Terms>, of: Parameters<typeof faultOf>[1], field: string][] = [
    ["no default rule", { rules: [aRule({ cardType: "debit" })] }, fee, "terms.rules"],
    ["a card type twice", { rules: [aRule(), aRule()] }, fee, "terms.rules.1.card_type"],
    [
      "no tier for small amounts",
      { rules: [aRule({ tiers: [tier(1n, 0n)] })] },
      fee,
      "terms.rules.0.tiers.0.from",
    ],
    [
      "overlapping tiers",
      { rules: [aRule({ tiers: [tier(0n, 0n), tier(9n, 0n), tier(9n, 1n)] })] },
      fee,
      "terms.rules.0.tiers.2.from",
    ],
    ["a cap below the minimum", { rules: [aRule({ minimum: 5n, cap: 4n })] }, fee, "terms.rules.0.cap"],
    ["a party twice", { shares: [share("a", 1n), share("a", 1n)] }, fee, "terms.shares.1.party"],
    [
      "more than the whole fee",
      { shares: [share("a", 600_000n), share("b", 400_001n)] },
      fee,
      "terms.shares",
    ],
    ["shares of a cost", { shares: [share("a", 1n)] }, { kind: "cost", method: null }, "terms.shares"],
    ["a monthly minimum of a fee", { monthlyMinimum: 1n }, fee, "terms.monthly_minimum"],
    [
      "a monthly minimum of one method",
      { monthlyMinimum: 1n },
      { kind: "cost", method: "alipay.qr" },
      "terms.monthly_minimum",
    ],
  ];
  for (const [what, given, of, field] of cases) {
    it(what, () => assert.equal(faultOf(terms(given), of)?.field, field));
  }
  it("and good ones are not", () => {
    const rules = [aRule(), aRule({ cardType: "debit" }), aRule({ cardType: "credit" })];
    assert.equal(faultOf(terms({ rules, shares: [share("a", 600_000n), share("b", 400_000n)] }), fee), null);
    assert.equal(faultOf(terms({ monthlyMinimum: 1n }), { kind: "cost", method: null }), null);
  });
});
