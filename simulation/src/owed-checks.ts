/**
 * What the bank has really paid to partners, held against their payouts, the books, and what they had earned,
 * which is reckoned apart from the platform.
 */
import { formatId } from "../../server/src/kernel/ids.ts";
import { type Entry, entriesOf, PAYOUTS, type PayoutRow } from "./bank-checks.ts";
import { counts } from "./desk.ts";
import { type Earned, earnedByParties, type FeesSet } from "./fees.ts";
import type { OwedPayee } from "./partners.ts";
import type { Office } from "./payday.ts";

const DUES = {
  name: "simulation_dues",
  text: `select payee as party, currency::text, sum(amount)::bigint as earned
   from owed_dues
   where payee_kind = 'partner'
   group by payee, currency
   order by payee, currency`,
};
type Due = { readonly party: string; readonly currency: string; readonly earned: bigint };

const TAKEN = {
  name: "simulation_owed_taken",
  text: `select coalesce(sum(e.amount), 0)::bigint as taken
   from entries e
   join accounts a on a.id = e.account_id
   join journals j on j.id = e.journal_id
   where a.code = $1
     and a.currency = $2
     and j.kind in ('payout_sent', 'payout_rejected', 'payout_returned')`,
};

/** Every violation, a sentence each. */
export async function checkOwed(office: Office, fees: readonly FeesSet[]): Promise<readonly string[]> {
  const { db } = office.world.ground.cell;
  const entries = await entriesOf(office);
  const payouts = await db.all<PayoutRow>(PAYOUTS);
  const { owed } = office.bank;
  const found: string[] = [];
  const earned = await earnedByParties(office.world, fees);
  for (const payee of owed) {
    const got = gotBy(payee, entries);
    const arrived = payouts
      .filter(({ bankAccountId, state }) => state === "succeeded" && has(payee, bankAccountId))
      .reduce((sum, { amount }) => sum + amount, 0n);
    const say = (what: string) => found.push(`${payee.name} in ${payee.currency}: ${what}`);
    if (got !== arrived) say(`the bank has paid it ${got}, its payouts that have succeeded are ${arrived}`);
    const own = earned.find(({ party, currency }) => party === payee.key && currency === payee.currency);
    if (got > (own?.atMost ?? 0n)) say(`the bank has paid it ${got}, it has earned ${own?.atMost ?? 0n}`);
    if (got > 0n) counts(office, `a ${payee.kind} was paid`);
  }
  found.push(...(await takenAndPaid(office, entries)));
  if (owed.length > 0) found.push(...duesThatDiffer(await db.all<Due>(DUES), earned));
  return found;
}

function has({ accounts }: OwedPayee, bankAccountId: PayoutRow["bankAccountId"]): boolean {
  return accounts.has(formatId("bac", bankAccountId));
}

function gotBy({ accounts }: OwedPayee, entries: readonly Entry[]): bigint {
  const numbers = new Set([...accounts.values()].map(({ number }) => number));
  return entries
    .filter(({ number }) => number !== null && numbers.has(number))
    .reduce((sum, { amount }) => sum - BigInt(amount), 0n);
}

/** What the books say that payouts took of what is owed is what the bank has paid. */
async function takenAndPaid({ world, bank }: Office, entries: readonly Entry[]): Promise<string[]> {
  const found: string[] = [];
  for (const currency of new Set(bank.owed.map((payee) => payee.currency))) {
    const paid = bank.owed
      .filter((payee) => payee.currency === currency)
      .reduce((sum, payee) => sum + gotBy(payee, entries), 0n);
    const booked = await world.ground.cell.db.one<{ taken: bigint }>(TAKEN, ["partner_payable", currency]);
    const taken = booked?.taken ?? 0n;
    if (taken !== paid) found.push(`partners were paid ${paid} ${currency}, the books took ${taken}`);
  }
  return found;
}

/** All days on which something was earned are over, and what is owed was brought up to date. */
function duesThatDiffer(dues: readonly Due[], earned: readonly Earned[]): string[] {
  const known = dues.filter((due) => !earned.some((own) => isOf(own, due)));
  return [
    ...known.map(({ party, currency, earned: sum }) => `${party || "nobody"} is owed ${sum} ${currency}`),
    ...earned.flatMap((own) => {
      const sum = dues.find((due) => isOf(own, due))?.earned ?? 0n;
      const { party, currency, left } = own;
      return sum === left ? [] : [`${party} has earned ${left} ${currency}, its dues say ${sum}`];
    }),
  ];
}

function isOf({ party, currency }: Earned, due: Due): boolean {
  return due.party === party && due.currency.trim() === currency;
}
