import assert from "node:assert/strict";
import { test } from "node:test";
import { transactionNamed } from "./points.ts";

const named = (...statements: string[]) => transactionNamed(statements);

test("an entry at the bank is known by what is locked behind it", () => {
  const locked = ["ledger_share_day", "ledger_take_day", "bank_entry_lock"];
  assert.equal(named(...locked), null);
  assert.equal(named(...locked, "commission_lock_open"), "receiving commission");
  assert.equal(named(...locked, "bank_entry_place"), "placing an entry at the bank");
});

test("the reading of a statement is known by what it is read for", () => {
  const looked = ["statements_lock_scope", "statements_newer"];
  assert.equal(named("ledger_share_day", ...looked), null);
  assert.equal(named("ledger_share_day", ...looked, "commission_lock_open"), "booking commission");
  assert.equal(named("ledger_share_day", ...looked, "statement_commissions_done"), "booking commission");
  assert.equal(named("ledger_share_day", ...looked, "statement_payouts_done"), "a decision of the door");
  assert.equal(named(...looked), null);
  assert.equal(named(...looked, "commission_rows_of_day"), "booking commission");
});
