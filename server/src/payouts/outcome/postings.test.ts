import assert from "node:assert/strict";
import { test } from "node:test";
import { accountIdOf, bookIdOf } from "../../ledger/index.ts";
import type { Payout, PayoutSource } from "../model.ts";
import { bookingJournal } from "./postings.ts";

const id = (n: number) => `01900000-0000-7000-8000-${String(n).padStart(12, "0")}`;
const merchantId = id(1);
const book = bookIdOf("merchant", merchantId);
const payout = { id: id(2), merchantId, amount: 1_000n, currency: "CNY" } as unknown as Payout;
const source = (code: string) => ({ merchantId, code, amount: 1_000n }) as unknown as PayoutSource;

test("what comes back of a merchant's payout pays first what it was sent of on credit", () => {
  const at = (code: "merchant_available" | "merchant_receivable" | "interbook") =>
    accountIdOf(book, code, "CNY", null);
  const { lines } = bookingJournal(payout, source("merchant_available"), "returned", () => id(3));
  assert.deepEqual(lines, [
    { account: at("interbook"), debit: 1_000n },
    { repay: [at("merchant_receivable"), at("merchant_available")], credit: 1_000n },
  ]);
});
