import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { ChannelAccount } from "../channels/index.ts";
import { HOUR, MINUTE, plus } from "../kernel/clock.ts";
import { goPage } from "./go-page.ts";
import { offeredMethods, RENEWAL_MARGIN_MS, renewalDue } from "./view.ts";

const NOW = new Date("2026-03-01T04:00:00Z");

describe("when a code is renewed", () => {
  const due = (lifetimeMs: number | null, orderMs: number, paymentMs: number) =>
    renewalDue(
      { expiresAt: plus(NOW, paymentMs) },
      { createdAt: NOW, expiresAt: plus(NOW, orderMs) },
      { actionLifetimeMs: lifetimeMs },
    );
  const cases: [string, number | null, number, number, number | null][] = [
    ["a code that lives two hours in a payment of a day", 2 * HOUR, 24 * HOUR, 24 * HOUR, 2 * HOUR],
    ["a link that lives five minutes", 5 * MINUTE, HOUR, HOUR, 5 * MINUTE],
    ["an order that its contract ends before the payment", null, HOUR, 24 * HOUR, HOUR],
    ["the sooner of the two", 2 * HOUR, HOUR, 24 * HOUR, HOUR],
    ["never, where it lives as long as its order and payment", null, HOUR, HOUR, null],
    ["never, where the payment ends before the code", 2 * HOUR, HOUR, HOUR, null],
  ];
  for (const [title, lifetimeMs, orderMs, paymentMs, expected] of cases) {
    test(title, () => {
      const at = expected === null ? null : plus(NOW, expected - RENEWAL_MARGIN_MS);
      assert.deepEqual(due(lifetimeMs, orderMs, paymentMs), at);
    });
  }
});

describe("the page that sends a form on", () => {
  const form = { txnAmt: "1234", note: `"><script>alert('x')</script>&` };

  test("may send it to the channel and nowhere else, and no field becomes markup", () => {
    const page = goPage({ url: "https://gateway.example:8443/front?a=1&b=2", form }, 3, "zh-CN,zh;q=0.9");
    assert.ok(page !== null);
    assert.match(page.policy, /form-action https:\/\/gateway\.example:8443;/);
    assert.ok(page.policy.includes("default-src 'none'") && !page.policy.includes("unsafe"));
    assert.ok(!page.html.includes("<script>alert"));
    assert.ok(page.html.includes('value="&quot;&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;"'));
    assert.ok(page.html.includes('action="https://gateway.example:8443/front?a=1&amp;b=2"'));
    assert.ok(page.html.includes('<html lang="zh-CN">') && page.html.includes('data-attempt="3"'));
  });

  test("is none for what is not the web's", () => {
    assert.equal(goPage({ url: "javascript:alert(1)", form }, 1, undefined), null);
    assert.equal(goPage({ url: "", form }, 1, undefined), null);
  });
});

describe("which methods are offered", () => {
  const traits = {
    displayName: "Test",
    leastAmounts: { HKD: 400n, CNY: null },
    scenes: {
      "t.qr": { kind: "qr", devices: ["desktop"] },
      "t.page": { kind: "redirect", devices: ["desktop"] },
      "t.app": { kind: "app", devices: [] },
    },
  };
  // Only what the decision reads.
  const channels = { channel: () => ({ traits }) } as unknown as Parameters<typeof offeredMethods>[1];
  const account = (changes: Partial<ChannelAccount> = {}) =>
    ({
      channel: "t",
      status: "active",
      currencies: ["CNY"],
      amountMin: 1n,
      amountMax: 10_000n,
      methods: ["t.page", "t.qr", "t.app"],
      ...changes,
    }) as ChannelAccount;
  const usual = { methods: [], hidden: [] };
  const rule = (method: string, changes = {}) => ({
    method,
    amountMin: null,
    amountMax: null,
    currencies: null,
    devices: null,
    ...changes,
  });
  const names = (
    amount: bigint,
    settings: Parameters<typeof offeredMethods>[3] = usual,
    accounts = [account()],
  ) => offeredMethods(accounts, channels, { amount, currency: "CNY" }, settings).map((one) => one.method);

  test("those with a device, of accounts that take the amount and the currency", () => {
    assert.deepEqual(names(100n), ["t.page", "t.qr"]);
    assert.deepEqual(names(10_001n), []);
    assert.deepEqual(names(100n, usual, [account({ currencies: ["USD"] })]), []);
    assert.deepEqual(names(100n, usual, [account({ status: "disabled" })]), []);
  });

  test("not below the least that the channel takes of the currency", () => {
    const accounts = [account({ currencies: ["HKD"] })];
    const offered = (amount: bigint) =>
      offeredMethods(accounts, channels, { amount, currency: "HKD" }, usual).map((one) => one.method);
    assert.deepEqual([offered(399n), offered(400n)], [[], ["t.page", "t.qr"]]);
  });

  test("in the merchant's order, less what it hides", () => {
    assert.deepEqual(names(100n, { methods: [rule("t.qr")], hidden: [] }), ["t.qr", "t.page"]);
    assert.deepEqual(names(100n, { methods: [], hidden: ["t.qr"] }), ["t.page"]);
  });

  test("by the merchant's rules of amount, currency and device", () => {
    const from = { methods: [rule("t.page", { amountMin: 500n, amountMax: 900n })], hidden: [] };
    assert.deepEqual(
      [499n, 500n, 900n, 901n].map((amount) => names(amount, from).includes("t.page")),
      [false, true, true, false],
    );
    assert.deepEqual(names(1n, { methods: [rule("t.qr", { currencies: ["USD"] })], hidden: [] }), ["t.page"]);
    const phones = { methods: [rule("t.qr", { devices: ["phone"] })], hidden: [] };
    const [qr] = offeredMethods([account()], channels, { amount: 1n, currency: "CNY" }, phones);
    assert.deepEqual(qr?.devices, ["phone"]);
  });
});
