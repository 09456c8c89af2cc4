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

test("what is settled is known by whether its date is over", () => {
  const locked = ["ledger_share_day", "ledger_take_day", "settlement_accounts_lock"];
  assert.equal(named(...locked), null);
  assert.equal(named(...locked, "same_day_next_number"), "settling on the day itself");
  assert.equal(named(...locked, "settlement_sums"), "deciding what settles");
  assert.equal(named("ledger_share_day", "settlement_advances_lock"), "paying own money back");
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
