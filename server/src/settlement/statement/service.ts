/** Reads a statement; what the close has not written down yet of closed dates is written down first. */
import { type Db, sql } from "../../kernel/database.ts";
import { problem } from "../../kernel/errors.ts";
import type { Id } from "../../kernel/ids.ts";
import {
  accountDays,
  balancesBefore,
  type MovedAccount,
  markDays,
  movedAmong,
  OWN_CODES,
} from "../bills/days-store.ts";
import { ownAccounts } from "../bills/service.ts";
import type { SettleDeps } from "../settle/deps.ts";
import { accountStatement, type Statement } from "./model.ts";

const lastClosedSql = sql(
  "statement_last_closed",
  `select accounting_date
   from days
   where closed_at is not null
   order by accounting_date desc
   limit 1`,
);

async function lastClosed(db: Db): Promise<string | null> {
  return (await db.one<{ accountingDate: string }>(lastClosedSql))?.accountingDate ?? null;
}

/** A merchant's statement of a period. Throws `not_found` while none of its dates is closed. */
export async function readStatement(
  { cell }: Pick<SettleDeps, "cell">,
  of: { readonly merchantId: Id; readonly merchant: string; readonly currency: string },
  period: { readonly from: string; readonly to: string },
): Promise<Statement> {
  const closed = await lastClosed(cell.db);
  if (closed === null || closed < period.from) {
    throw problem("not_found", { detail: "no date of this period is closed yet" });
  }
  const isOver = closed >= period.to;
  const to = isOver ? period.to : closed;
  const own = ownAccounts(of);
  const ids = Object.values(own);
  let moved: MovedAccount[] = await movedAmong(cell.db, ids);
  while (moved.length > 0) {
    const step = moved;
    const marked = await cell.transact((tx) => markDays(tx, step, closed), { repeatable: true });
    const known = new Map(marked.map(({ accountId, lastSeq }) => [accountId, lastSeq]));
    moved = step.flatMap((account) => {
      const knownSeq = known.get(account.accountId);
      return knownSeq === undefined || knownSeq >= account.lastSeq ? [] : [{ ...account, knownSeq }];
    });
  }
  const [before, days] = await Promise.all([
    balancesBefore(cell.db, ids, period.from),
    accountDays(cell.db, ids, { from: period.from, to }),
  ]);
  const openings = new Map(before.map(({ accountId, closing }) => [accountId, closing]));
  const accounts = OWN_CODES.map((code) =>
    accountStatement(
      code,
      openings.get(own[code]) ?? 0n,
      days.filter(({ accountId }) => accountId === own[code]),
    ),
  );
  return { merchant: of.merchant, currency: of.currency, from: period.from, to, accounts };
}
