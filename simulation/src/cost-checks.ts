/**
 * What our own account has really paid for channels' costs and got back, held against the months in the
 * books, and what the books owe channels, held against their own bills.
 */
import { formatId, type Id, parseId } from "../../server/src/kernel/ids.ts";
import { type Entry, entriesOf } from "./bank-checks.ts";
import { feesOf } from "./bills.ts";
import type { Contract } from "./contracts.ts";
import type { Cost, Minimum } from "./costs.ts";
import { counts } from "./desk.ts";
import type { Office } from "./payday.ts";
import { dateIn } from "./world.ts";

const PAID = {
  name: "simulation_costs_paid",
  text: `select i.channel_account_id, i.month::text, sum(i.merchant_amount)::bigint as of_merchant,
     sum(i.minimum_amount)::bigint as of_minimum
   from channel_cost_items i
   join channel_cost_payments p on p.id = i.payment_id
   where p.returned_at is null
   group by i.channel_account_id, i.month
   order by i.channel_account_id, i.month`,
};
type Paid = {
  readonly channelAccountId: Id;
  readonly month: string;
  readonly ofMerchant: bigint;
  readonly ofMinimum: bigint;
};

const OWED = {
  name: "simulation_costs_owed",
  text: `select coalesce(sum(-a.balance) filter (where b.kind = 'merchant'), 0)::bigint as of_merchant,
     coalesce(sum(-a.balance) filter (where b.kind = 'platform'), 0)::bigint as of_minimum,
     (
       select coalesce(sum(greatest(minimum - cost, 0)), 0)
       from channel_cost_minimums
       where channel_account_id = $1
     )::bigint as gap,
     (
       select count(*)
       from channel_cost_minimums
       where channel_account_id = $1
         and minimum = $2
     ) as months
   from accounts a
   join books b on b.id = a.book_id
   where a.code = 'channel_cost_payable'
     and a.channel_account_id = $1`,
};
type Owed = {
  readonly ofMerchant: bigint;
  readonly ofMinimum: bigint;
  readonly gap: bigint;
  readonly months: bigint;
};

/** Every violation, a sentence each. */
export async function checkCosts(office: Office, minimums: readonly Minimum[]): Promise<readonly string[]> {
  const { world, merchants } = office;
  const paid = await world.ground.cell.db.all<Paid>(PAID);
  const found = unlike(paid, paidAtTheBank(office, await entriesOf(office)));
  for (const contract of merchants.flatMap(({ contracts }) => contracts)) {
    const minimum = minimums.find((one) => one.contract === contract) ?? null;
    if (contract.isGross || minimum !== null)
      found.push(...(await faultsOf(office, contract, minimum, paid)));
  }
  return found;
}

/** By account and month, of debits that were not sent back. */
function paidAtTheBank({ known }: Office, entries: readonly Entry[]): readonly Cost[] {
  const refs = new Set(entries.map(({ ref }) => ref));
  const back = new Set(
    [...known].flatMap(([ref, entry]) =>
      entry.is === "costs_returned" && refs.has(ref) ? [entry.debit] : [],
    ),
  );
  return [...known].flatMap(([ref, entry]) =>
    entry.is === "costs" && refs.has(ref) && !back.has(ref) ? entry.costs : [],
  );
}

function unlike(paid: readonly Paid[], costs: readonly Cost[]): string[] {
  const here = paid.map(({ channelAccountId, month, ofMerchant, ofMinimum }) => {
    const sum = ofMerchant + ofMinimum;
    return `${formatId("cha", channelAccountId)} ${month.slice(0, "yyyy-mm".length)} ${sum}`;
  });
  const there = [...Map.groupBy(costs, (cost) => `${cost.channel_account} ${cost.month}`)].map(
    ([place, own]) => `${place} ${own.reduce((sum, { amount }) => sum + amount, 0)}`,
  );
  const [ours, theirs] = [here.sort().join(", "), there.sort().join(", ")];
  return ours === theirs ? [] : [`costs paid at the bank are ${theirs || "none"}, booked ${ours || "none"}`];
}

async function faultsOf(
  office: Office,
  contract: Contract,
  minimum: Minimum | null,
  paid: readonly Paid[],
): Promise<string[]> {
  const { world } = office;
  const id = parseId("cha", contract.accountId) as Id;
  const own = paid.filter(({ channelAccountId }) => channelAccountId === id);
  const ofMerchant = own.reduce((sum, month) => sum + month.ofMerchant, 0n);
  const ofMinimum = own.reduce((sum, month) => sum + month.ofMinimum, 0n);
  if (ofMerchant > 0n) counts(office, "a gross contract's costs were paid");
  if (ofMinimum > 0n) counts(office, "a month's minimum was paid");
  const owed = await world.ground.cell.db.one<Owed>(OWED, [id, minimum?.minimum ?? 0]);
  if (owed === null) return [];
  const faults: string[] = [];
  const say = (what: string) => faults.push(`${contract.channel} ${contract.number}: ${what}`);
  const { charged, rounded } = contract.isGross
    ? await feesOf(world, contract)
    : { charged: 0n, rounded: 0n };
  const off = owed.ofMerchant + ofMerchant - charged;
  if (off > rounded || -off > rounded) {
    say(`it has billed ${charged} apart, ${ofMerchant} of it is paid and ${owed.ofMerchant} is owed`);
  }
  if (owed.ofMinimum + ofMinimum !== owed.gap) {
    say(`months were ${owed.gap} short of minimums, ${ofMinimum} of it is paid and ${owed.ofMinimum} owed`);
  }
  const most = BigInt(minimum?.minimum ?? 0);
  if (owed.gap < 0n || owed.gap > most) say(`a month of at least ${most} was found ${owed.gap} short`);
  // Some were set when midnight had passed: their month goes on.
  const isOver = minimum?.month === dateIn(world.begunAt, 0).slice(0, "yyyy-mm".length);
  if (isOver && world.endsMonth && owed.months === 0n) say("its month was never worked out");
  return faults;
}
