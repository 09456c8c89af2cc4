/**
 * What the bank has really paid and to whom, held against the payouts and the books: nobody was paid twice,
 * or more than what came in for it, and nothing is under way any more.
 */
import { formatId, type Id, parseId } from "../../server/src/kernel/ids.ts";
import { cameThrough } from "./bills.ts";
import { sandboxUrl } from "./channel.ts";
import { CONSOLES } from "./contracts.ts";
import { counts } from "./desk.ts";
import { passesUs } from "./fund-flows.ts";
import type { Office } from "./payday.ts";
import { mayGoTo } from "./payee-accounts.ts";
import type { MerchantPayee } from "./payees.ts";
import { splitAway } from "./splits.ts";
import { jsonRequest, type World } from "./world.ts";

/** As the bank itself has it; what came in is positive. */
export type Entry = {
  readonly ref: string;
  readonly amount: number;
  readonly end_to_end_id: string | null;
  readonly original_end_to_end_id: string | null;
  readonly message_id: string | null;
  readonly number: string | null;
};

export type PayoutRow = {
  readonly id: Id;
  readonly payeeId: Id;
  readonly currency: string;
  readonly amount: bigint;
  readonly fee: bigint;
  readonly bankAccountId: Id;
  readonly state: string;
  readonly batchId: Id | null;
  readonly contradicted: boolean;
  readonly failureCode: string | null;
  readonly createdAt: Date;
  readonly sentAt: Date | null;
};

export const PAYOUTS = {
  name: "simulation_payouts_of_all",
  text: `select id, payee_id, currency::text, amount, fee, bank_account_id, state, batch_id,
     contradicted, failure_code, created_at, sent_at
   from payouts
   order by id`,
};

const UNDER_WAY = {
  name: "simulation_payouts_under_way",
  text: `select what
   from (
     select 'the payout ' || id || ' is still ' || state as what
     from payouts
     where state in ('approved', 'sent', 'unknown')
     union all
     select 'the batch ' || id || ' is still ' || state || coalesce(': ' || last_error, '')
     from payout_batches
     where state in ('approved', 'instructed')
       or needs_people
     union all
     select 'the batch ' || b.id || ' is still proposed, though the reserve covers it'
     from payout_batches b
     join accounts a on a.code = 'bank_reserve' and a.currency = b.currency
     where b.state = 'proposed'
       and b.amount <= a.balance
     union all
     select 'the entry ' || entry_ref || ' of ' || amount || ' is ' || state
     from bank_entries
     where state <> 'placed'
     union all
     select 'the statement of ' || statement_date || ' is ' || state || coalesce(': ' || reason, '')
     from bank_readings
     where state <> 'read'
     union all
     select 'the payout ' || payout_no || ' of a channel never came'
     from channel_payouts
     where receipt_id is null
   ) rows
   order by what`,
};

const READ = { name: "simulation_entries_read", text: "select count(*) as read from bank_entries" };

/** Whether money is under way at the bank, or waits to be seen in the books. */
export async function isUnderWay(office: Office): Promise<boolean> {
  const { db } = office.world.ground.cell;
  if (office.transfers.some(({ ref, isAnnounced }) => ref === null || !isAnnounced)) return true;
  if ((await db.all(UNDER_WAY)).length > 0) return true;
  const entries = await entriesOf(office);
  return BigInt(entries.length) !== (await db.one<{ read: bigint }>(READ))?.read;
}

/** Every entry of our accounts, past the platform. */
export async function entriesOf({ world, bank }: Office): Promise<readonly Entry[]> {
  const all: Entry[] = [];
  for (const { number } of bank.ours) {
    const url = sandboxUrl(`/bank/entries?account=${number}`);
    const { body } = await world.channel(jsonRequest("GET", url, undefined));
    all.push(...(JSON.parse(body.toString("utf8")) as { data: Entry[] }).data);
  }
  return all;
}

/** Every violation, a sentence each. */
export async function checkBank(office: Office): Promise<readonly string[]> {
  const { db } = office.world.ground.cell;
  const entries = await entriesOf(office);
  const payouts = await db.all<PayoutRow>(PAYOUTS);
  const found = (await db.all<{ what: string }>(UNDER_WAY)).map(({ what }) => what);
  found.push(...payouts.flatMap((payout) => faultsOf(office, payout, entries)));
  found.push(...strangers(entries, payouts));
  for (const payee of office.bank.payees) found.push(...(await checkPayee(office, payee, entries, payouts)));
  found.push(...(await checkBalances(office, entries)));
  return found;
}

function endToEndIdOf({ id }: Pick<PayoutRow, "id">): string {
  return formatId("pyt", id).replace("_", "");
}

/** How often the bank paid each payout and got it back, by the state that it is in. */
const MOVED: Readonly<Record<string, readonly [paid: number, returned: number]>> = {
  created: [0, 0],
  rejected: [0, 0],
  succeeded: [1, 0],
  returned: [1, 1],
};

function faultsOf(office: Office, payout: PayoutRow, entries: readonly Entry[]): string[] {
  const name = endToEndIdOf(payout);
  const paid = entries.filter((entry) => entry.end_to_end_id === name && entry.amount < 0);
  const returned = entries.filter((entry) => entry.original_end_to_end_id === name);
  const faults: string[] = [];
  const say = (what: string) => faults.push(`the payout ${name}: ${what}`);
  const [wantsPaid, wantsReturned] = MOVED[payout.state] ?? [0, 0];
  if (paid.length > 1) say(`the bank has paid it ${paid.length} times`);
  if (paid.length !== wantsPaid || returned.length !== wantsReturned) {
    say(
      `it is ${payout.state}, the bank has paid it ${paid.length} and got it back ${returned.length} times`,
    );
  }
  const id = formatId("bac", payout.bankAccountId);
  const payee = [...office.bank.payees, ...office.bank.owed].find(({ accounts }) => accounts.has(id));
  const number = payee?.accounts.get(id)?.number;
  if (payee === undefined || !mayGoTo(payee, id, payout.createdAt)) {
    say(`${id} was not the account that its payee's payouts go to`);
  }
  for (const entry of paid) {
    if (BigInt(-entry.amount) !== payout.amount) say(`${payout.amount} of it, the bank paid ${entry.amount}`);
    if (entry.number !== number) say(`it went to ${entry.number}, which is not its account ${number}`);
  }
  if (returned.some((entry) => BigInt(entry.amount) !== payout.amount)) say("another amount came back");
  if (payout.contradicted) say("the bank has said what does not fit");
  if (payout.state === "created") {
    const reason = waitsFor(office, payout);
    if (reason === null) say("it waits, and nobody says for what");
    else counts(office, `a payout waits: ${reason}`);
  }
  return faults;
}

/** Why nothing was done about it; null: there is no reason. */
function waitsFor({ left, paydayEnded }: Office, { id, batchId, createdAt }: PayoutRow): string | null {
  if (batchId !== null) return "the reserve does not cover its batch";
  if (left.has(formatId("pyt", id))) return "finance has left it for another day";
  return createdAt > paydayEnded ? "it was asked for since the last payday" : null;
}

/** What the bank paid under a name of ours that no payout has. */
function strangers(entries: readonly Entry[], payouts: readonly PayoutRow[]): string[] {
  const names = new Set(payouts.map(endToEndIdOf));
  return entries.flatMap(({ ref, amount, message_id, end_to_end_id: name }) =>
    message_id !== null && amount < 0 && !names.has(name ?? "")
      ? [`the bank has paid ${-amount} (${ref}) under ${name}, which is no payout`]
      : [],
  );
}

const BOOKED = {
  name: "simulation_paid_out",
  text: `select coalesce(-sum(e.amount) filter (
       where a.code = 'interbook'
         and j.kind in ('payout_confirmed', 'payout_returned')
         and j.counterparty_id = b.owner_id
     ), 0)::bigint as paid_out,
     coalesce(-sum(e.amount) filter (
       where a.code = 'fee_income'
         and not exists (
           select
           from commission_rows r
           where r.id = j.source_id
         )
         or a.code = 'partner_payable'
           and j.kind not in ('payout_sent', 'payout_rejected', 'payout_returned')
     ), 0)::bigint as fees,
     coalesce(-sum(e.amount) filter (
       where a.code in ('merchant_pending', 'merchant_available', 'merchant_reserve', 'merchant_receivable',
         'refund_clearing', 'payout_clearing',
         'suspense_surplus', 'suspense_shortage')
     ), 0)::bigint as left,
     coalesce(sum(e.amount) filter (
       where a.code = 'channel_cost'
         and exists (
           select
           from disputes d
           join attempts t on t.id = d.attempt_id
           where d.id = j.source_id
             and t.surplus is not null
         )
     ), 0)::bigint as claims
   from books b
   join accounts a on a.book_id = b.id
   join entries e on e.account_id = a.id
   join journals j on j.id = e.journal_id
   where b.owner_id = $1
     and a.currency = $2`,
};
/**
 * In minor units: what has left, what was charged, what the merchant still has, or owes, and what channels
 * charged for claims on surpluses, which were never the merchant's.
 */
type Booked = {
  readonly paidOut: bigint;
  readonly fees: bigint;
  readonly left: bigint;
  readonly claims: bigint;
};

/** What a merchant really got is what its payouts and its book say, and no more than came in for it. */
async function checkPayee(
  office: Office,
  payee: MerchantPayee,
  entries: readonly Entry[],
  payouts: readonly PayoutRow[],
): Promise<string[]> {
  const { world } = office;
  const { merchant, currency, accounts } = payee;
  const numbers = new Set([...accounts.values()].map(({ number }) => number));
  const got = entries
    .filter(({ number }) => number !== null && numbers.has(number))
    .reduce((sum, { amount }) => sum - BigInt(amount), 0n);
  const merchantId = parseId("mch", merchant.id) as Id;
  const own = payouts.filter((one) => one.payeeId === merchantId && one.currency.trim() === currency);
  const arrived = own
    .filter(({ state }) => state === "succeeded")
    .reduce((sum, { amount }) => sum + amount, 0n);
  const booked = await world.ground.cell.db.one<Booked>(BOOKED, [merchantId, currency]);
  const { paidOut = 0n, fees = 0n, left = 0n, claims = 0n } = booked ?? {};
  const faults: string[] = [];
  const say = (what: string) => faults.push(`${merchant.name} in ${currency}: ${what}`);
  if (got !== arrived) say(`the bank has paid it ${got}, its payouts that have succeeded are ${arrived}`);
  if (got !== paidOut) say(`the bank has paid it ${got}, its book says ${paidOut}`);
  const due = (await cameIn(world, payee)) - (await sharedOf(world, payee)) - fees + claims;
  if (got + left !== due) say(`it got ${got} and has ${left}, of ${due} that came in for it, fees taken off`);
  if (got > 0n) counts(office, "a merchant was paid");
  return faults;
}

const IN_OUR_BOOKS = {
  name: "simulation_shared_in_our_books",
  text: `select coalesce(sum(amount - returned_amount), 0)::bigint as shared
   from shares
   where merchant_id = $1
     and currency = $2
     and mode = 'books'
     and state = 'succeeded'`,
};

/** What receivers have of it: as channels have split it, and in our own books. */
async function sharedOf(world: World, { merchant, currency }: MerchantPayee): Promise<bigint> {
  const parameters = [parseId("mch", merchant.id), currency];
  const booked = await world.ground.cell.db.one<{ shared: bigint }>(IN_OUR_BOOKS, parameters);
  let sum = booked?.shared ?? 0n;
  for (const contract of merchant.contracts.filter(passesUs)) {
    if (CONSOLES[contract.channel].currency === currency) sum += await splitAway(world, contract, null);
  }
  return sum;
}

/** Payments less refunds and claims, as the channels' own bills have them. */
async function cameIn(world: World, { merchant, currency }: MerchantPayee): Promise<bigint> {
  let sum = 0n;
  for (const contract of merchant.contracts.filter(passesUs)) {
    if (CONSOLES[contract.channel].currency !== currency) continue;
    sum += await cameThrough(world, contract);
  }
  return sum;
}

const BANK_BALANCES = {
  name: "simulation_bank_balances",
  text: `select code, currency::text, sum(balance)::bigint as balance
   from accounts
   where code in ('bank_reserve', 'bank_own')
   group by code, currency
   order by code, currency`,
};
type BankBalance = { readonly code: string; readonly currency: string; readonly balance: bigint };

/** The books have what the bank has. */
async function checkBalances({ world, bank }: Office, entries: readonly Entry[]): Promise<string[]> {
  const booked = await world.ground.cell.db.all<BankBalance>(BANK_BALANCES);
  return bank.ours.flatMap(({ number, holds, currency, opening }) => {
    const own = entries.filter(({ ref }) => ref.startsWith(`${number}-`));
    const there = own.reduce((sum, { amount }) => sum + BigInt(amount), BigInt(opening));
    const code = `bank_${holds}`;
    const here = booked.find((one) => one.code === code && one.currency.trim() === currency)?.balance ?? 0n;
    return here === there ? [] : [`${code} in ${currency} is ${here}, at the bank it is ${there}`];
  });
}
