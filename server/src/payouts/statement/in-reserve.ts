/** Own money that is in the reserve by the banks' word: what may stand for money that channels still have. */
import { type Db, sql, type Tx } from "../../kernel/database.ts";
import type { Currency } from "../../kernel/money.ts";
import { ownMoneyInside, ownMoneySpent } from "../../ledger/index.ts";
import { reserveConnections } from "../accounts/store.ts";
import { lockFunds, openFunds } from "../batch/funds.ts";
import type { PayoutsDeps } from "../deps.ts";

const movedSql = sql(
  "bank_entries_own_moved",
  `select coalesce(sum(amount), 0)::bigint as amount
   from bank_entries
   where account_number = any($1::text[])
     and placed_as in ('own_money', 'own_transfer')`,
);

/** What was paid or moved in on these accounts, less what was moved out. */
async function ownMoved(db: Db, accountNumbers: readonly string[]): Promise<bigint> {
  return (await db.one<{ amount: bigint }>(movedSql, [accountNumbers]))?.amount ?? 0n;
}

/**
 * The lesser of what banks' entries have moved into the reserve, less what was spent, and what of the
 * platform's own is among the clients'. What was spent comes off whole: the margin that would make up for it
 * may lie at channels, and is not in the reserve. Costs of payments came with the fees of the same payments.
 * Under the lock of the currency's funds, so that nobody else counts on the same money.
 */
export async function ownMoneyInReserve(
  { platform }: Pick<PayoutsDeps, "platform">,
  tx: Tx,
  currency: Currency,
): Promise<bigint> {
  await openFunds(tx, currency);
  await lockFunds(tx, currency);
  const connections = await reserveConnections(platform.db, currency);
  const moved = await ownMoved(
    tx,
    connections.map(({ accountNumber }) => accountNumber),
  );
  const left = moved - (await ownMoneySpent(tx, currency));
  const inside = await ownMoneyInside(tx, currency);
  if (inside < left) return inside;
  return left;
}
