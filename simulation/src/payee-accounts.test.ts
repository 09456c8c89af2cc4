import assert from "node:assert/strict";
import { test } from "node:test";
import { mayGoTo } from "./payee-accounts.ts";
import type { Payee, PayeeAccount } from "./payees.ts";

const hour = (hours: number) => new Date(Date.UTC(2026, 2, 6, hours));
const verified = (after: number, before = after): PayeeAccount => ({
  number: `${after}`,
  verified: { after: hour(after), before: hour(before) },
});
const payee: Payee = {
  name: "shop1",
  legalName: "shop1 trading co ltd",
  path: "/v1/ops/merchants/shop1",
  currency: "CNY",
  accounts: new Map([
    ["first", verified(1)],
    ["second", verified(3, 5)],
  ]),
  coolDownHours: 24,
};

test("payouts go to the first account at once, and to another when its cool-down is over", () => {
  const to = (at: number) => ["first", "second"].filter((id) => mayGoTo(payee, id, hour(at)));
  assert.deepEqual(to(0), []);
  assert.deepEqual(to(2), ["first"]);
  assert.deepEqual(to(26), ["first"], "its cool-down is not over");
  assert.deepEqual(to(28), ["first", "second"], "nobody can tell when exactly it was verified");
  assert.deepEqual(to(30), ["second"]);
});
