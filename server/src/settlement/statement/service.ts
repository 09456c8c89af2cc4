/** Reads a statement of dates whose balances are written down. */
import type { Db } from "../../kernel/database.ts";
import { shiftDate } from "../../kernel/dates.ts";
import { problem } from "../../kernel/errors.ts";
import type { Id } from "../../kernel/ids.ts";
import { type AccountDay, accountDays, closedBalances, closedBalancesThrough } from "../../ledger/index.ts";
import { OWN_CODES, ownAccounts } from "../bills/own-accounts.ts";
import { cut, together } from "../bills/spans.ts";
import type { SettleDeps } from "../settle/deps.ts";
import { accountStatement, type MovedDay, type Statement } from "./model.ts";
import { turnoversOf } from "./store.ts";

/** A merchant's statement of a period. Throws `not_found` while none of its dates is closed. */
export async function readStatement(
  { cell }: Pick<SettleDeps, "cell">,
  of: { readonly merchantId: Id; readonly merchant: string; readonly currency: string },
  period: { readonly from: string; readonly to: string },
): Promise<Statement> {
  const through = await closedBalancesThrough(cell.db);
  if (through === null || through < period.from) {
    throw problem("not_found", { detail: "no date of this period is closed yet" });
  }
  const isOver = through >= period.to;
  const to = isOver ? period.to : through;
  const own = ownAccounts(of);
  const ids = Object.values(own);
  const [before, days] = await Promise.all([
    closedBalances(cell.db, ids, shiftDate(period.from, -1)),
    accountDays(cell.db, ids, { from: period.from, to }),
  ]);
  const moved = await withTurnovers(cell.db, days);
  const openings = new Map(before.map(({ accountId, balance }) => [accountId, balance]));
  const accounts = OWN_CODES.map((code) =>
    accountStatement(
      code,
      openings.get(own[code]) ?? 0n,
      moved.filter(({ accountId }) => accountId === own[code]),
    ),
  );
  return { merchant: of.merchant, currency: of.currency, from: period.from, to, accounts };
}

async function withTurnovers(db: Db, days: readonly AccountDay[]): Promise<MovedDay[]> {
  const moved = days.map((day) => ({ ...day, debits: 0n, credits: 0n }));
  const pieces = days.flatMap(({ accountId, firstSeq, lastSeq }, place) =>
    cut({ place, accountId, fromSeq: firstSeq, toSeq: lastSeq }),
  );
  for (const group of together(pieces)) {
    for (const { place, debits, credits } of await turnoversOf(db, group)) {
      const day = moved[place] as (typeof moved)[number];
      day.debits += debits;
      day.credits += credits;
    }
  }
  return moved;
}
