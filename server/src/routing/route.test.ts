import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { Schedule } from "../fees/index.ts";
import { decisionText } from "./decision-text.ts";
import type { RoutingRequest, Rule } from "./model.ts";
import { EXPLORE_SHARE, THROTTLED_SHARE } from "./strategies.ts";
import {
  AT,
  anAccount,
  anOrder,
  aRule,
  choose,
  decideIn,
  exclude,
  idOf,
  orderIn,
  type World,
} from "./testing/world.ts";

const three = [anAccount(1), anAccount(2), anAccount(3)];

describe("accounts that can take an order at all", () => {
  test("the oldest comes first, in whatever order they are handed in", () => {
    assert.deepEqual(orderIn({ accounts: [...three].reverse() }), [1, 2, 3]);
  });

  test("drafts, disabled ones and those whose limits the amount breaks are passed over", () => {
    const accounts = [
      anAccount(1, { status: "draft" }),
      anAccount(2, { status: "disabled" }),
      anAccount(3, { amountMax: 999n }),
      anAccount(4, { methods: ["alipay.page"] }),
      anAccount(5),
    ];
    assert.deepEqual(orderIn({ accounts }), [5]);
  });

  const refusals: [string, World, Partial<RoutingRequest>, object][] = [
    ["no account", { accounts: [] }, {}, { refused: "method_not_available", available: [] }],
    [
      "the methods of active accounts",
      { accounts: [anAccount(1), anAccount(2, { status: "disabled", methods: ["alipay.app"] })] },
      { method: "card" },
      { refused: "method_not_available", available: ["alipay.page", "alipay.qr"] },
    ],
    [
      "the currencies",
      { accounts: [anAccount(1), anAccount(2, { currencies: ["USD"] })] },
      { currency: "EUR" },
      { refused: "currency_not_supported", supported: ["CNY", "USD"] },
    ],
    [
      "the widest limits",
      { accounts: [anAccount(1, { amountMin: 5n }), anAccount(2, { amountMax: 9n })] },
      { amount: 2_000_000n },
      { refused: "amount_out_of_range", amountMin: 1n, amountMax: 1_000_000n },
    ],
  ];
  for (const [title, world, order, refusal] of refusals) {
    test(`a refusal names ${title}`, () => {
      assert.deepEqual(decideIn(world, anOrder(order)), refusal);
    });
  }
});

describe("rules", () => {
  const cases: [string, Rule[], Partial<RoutingRequest>, readonly number[] | string][] = [
    ["name an order of accounts", [aRule(1, choose("ordered", 3, 1))], {}, [3, 1]],
    [
      "of a higher priority are asked first",
      [aRule(1, choose("ordered", 1)), aRule(2, choose("ordered", 2), { priority: 1 })],
      {},
      [2],
    ],
    [
      "of the same priority: the older one",
      [aRule(2, choose("ordered", 2)), aRule(1, choose("ordered", 1))],
      {},
      [1],
    ],
    [
      "of another method are not asked",
      [aRule(1, choose("ordered", 3), { method: "alipay.page" })],
      {},
      [1, 2, 3],
    ],
    [
      "of another merchant are not asked",
      [aRule(1, choose("oldest"), { merchantId: idOf(77) })],
      {},
      [1, 2, 3],
    ],
    ["for all merchants are asked", [aRule(1, choose("cost"), { merchantId: null })], {}, [1, 2, 3]],
    [
      "whose condition does not hold are passed over",
      [aRule(1, choose("ordered", 3), { condition: "amount > 1000" })],
      {},
      [1, 2, 3],
    ],
    [
      "whose condition holds decide",
      [aRule(1, choose("ordered", 3), { condition: "amount >= 1000" })],
      {},
      [3],
    ],
    [
      "that ask for metadata that is not there do not hold",
      [aRule(1, choose("ordered", 3), { condition: 'metadata.vip == "yes"' })],
      {},
      [1, 2, 3],
    ],
    [
      "see the hour and the weekday of Beijing",
      [aRule(1, choose("ordered", 2), { condition: "hour == 10 && weekday == 5" })],
      { at: AT },
      [2],
    ],
    [
      "that are disabled say nothing",
      [aRule(1, choose("ordered", 3), { status: "disabled" })],
      {},
      [1, 2, 3],
    ],
    [
      "that exclude take an account out, whatever chooses",
      [aRule(1, exclude(1)), aRule(2, choose("ordered", 1, 2), { priority: 9 })],
      {},
      [2],
    ],
    [
      "whose accounts are all out leave the choice to the next",
      [aRule(1, choose("ordered", 1), { priority: 2 }), aRule(2, exclude(1)), aRule(3, choose("ordered", 3))],
      {},
      [3],
    ],
    ["that exclude all leave none", [aRule(1, exclude(1, 2, 3))], {}, "no_account_available"],
  ];
  for (const [title, rules, order, expected] of cases) {
    test(title, () => {
      assert.deepEqual(orderIn({ accounts: three, rules }, anOrder(order)), expected);
    });
  }
});

describe("strategies", () => {
  test("cost: the cheapest for this amount, of equals the oldest", () => {
    const accounts = [
      anAccount(1, { costRateMillionths: 6_000n }),
      anAccount(2, { costRateMillionths: 3_000n }),
      anAccount(3, { costRateMillionths: 6_000n }),
    ];
    assert.deepEqual(orderIn({ accounts, rules: [aRule(1, choose("cost"))] }), [2, 1, 3]);
  });

  test("cost: by an account's schedule where it has one, for this very amount", () => {
    const accounts = [
      anAccount(1, { costRateMillionths: 6_000n }),
      anAccount(2, { costRateMillionths: 0n }),
      anAccount(3, { costRateMillionths: 5_000n }),
    ];
    const tiers = [{ from: 0n, rateMillionths: 0n, fixed: 100n }];
    const terms = { rules: [{ cardType: null, tiers, minimum: 0n, cap: null }], shares: [] };
    const version = { version: 1, effectiveFrom: "2026-01-01" };
    const fixed: Schedule = {
      id: idOf(9),
      kind: "cost",
      merchantId: null,
      channelAccountId: idOf(2),
      method: null,
      currency: "CNY",
      versions: [{ ...version, terms: { ...terms, refund: "kept", monthlyMinimum: null } }],
    };
    const world = { accounts, rules: [aRule(1, choose("cost"))], schedules: { 2: [fixed] } };
    assert.deepEqual(orderIn(world, anOrder({ amount: 10_000n })), [3, 1, 2]);
    assert.deepEqual(orderIn(world, anOrder({ amount: 100_000n })), [2, 3, 1]);
  });

  test("rotation: who has waited longest", () => {
    const turns = new Map([
      [idOf(1), 7],
      [idOf(2), 3],
      [idOf(3), 5],
    ]);
    const usage = { turn: (id: string) => turns.get(id) ?? 0 };
    assert.deepEqual(orderIn({ accounts: three, rules: [aRule(1, choose("rotation"))], usage }), [2, 3, 1]);
  });

  const weighted = {
    kind: "choose",
    strategy: "weights",
    accounts: [idOf(1), idOf(2), idOf(3)],
    weights: [1, 3, 0],
  } as const;
  for (const [draw, first] of [
    [0.2, 1],
    [0.25, 2],
    [0.99, 2],
  ] as const) {
    test(`weights: the draw ${draw} falls on account ${first}, and a weight of zero comes last`, () => {
      const order = orderIn({ accounts: three, rules: [aRule(1, weighted)], draws: [draw] });
      assert.deepEqual(order, [first, first === 1 ? 2 : 1, 3]);
    });
  }

  const shares = new Map([
    [idOf(1), 0.4],
    [idOf(2), 0.9],
  ]);
  const health = { paidShare: (id: string) => shares.get(id) ?? null };
  test("success rate: the best first; who has too few orders is supposed to be middling", () => {
    const world = { accounts: three, rules: [aRule(1, choose("success_rate"))], health };
    assert.deepEqual(orderIn({ ...world, draws: [EXPLORE_SHARE] }), [2, 3, 1]);
  });
  test("success rate: now and then another is tried first", () => {
    const world = { accounts: three, rules: [aRule(1, choose("success_rate"))], health };
    assert.deepEqual(orderIn({ ...world, draws: [EXPLORE_SHARE / 2, 0.99] }), [1, 2, 3]);
  });
});

describe("health", () => {
  const circuits = (states: Record<number, "open" | "half_open" | "probing">) => ({
    circuit: (id: string) => states[Number(id.slice(-12))] ?? ("closed" as const),
  });
  test("an account out of rotation is not used while another can serve", () => {
    assert.deepEqual(orderIn({ accounts: three, health: circuits({ 1: "open" }) }), [2, 3]);
  });
  test("one that takes probes keeps its place, unless a probe is under way", () => {
    assert.deepEqual(
      orderIn({ accounts: three, health: circuits({ 1: "half_open", 2: "probing" }) }),
      [1, 3],
    );
  });
  test("where all are out of rotation one is tried after all, and the decision says so", () => {
    const routed = decideIn({ accounts: [anAccount(1)], health: circuits({ 1: "open" }) });
    assert.ok(!("refused" in routed) && routed.lastResort);
    assert.match(decisionText(routed, 0), /^oldest 1\/1; last_resort; cha_\w+ circuit_open$/);
  });
  test("an account below its floor keeps a fraction of its orders", () => {
    const health = { isThrottled: (id: string) => id === idOf(1) };
    assert.deepEqual(orderIn({ accounts: three, health, draws: [THROTTLED_SHARE] }), [2, 3, 1]);
    assert.deepEqual(orderIn({ accounts: three, health, draws: [THROTTLED_SHARE / 2] }), [1, 2, 3]);
  });
});

describe("windows, hours and quotas", () => {
  const cutOver = { kind: "cut_over", time: { from: "09:59", to: "10:01" }, weekdays: null } as const;
  const cases: [string, NonNullable<World["settings"]>, string][] = [
    ["a window of its channel", { 1: { windows: [cutOver] } }, "cut_over"],
    ["its trading hours", { 1: { tradingHours: [{ from: "11:00", to: "23:00" }] } }, "outside_trading_hours"],
  ];
  for (const [title, settings, reason] of cases) {
    test(`an account is put aside by ${title}`, () => {
      const routed = decideIn({ accounts: three, settings });
      assert.ok(!("refused" in routed));
      assert.deepEqual(
        routed.order.map(({ account }) => account.id),
        [idOf(2), idOf(3)],
      );
      assert.deepEqual(routed.put, [{ accountId: idOf(1), reason, ruleId: null }]);
    });
  }
  test("a used quota puts only accounts with quotas aside", () => {
    const usage = { refusal: () => "quota_used" as const };
    assert.deepEqual(orderIn({ accounts: three, settings: { 2: { dayCountMax: 1 } }, usage }), [1, 3]);
  });
});

describe("whatever the rules, health and chance", () => {
  const effects = fc.oneof(
    fc.record({
      kind: fc.constant("choose" as const),
      strategy: fc.constantFrom("oldest", "weights", "cost", "success_rate", "rotation"),
      accounts: fc.option(fc.uniqueArray(fc.integer({ min: 1, max: 8 }).map(idOf), { minLength: 1 })),
      weights: fc.constant(null),
    }),
    fc.record({
      kind: fc.constant("exclude" as const),
      accounts: fc.uniqueArray(fc.integer({ min: 1, max: 8 }).map(idOf), { minLength: 1 }),
    }),
  );
  const worlds = fc.record({
    rules: fc.array(fc.tuple(effects, fc.integer({ min: -2, max: 2 })), { maxLength: 6 }),
    strangers: fc.uniqueArray(fc.integer({ min: 1, max: 8 })),
    open: fc.uniqueArray(fc.integer({ min: 1, max: 8 })),
    used: fc.uniqueArray(fc.integer({ min: 1, max: 8 })),
    draws: fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), { maxLength: 20 }),
  });

  test("only its own active accounts are in the order, each once, none put aside; twice the same", () => {
    fc.assert(
      fc.property(worlds, ({ rules, strangers, open, used, draws }) => {
        const accounts = [1, 2, 3, 4, 5, 6, 7, 8].map((number) =>
          anAccount(number, strangers.includes(number) ? { status: "disabled" } : {}),
        );
        const numberOf = (id: string) => Number(id.slice(-12));
        const world: World = {
          accounts,
          rules: rules.map(([effect, priority], index) =>
            aRule(index, effect as Rule["effect"], { priority }),
          ),
          settings: Object.fromEntries(used.map((number) => [number, { dayCountMax: 1 }])),
          health: { circuit: (id) => (open.includes(numberOf(id)) ? "open" : "closed") },
          usage: { refusal: () => "quota_used" },
          draws,
        };
        const routed = decideIn(world);
        assert.deepEqual(decideIn(world), routed);
        if ("refused" in routed) return;
        const order = routed.order.map(({ account }) => numberOf(account.id));
        assert.ok(order.length > 0);
        assert.equal(new Set(order).size, order.length);
        for (const number of order) {
          assert.ok(!strangers.includes(number) && !used.includes(number));
          assert.equal(open.includes(number), routed.lastResort);
        }
        const excluded = rules.flatMap(([effect]) => (effect.kind === "exclude" ? effect.accounts : []));
        assert.ok(order.every((number) => !excluded.includes(idOf(number))));
      }),
      { numRuns: 300 },
    );
  });
});
