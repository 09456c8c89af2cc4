import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { takes } from "./model.ts";

describe("whether an account takes an order", () => {
  const account = { status: "active", currencies: ["CNY"], amountMin: 100n, amountMax: 900n } as const;
  const cases: [string, Partial<Parameters<typeof takes>[0]>, bigint | null, string, boolean][] = [
    ["its least amount", {}, 100n, "CNY", true],
    ["its largest amount", {}, 900n, "CNY", true],
    ["any amount, where none is named", {}, null, "CNY", true],
    ["less", {}, 99n, "CNY", false],
    ["more", {}, 901n, "CNY", false],
    ["another currency", {}, null, "USD", false],
    ["while it is a draft", { status: "draft" }, 100n, "CNY", false],
    ["while it is disabled", { status: "disabled" }, null, "CNY", false],
  ];
  for (const [title, changes, amount, currency, expected] of cases) {
    test(title, () => assert.equal(takes({ ...account, ...changes }, { amount, currency }), expected));
  }
});
