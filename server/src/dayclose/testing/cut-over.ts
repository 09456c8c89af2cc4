import assert from "node:assert/strict";
import type { MovableClock } from "../../../../tools/testing/clock.ts";
import { DAY, dateIn, MINUTE, plus, startOfDate } from "../../kernel/clock.ts";
import type { Cell } from "../../kernel/database.ts";
import { cutOver, openDay } from "../../ledger/index.ts";

const ZONE = "Asia/Shanghai";

/** Cuts the open date over, a minute after it is over; that date. */
export async function cutOverNext(cell: Cell, clock: MovableClock): Promise<string> {
  const from = (await openDay(cell.db))?.accountingDate;
  assert.ok(from !== undefined);
  const midnight = startOfDate(ZONE, dateIn(ZONE, plus(clock.now(), DAY)));
  clock.advance(midnight.getTime() - clock.now().getTime() + MINUTE);
  const cut = await cutOver(cell, { from, to: dateIn(ZONE, clock.now()) });
  assert.equal(cut.result, "cut_over");
  return from;
}
