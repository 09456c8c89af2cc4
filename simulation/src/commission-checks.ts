/**
 * Commission at rest: what channels tell, reckoned from their bills past the platform, is what its books say
 * of it, less what the bank has really got; and of money that does not pass us they hold nothing else.
 */
import { type Id, parseId } from "../../server/src/kernel/ids.ts";
import { billsOf } from "./bills.ts";
import { type CommissionDesk, type Earning, isAcceptable, reckonDays, toldOf } from "./commission.ts";
import { sumOf } from "./commission-statements.ts";
import { passesUs } from "./fund-flows.ts";
import type { Merchant } from "./merchants.ts";
import type { World } from "./world.ts";

const ROWS = {
  name: "simulation_commission_rows",
  text: `select number, amount, state, reason
   from commission_rows
   where channel_account_id = $1
     and state <> 'withdrawn'
   order by id`,
};
type Row = {
  readonly number: string;
  readonly amount: bigint;
  readonly state: string;
  readonly reason: string | null;
};

const BOOKED = {
  name: "simulation_commission_booked",
  text: `select coalesce(sum(e.amount) filter (where a.code = 'commission_receivable'), 0)::bigint as owed,
     coalesce(-sum(e.amount) filter (
       where a.code = 'fee_income'
         and exists (
           select
           from commission_rows r
           where r.id = j.source_id
         )
     ), 0)::bigint as earned
   from books b
   join accounts a on a.book_id = b.id
   join entries e on e.account_id = a.id
   join journals j on j.id = e.journal_id
   where b.owner_id = $1
     and a.currency = $2`,
};
type Booked = { readonly owed: bigint; readonly earned: bigint };

const RECEIPTS = {
  name: "simulation_commission_receipts",
  text: `select r.entry_ref, i.channel_account_id, i.amount
   from commission_receipts r
   join commission_receipt_items i on i.receipt_id = r.id
   order by r.entry_ref, i.channel_account_id`,
};
type Receipt = { readonly entryRef: string; readonly channelAccountId: Id; readonly amount: bigint };

// Commission has journals of its own, which bear the contract's id too.
const HELD = {
  name: "simulation_held_of_direct",
  text: `select j.kind, a.code, sum(abs(e.amount))::bigint as amount
   from journals j
   join entries e on e.journal_id = j.id
   join accounts a on a.id = e.account_id
   where j.channel_account_id = any($1::uuid[])
     and a.code not like 'memo\\_%'
     and not exists (
       select
       from commission_rows r
       where r.id = j.source_id
     )
   group by j.kind, a.code
   order by j.kind, a.code`,
};
const HELD_OF_MERCHANT = {
  name: "simulation_held_of_direct_merchant",
  text: `select j.kind, a.code, sum(abs(e.amount))::bigint as amount
   from books b
   join accounts a on a.book_id = b.id
   join entries e on e.account_id = a.id
   join journals j on j.id = e.journal_id
   where b.owner_id = $1
     and a.code not like 'memo\\_%'
     and j.kind <> 'commission_received'
     and not exists (
       select
       from commission_rows r
       where r.id = j.source_id
     )
   group by j.kind, a.code
   order by j.kind, a.code`,
};
type Held = { readonly kind: string; readonly code: string; readonly amount: bigint };

const CHARGED = {
  name: "simulation_charged_of_direct",
  text: `select id
   from attempts
   where channel_account_id = any($1::uuid[])
     and (fee_amount <> 0 or cost_amount <> 0 or partner_amount <> 0)
   order by id`,
};

/** Whether something of it is yet to be told, accepted or received. */
export async function isCommissionUnderWay(desk: CommissionDesk): Promise<boolean> {
  const { earnings, days, paid } = desk.commission;
  if (earnings.length === 0) return false;
  await reckonDays(desk);
  if (days.some(({ versions, correction }) => versions.size === 0 || correction !== null)) return true;
  if ([...paid.values()].some(({ isReceived }) => !isReceived)) return true;
  for (const earning of earnings) {
    const rows = await desk.world.ground.cell.db.all<Row>(ROWS, [accountOf(earning)]);
    const waits = (row: Row) => row.state === "unmatched" && isAcceptable(desk.commission, earning, row);
    if (rows.some(waits)) return true;
  }
  return false;
}

/** Every violation, a sentence each. */
export async function checkCommission(desk: CommissionDesk): Promise<readonly string[]> {
  const { world, commission, merchants } = desk;
  const found = [...(await wrongRows(desk)), ...(await wrongReceipts(desk))];
  for (const earning of commission.earnings) found.push(...(await untold(desk, earning)));
  for (const merchant of merchants) {
    for (const currency of merchant.currencies) found.push(...(await wrongBooks(desk, merchant, currency)));
    found.push(...(await wronglyHeld(world, merchant)));
  }
  return found;
}

const accountOf = ({ contract }: Earning) => parseId("cha", contract.accountId) as Id;

/** Each row that is owed is booked once, and a mistake of the channel's is a difference. */
async function wrongRows({ world, commission }: CommissionDesk): Promise<readonly string[]> {
  const found: string[] = [];
  for (const earning of commission.earnings) {
    const days = commission.days.filter((day) => day.earning === earning && day.versions.size > 0);
    const told = days.flatMap(toldOf).map(({ number, amount, isOwed }) => ({
      number,
      amount,
      state: isOwed ? "matched" : "unmatched",
    }));
    const booked = await world.ground.cell.db.all<Row>(ROWS, [accountOf(earning)]);
    const shown = (rows: readonly Omit<Row, "reason">[]) =>
      rows.map(({ number, amount, state }) => `${number} ${amount} ${state}`);
    const of = `the commission of ${earning.contract.channel} of ${earning.merchant.name}`;
    const [theirs, ours] = [shown(told), shown(booked)];
    for (const row of without(theirs, ours)) found.push(`${of} is told as ${row}, and is not here`);
    for (const row of without(ours, theirs)) found.push(`${of} is here as ${row}, and is not told`);
  }
  return found;
}

/** Those of `all` that `others` has not, each as often as it is there. */
function without(all: readonly string[], others: readonly string[]): readonly string[] {
  const left = [...others];
  return all.filter((one) => {
    const at = left.indexOf(one);
    if (at !== -1) left.splice(at, 1);
    return at === -1;
  });
}

/** Each payment of commission at the bank is received once, for the contracts that it is for. */
async function wrongReceipts({ world, commission }: CommissionDesk): Promise<readonly string[]> {
  const receipts = await world.ground.cell.db.all<Receipt>(RECEIPTS);
  const ours = receipts.map((row) => `${row.entryRef} ${row.channelAccountId} ${row.amount}`);
  const theirs = [...commission.paid].flatMap(([ref, { items }]) =>
    items.map(({ earning, amount }) => `${ref} ${accountOf(earning)} ${amount}`),
  );
  const [paid, received] = [theirs.sort().join(", "), ours.sort().join(", ")];
  const found = paid === received ? [] : [`commission paid is ${paid}, received ${received}`];
  for (const [ref, { isReceived }] of commission.paid) {
    if (!isReceived) found.push(`finance was never told that the commission ${ref} was received`);
  }
  return found;
}

/** Every day of the channel that has a bill was told. */
async function untold(desk: CommissionDesk, earning: Earning): Promise<readonly string[]> {
  const { bill, dates } = billsOf(desk.world, earning.contract);
  const told = new Set(desk.commission.days.filter((day) => day.earning === earning).map(({ date }) => date));
  const found: string[] = [];
  for (const date of dates.slice(0, -1)) {
    if (!told.has(date) && ((await bill(date)) ?? []).length > 0)
      found.push(`the commission of ${date} was never told`);
  }
  return found;
}

async function wrongBooks(
  { world, commission }: CommissionDesk,
  merchant: Merchant,
  currency: string,
): Promise<readonly string[]> {
  const isOwn = (earning: Earning) => earning.merchant === merchant && earning.currency === currency;
  const told = commission.days
    .filter((day) => isOwn(day.earning))
    .reduce((sum, day) => sum + sumOf(toldOf(day)), 0n);
  const paid = [...commission.paid.values()]
    .flatMap(({ items }) => items)
    .reduce((sum, { earning, amount }) => sum + (isOwn(earning) ? amount : 0n), 0n);
  const booked = await world.ground.cell.db.one<Booked>(BOOKED, [parseId("mch", merchant.id), currency]);
  const { owed = 0n, earned = 0n } = booked ?? {};
  const found: string[] = [];
  const say = (what: string) => found.push(`${merchant.name} in ${currency}: ${what}`);
  if (owed !== told - paid) say(`channels owe ${told - paid} of commission, by the books ${owed}`);
  if (earned !== told) say(`channels tell ${told} of commission, its income is ${earned}`);
  return found;
}

/** Of money that does not pass us the books hold no more than what is memorized, and charge nothing. */
async function wronglyHeld(world: World, merchant: Merchant): Promise<readonly string[]> {
  const { db } = world.ground.cell;
  const direct = merchant.contracts.filter((contract) => !passesUs(contract));
  const accounts = direct.map(({ accountId }) => parseId("cha", accountId));
  const held = await db.all<Held>(HELD, [accounts]);
  if (direct.length === merchant.contracts.length) {
    held.push(...(await db.all<Held>(HELD_OF_MERCHANT, [parseId("mch", merchant.id)])));
  }
  const charged = await db.all<{ readonly id: Id }>(CHARGED, [accounts]);
  return [
    ...held.map(
      ({ kind, code, amount }) =>
        `${merchant.name}: ${kind} moved ${amount} on ${code}, of money that does not pass us`,
    ),
    ...charged.map(({ id }) => `${id} is charged for, though its money does not pass us`),
  ];
}
