/**
 * What the bank has really paid to partners and receivers, held against their payouts, the books, and what
 * they had got: of partners reckoned apart from the platform, of receivers by the shares that stand.
 */
import { formatId, type Id } from "../../server/src/kernel/ids.ts";
import { type Entry, entriesOf, PAYOUTS, type PayoutRow } from "./bank-checks.ts";
import { counts } from "./desk.ts";
import { type Earned, earnedByParties, type FeesSet } from "./fees.ts";
import type { WorldCurrency } from "./methods.ts";
import type { OwedPayee } from "./partners.ts";
import type { Office } from "./payday.ts";
import type { World } from "./world.ts";

const DUES = {
  name: "simulation_dues",
  text: `select payee_kind as kind, payee, currency::text, sum(amount)::bigint as earned
   from owed_dues
   group by payee_kind, payee, currency
   order by payee_kind, payee, currency`,
};
type Due = {
  readonly kind: string;
  readonly payee: string;
  readonly currency: string;
  readonly earned: bigint;
};

const SHARED = {
  name: "simulation_shared",
  text: `select receiver_id, currency::text, sum(amount - returned_amount)::bigint as left,
     sum(amount)::bigint as at_most
   from shares
   where mode = 'books'
     and state = 'succeeded'
   group by receiver_id, currency
   order by receiver_id, currency`,
};
type Shared = {
  readonly receiverId: Id;
  readonly currency: string;
  readonly left: bigint;
  readonly atMost: bigint;
};

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
  const { world, bank } = office;
  const { db } = world.ground.cell;
  const entries = await entriesOf(office);
  const payouts = await db.all<PayoutRow>(PAYOUTS);
  const found: string[] = [];
  const earned = { partner: await earnedByParties(world, fees), receiver: await sharedTo(world) };
  for (const payee of bank.owed) {
    const { kind, key, name, currency } = payee;
    const got = gotBy(payee, entries);
    const arrived = payouts
      .filter(({ bankAccountId, state }) => state === "succeeded" && has(payee, bankAccountId))
      .reduce((sum, { amount }) => sum + amount, 0n);
    const say = (what: string) => found.push(`${name} in ${currency}: ${what}`);
    if (got !== arrived) say(`the bank has paid it ${got}, its payouts that have succeeded are ${arrived}`);
    const own = earned[kind].find((one) => one.key === key && one.currency === currency);
    const { left = 0n, atMost = 0n } = own ?? {};
    if (got > atMost) say(`the bank has paid it ${got}, it has earned ${atMost}`);
    const waiting = payouts
      .filter(({ bankAccountId, state }) => state === "created" && has(payee, bankAccountId))
      .reduce((sum, { amount }) => sum + amount, 0n);
    const payable = office.payable.get(payee) ?? null;
    const owed = left - got - waiting;
    if (payable !== null && BigInt(payable) !== (owed > 0n ? owed : 0n)) {
      say(`${payable} of what it is owed can be paid, it has ${left}, got ${got}, and ${waiting} waits`);
    }
    if (got > 0n) counts(office, `a ${kind} was paid`);
  }
  found.push(...(await takenAndPaid(office, entries)));
  const dues = await db.all<Due>(DUES);
  for (const kind of ["partner", "receiver"] as const) {
    // Asking for one brings up to date what all of its kind are owed.
    if (!bank.owed.some((payee) => payee.kind === kind)) continue;
    found.push(...duesThatDiffer(dues.filter((due) => due.kind === kind).map(keyed), earned[kind]));
  }
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

/** What receivers have in our books. */
async function sharedTo({ ground }: World): Promise<readonly Earned[]> {
  const rows = await ground.cell.db.all<Shared>(SHARED);
  return rows.map(({ receiverId, currency, left, atMost }) => ({
    key: formatId("rcv", receiverId),
    currency: currency.trim() as WorldCurrency,
    left,
    atMost,
  }));
}

const TAKEN_OF = { partner: "partner_payable", receiver: "receiver_available" } as const;

/** What the books say that payouts took of what is owed is what the bank has paid. */
async function takenAndPaid({ world, bank }: Office, entries: readonly Entry[]): Promise<string[]> {
  const found: string[] = [];
  const places = Map.groupBy(bank.owed, ({ kind, currency }) => `${kind} ${currency}`);
  for (const [place, payees] of places) {
    const [{ kind, currency }] = payees as [OwedPayee, ...OwedPayee[]];
    const paid = payees.reduce((sum, payee) => sum + gotBy(payee, entries), 0n);
    const booked = await world.ground.cell.db.one<{ taken: bigint }>(TAKEN, [TAKEN_OF[kind], currency]);
    const taken = booked?.taken ?? 0n;
    if (taken !== paid) found.push(`${place}: the bank has paid ${paid}, the books took ${taken}`);
  }
  return found;
}

type Known = Pick<Earned, "key" | "currency"> & { readonly earned: bigint };

function keyed({ kind, payee, currency, earned }: Due): Known {
  const key = kind === "receiver" ? formatId("rcv", payee as Id) : payee;
  return { key, currency: currency.trim() as WorldCurrency, earned };
}

/** All days on which something was earned are over, and what is owed was brought up to date. */
function duesThatDiffer(dues: readonly Known[], earned: readonly Earned[]): string[] {
  const isOf = (own: Earned, due: Known) => due.key === own.key && due.currency === own.currency;
  const strange = dues.filter((due) => !earned.some((own) => isOf(own, due)));
  return [
    ...strange.map(({ key, currency, earned: sum }) => `${key || "nobody"} is owed ${sum} ${currency}`),
    ...earned.flatMap((own) => {
      const sum = dues.find((due) => isOf(own, due))?.earned ?? 0n;
      const { key, currency, left } = own;
      return sum === left ? [] : [`${key} has earned ${left} ${currency}, its dues say ${sum}`];
    }),
  ];
}
