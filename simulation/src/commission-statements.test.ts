import assert from "node:assert/strict";
import { test } from "node:test";
import type { StatementLine } from "../../server/src/channels/index.ts";
import { createChance } from "./chance.ts";
import {
  CORRECTIONS,
  corrected,
  fileOf,
  MISTAKES,
  mistaken,
  rowsOf,
  sumOf,
} from "./commission-statements.ts";

const AT = new Date("2026-03-06T16:30:00Z");
const line = (kind: StatementLine["kind"], amount: bigint): StatementLine => ({
  line: 1,
  kind,
  channelTradeNo: "trade1",
  channelOrderNo: "",
  channelRefundNo: null,
  amount,
  settleAmount: amount,
  fee: 0n,
  currency: "CNY",
  createdAt: AT,
  finishedAt: AT,
  subject: "",
});
const LINES = [
  line("payment", 25_050n),
  line("refund", -10_050n),
  line("payment", 40n),
  line("dispute", -9_000n),
];
const luck = () => createChance(1, "statements");
const rows = rowsOf(LINES, 10_000, luck());

test("a day's rows are its bill's shares, half up; what comes to nothing and claims are left out", () => {
  assert.deepEqual(
    rows.map(({ number, amount, text }) => [number, amount, text]),
    [
      ["trade1", 251n, "line 1"],
      ["trade1", -101n, "line 2"],
    ],
  );
  assert.equal(
    fileOf("2026-03-06", rows),
    "date 2026-03-06\nnumber,at,kind,amount,text\n" +
      "trade1,2026-03-07 00:30:00,返佣,2.51,line 1\ntrade1,2026-03-07 00:30:00,退佣,1.01,line 2\n",
  );
});

test("a mistake adds nothing to what is owed, and a correction differs from what it corrects", () => {
  for (const mistake of MISTAKES) {
    const told = mistaken(rows, LINES, mistake, luck());
    assert.equal(told.length, 3, mistake);
    assert.equal(sumOf(told), sumOf(rows), mistake);
    for (const correction of CORRECTIONS) {
      const other = corrected(told, correction, luck());
      assert.notEqual(fileOf("2026-03-06", other), fileOf("2026-03-06", told), `${mistake}, ${correction}`);
      assert.ok(other.every(({ amount }) => amount !== 0n));
    }
  }
});
