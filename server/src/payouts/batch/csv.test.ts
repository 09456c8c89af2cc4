import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatId } from "../../kernel/ids.ts";
import { BATCH_MAX } from "../model.ts";
import { readPayoutFile } from "./csv.ts";

const merchant = formatId("mch", "00000000-0000-7000-8000-000000000001");
const header = "merchant,payout_no,amount,remark";
const good = `${merchant},A-1,12.34,Rent`;

test("a file is read to the cent, with a byte order mark, quotes and either line end", () => {
  const read = readPayoutFile(`\uFEFF${header}\r\n${good}\r\n${merchant},A-2,7,"a, (b)"\r\n`, "CNY");
  assert.ok("rows" in read);
  assert.deepEqual(
    read.rows.map(({ line, amount, remark }) => [line, amount, remark]),
    [
      [2, 1_234n, "Rent"],
      [3, 700n, "a, (b)"],
    ],
  );
});

const bad: Record<string, readonly [line: number, text: string]> = {
  "nothing at all": [1, ""],
  "another header": [1, `payout_no,merchant,amount,remark\n${good}`],
  "no payout": [1, `${header}\n`],
  "an empty line": [3, `${header}\n${good}\n\n${merchant},A-2,1,x`],
  "a field too many": [2, `${header}\n${good},more`],
  "a field too few": [3, `${header}\n${good}\n${merchant},A-2,1`],
  "a quote that is open": [2, `${header}\n${merchant},A-1,1.00,"Rent`],
  "a merchant that is none": [2, `${header}\nmch_1,A-1,1.00,x`],
  "a number of a settlement": [2, `${header}\n${merchant},stl_1,1.00,x`],
  "half a cent": [2, `${header}\n${merchant},A-1,1.005,x`],
  "nothing to pay": [2, `${header}\n${merchant},A-1,0.00,x`],
  "a negative amount": [2, `${header}\n${merchant},A-1,-1.00,x`],
  "an exponent": [2, `${header}\n${merchant},A-1,1e3,x`],
  "a thousands separator": [2, `${header}\n${merchant},A-1,"1,000.00",x`],
  "more than a bank takes": [2, `${header}\n${merchant},A-1,1.00,<b>`],
  "a number twice": [3, `${header}\n${good}\n${good}`],
  "too many payouts": [BATCH_MAX + 2, `${header}\n${`${good}\n`.repeat(BATCH_MAX + 1)}`],
};
for (const [title, [line, text]] of Object.entries(bad)) {
  test(`a file with ${title} is refused as a whole, by line and reason`, () => {
    const read = readPayoutFile(text, "CNY");
    assert.ok("refused" in read);
    assert.equal(read.refused.line, line);
    assert.ok(read.refused.reason.length > 5);
  });
}

test("whatever is done to a file, it is read to the end or refused", () => {
  const whole = `${header}\n${Array.from({ length: 5 }, (_, at) => `${merchant},N-${at},1.00,r`).join("\n")}`;
  const place = fc.nat(whole.length);
  fc.assert(
    fc.property(place, fc.constantFrom("", ",", '"', "\n", "0", "-", " ", "é"), fc.nat(3), (at, put, cut) => {
      const read = readPayoutFile(whole.slice(0, at) + put + whole.slice(at + cut), "CNY");
      if ("refused" in read) return read.refused.line >= 1 && read.refused.reason !== "";
      return read.rows.every(({ amount }) => amount > 0n);
    }),
  );
});
