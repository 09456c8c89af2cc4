/**
 * Commission on money that does not pass us: channels tell it day by day, finance sends their statements in
 * and says what is owed of the rest; channels pay it on our own account, and two people say whose it is.
 */
import { billsOf } from "./bills.ts";
import type { Chance } from "./chance.ts";
import {
  byLetter,
  CORRECTIONS,
  type CommissionRow,
  corrected,
  fileOf,
  MAPPING,
  MISTAKES,
  mistaken,
  rowsOf,
  sumOf,
} from "./commission-statements.ts";
import { CONSOLES, type Contract } from "./contracts.ts";
import { atTheBank, type Desk, decide, insistOn, list } from "./desk.ts";
import { passesUs } from "./fund-flows.ts";
import { asOperator, type Merchant } from "./merchants.ts";
import type { WorldCurrency } from "./methods.ts";
import { platformUrl, type World } from "./world.ts";

/** A contract whose money does not pass us. */
export type Earning = {
  readonly merchant: Merchant;
  readonly contract: Contract;
  readonly currency: WorldCurrency;
  /** Millionths. */
  readonly rate: number;
};

/** What its channel tells of one day. */
export type ToldDay = {
  readonly earning: Earning;
  readonly date: string;
  /** What it tells first. */
  readonly first: readonly CommissionRow[];
  /** Accepted by the platform, by the numbers that it gave them; the highest counts. */
  readonly versions: Map<number, readonly CommissionRow[]>;
  /** What it tells instead, later on; null: nothing, or it has told. */
  correction: readonly CommissionRow[] | null;
};

/** One entry at the bank. */
export type Paid = {
  readonly items: readonly { readonly earning: Earning; readonly amount: bigint }[];
  readonly currency: WorldCurrency;
  isReceived: boolean;
};

export type Commission = {
  readonly luck: Chance;
  readonly earnings: readonly Earning[];
  readonly days: ToldDay[];
  /** By the bank's reference, once it is there. */
  readonly paid: Map<string, Paid>;
};

export type CommissionDesk = Desk & {
  readonly merchants: readonly Merchant[];
  readonly commission: Commission;
};

const MINUTE_MS = 60_000;
const RATE_MAX = 30_000;

/** Has every such contract's statements read, in calm weather. */
export async function setCommission(world: World, merchants: readonly Merchant[]): Promise<Commission> {
  const luck = world.chance.stream("commission");
  const earnings = merchants.flatMap((merchant) =>
    merchant.contracts
      .filter((contract) => !passesUs(contract))
      .map((contract): Earning => {
        const { currency } = CONSOLES[contract.channel];
        return { merchant, contract, currency, rate: luck.between(1_000, RATE_MAX) };
      }),
  );
  for (const { merchant, currency } of earnings) {
    const path = `/v1/ops/statement_mappings/${mappingOf(currency)}`;
    await asOperator(world, merchant.owner, "PUT", path, { ...MAPPING, currency });
  }
  return { luck, earnings, days: [], paid: new Map() };
}

function mappingOf(currency: WorldCurrency): string {
  return `commission-${currency.toLowerCase()}`;
}

export function counts({ world }: Pick<Desk, "world">, what: string): void {
  world.weather.tally.add("commission", what);
}

/** What the day's current version tells; what will be told first while there is none. */
export function toldOf({ versions, first }: ToldDay): readonly CommissionRow[] {
  return versions.get(Math.max(...versions.keys())) ?? first;
}

/**
 * Reckons the days that are over and have a bill and were not told yet. Nothing else runs meanwhile: the
 * bills are read past the scheduler.
 */
export async function reckonDays({ world, commission }: CommissionDesk): Promise<void> {
  for (const earning of commission.earnings) {
    const { bill, dates } = billsOf(world, earning.contract);
    for (const date of dates.slice(0, -1)) {
      if (commission.days.some((day) => day.earning === earning && day.date === date)) continue;
      const lines = (await bill(date)) ?? [];
      if (lines.length > 0) commission.days.push(dayOf(commission.luck, earning, date, lines));
    }
  }
}

function dayOf(
  luck: Chance,
  earning: Earning,
  date: string,
  lines: NonNullable<Awaited<ReturnType<ReturnType<typeof billsOf>["bill"]>>>,
): ToldDay {
  const right = rowsOf(lines, earning.rate, luck);
  const isMistaken = right.length > 0 && luck.hits(0.4);
  const first = isMistaken ? mistaken(right, lines, luck.pick(MISTAKES), luck) : right;
  const correction = luck.hits(0.5) ? corrected(first, luck.pick(CORRECTIONS), luck) : null;
  return { earning, date, first, versions: new Map(), correction };
}

/** What finance and channels do of it on a payday. */
export async function commissionPayday(desk: CommissionDesk): Promise<void> {
  const { world, bank, commission } = desk;
  const { luck } = commission;
  await Promise.all(
    commission.days.map(async (day) => {
      // Some come when the channel has long paid.
      if (day.versions.size > 0 || luck.hits(0.15)) return;
      await world.sleep(bank.owner, luck.integer(30 * MINUTE_MS));
      await tell(desk, day);
      if (!luck.hits(0.5)) return;
      await world.sleep(bank.owner, luck.integer(20 * MINUTE_MS));
      await correct(desk, day);
    }),
  );
  await acceptRows(desk);
  await pay(desk);
}

/** What finance does of it when the bank's statements are there. */
export async function commissionTurn(desk: CommissionDesk): Promise<void> {
  const { commission } = desk;
  for (const earning of commission.earnings) makeUp(desk, earning);
  for (const day of commission.days) {
    if (day.versions.size === 0) await tell(desk, day);
    // Some while two people say whose it is that was paid for what the version before has told.
    else if (!isExpected(commission, day.earning) || commission.luck.hits(0.5)) await correct(desk, day);
  }
  await acceptRows(desk);
}

/** A channel that has paid more than it tells any more, and which nobody can receive so, tells the rest. */
function makeUp(desk: CommissionDesk, earning: Earning): void {
  const { commission } = desk;
  const owed = owedOf(commission, earning);
  const day = commission.days.findLast((one) => one.earning === earning && one.versions.size > 0);
  if (owed >= 0n || day === undefined || !isExpected(commission, earning)) return;
  counts(desk, "a channel tells what it has paid beyond");
  day.correction = [...toldOf(day), byLetter(-owed, commission.luck)];
}

/** Whether something was paid of it that nobody has received yet. */
function isExpected({ paid }: Commission, earning: Earning): boolean {
  const open = [...paid.values()].filter(({ isReceived }) => !isReceived);
  return open.some(({ items }) => items.some((item) => item.earning === earning));
}

/** Sends in the first version: after one that is refused, twice at once, again. */
async function tell(desk: CommissionDesk, day: ToldDay): Promise<void> {
  const { world, bank, commission } = desk;
  const { luck } = commission;
  if (day.correction !== null && luck.hits(0.15)) {
    counts(desk, "two versions are sent at once");
    await Promise.all([accepted(desk, day, day.first), correct(desk, day)]);
    return;
  }
  if (luck.hits(0.2)) {
    const { status, body } = await send(desk, day, day.first, dayAfter(day.date));
    if (status !== 422 || body.code !== "statement_invalid")
      world.violations.push(`a statement of another day was answered ${status} ${body.code}`);
    counts(desk, "a statement of another day is refused");
  }
  const isTwice = luck.hits(0.25);
  const sent = () => accepted(desk, day, day.first);
  const [version, other = version] = await Promise.all(isTwice ? [sent(), sent()] : [sent()]);
  if (isTwice) counts(desk, "a statement is sent twice at once");
  if (version !== other) world.violations.push(`one statement of ${day.date} is two versions`);
  counts(desk, "a statement is sent");
  if (!luck.hits(0.15)) return;
  await world.sleep(bank.owner, luck.integer(5 * MINUTE_MS));
  if ((await accepted(desk, day, day.first)) !== version)
    world.violations.push(`the same statement of ${day.date} is another version`);
  counts(desk, "a statement is sent again");
}

async function correct(desk: CommissionDesk, day: ToldDay): Promise<void> {
  const { correction } = day;
  if (correction === null) return;
  await accepted(desk, day, correction);
  day.correction = null;
  counts(desk, "a corrected statement is sent");
}

/** The number of the version that it is now. */
async function accepted(
  desk: CommissionDesk,
  day: ToldDay,
  rows: readonly CommissionRow[],
): Promise<number | null> {
  const { status, body } = await send(desk, day, rows, day.date);
  if (status !== 200 && status !== 201) {
    desk.world.violations.push(`the statement of ${day.date} was answered ${status} ${body.code}`);
    return null;
  }
  day.versions.set(body.version, rows);
  return body.version;
}

function send(
  desk: CommissionDesk,
  { earning, date }: ToldDay,
  rows: readonly CommissionRow[],
  toldDate: string,
) {
  const { contract, currency } = earning;
  const path = `/v1/ops/channel_accounts/${contract.accountId}/statements/${date}`;
  const request = {
    method: "POST",
    url: platformUrl(`${path}?kind=commission&mapping=${mappingOf(currency)}`),
    headers: {
      authorization: `Bearer ${desk.world.operatorKey}`,
      "content-type": "application/octet-stream",
    },
    body: fileOf(toldDate, rows),
  } as const;
  return insistOn(desk, request, path);
}

function dayAfter(date: string): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10);
}

/** Whether a channel does owe a row that was not booked by itself. */
export function isAcceptable(
  { days }: Commission,
  earning: Earning,
  row: { readonly number: string; readonly amount: bigint; readonly reason: string | null },
): boolean {
  const told = days.filter((day) => day.earning === earning && day.versions.size > 0).flatMap(toldOf);
  const isOwed = told.some((one) => one.isOwed && one.number === row.number && one.amount === row.amount);
  return isOwed && row.reason !== "repeated";
}

const LETTER = { evidence: "The channel's letter, in the file" };

/** Two people accept what the channel does owe, though no payment of ours has its number. */
async function acceptRows(desk: CommissionDesk): Promise<void> {
  const { commission } = desk;
  for (const earning of commission.earnings) {
    const { accountId } = earning.contract;
    const unmatched = `/v1/ops/commissions?channel_account=${accountId}&state=unmatched&limit=100`;
    for (const row of await list(desk, unmatched)) {
      if (!isAcceptable(commission, earning, { ...row, amount: BigInt(row.amount) })) continue;
      const accepted = await decide(desk, "POST", `/v1/ops/commissions/${row.id}/accept`, LETTER);
      counts(desk, `a row is accepted: ${accepted}`);
    }
  }
}

/** What the channel has told of a contract, less what it has paid. */
function owedOf({ days, paid }: Commission, earning: Earning): bigint {
  const own = days.filter((day) => day.earning === earning);
  const told = own.reduce((sum, day) => sum + sumOf(toldOf(day)), 0n);
  const items = [...paid.values()].flatMap((one) => one.items.filter((item) => item.earning === earning));
  return items.reduce((sum, { amount }) => sum - amount, told);
}

/** Channels pay what they have told, all of it or a part, of one contract or several. */
async function pay(desk: CommissionDesk): Promise<void> {
  const { world, commission } = desk;
  const { luck, earnings } = commission;
  // Where something lies in wait for it, it is to come by, and more than once.
  const isSure = world.weather.isBadFor("commission");
  const items = earnings.flatMap((earning) => {
    const owed = owedOf(commission, earning);
    if (owed <= 0n || (luck.hits(0.1) && !isSure)) return [];
    const amount = luck.hits(0.25) ? BigInt(luck.between(1, Number(owed))) : owed;
    return [{ earning, amount }];
  });
  for (const own of Map.groupBy(items, ({ earning }) => earning.currency).values()) {
    const isOne = own.length > 1 && luck.hits(0.5) && !isSure;
    if (isOne) counts(desk, "commission of several contracts in one transfer");
    for (const part of isOne ? [own] : own.map((item) => [item])) await transfer(desk, part);
  }
}

async function transfer(desk: CommissionDesk, items: Paid["items"]): Promise<void> {
  const { bank, commission } = desk;
  const { currency } = (items[0] as Paid["items"][number]).earning;
  const account = bank.ours.find((one) => one.holds === "own" && one.currency === currency);
  const amount = sumOf(items);
  const credit = { account: account?.number, amount: Number(amount), name: "The channel" };
  const { body } = await atTheBank(desk, "channel pays commission", "/bank/credit", credit);
  commission.paid.set(body.ref, { items, currency, isReceived: false });
}

/** What a contract is told at most, whichever versions are read. */
function mostOf(days: readonly ToldDay[], earning: Earning): number {
  const own = days.filter((day) => day.earning === earning);
  const most = own.map(({ first, correction, versions }) => {
    const all = [first, correction ?? [], ...versions.values()];
    return Math.max(...all.map((rows) => Number(sumOf(rows.filter(({ amount }) => amount > 0n)))));
  });
  return most.reduce((sum, one) => sum + one, 0);
}

type Entry = { readonly connection: string; readonly entry_ref: string };

function wishOf(entry: Entry, items: Paid["items"]) {
  return {
    ...entry,
    evidence: "The bank's advice, in the file",
    commissions: items.map(({ earning, amount }) => ({
      channel_account: earning.contract.accountId,
      amount: Number(amount),
    })),
  };
}

const RECEIPTS = "/v1/ops/commission_receipts";

/** Two people say whose commission an entry is; nothing where it is none. */
export async function receive(desk: CommissionDesk, entry: Entry): Promise<void> {
  const { luck, paid: all } = desk.commission;
  const paid = all.get(entry.entry_ref);
  if (paid === undefined) return;
  if (luck.hits(0.5)) await receiveTooMuch(desk, entry, paid);
  const isTwice = luck.hits(0.3);
  const one = () => decide(desk, "POST", RECEIPTS, wishOf(entry, paid.items));
  const ends = await Promise.all(isTwice ? [one(), one()] : [one()]);
  if (isTwice) counts(desk, "a receipt is proposed twice at once");
  for (const end of ends) counts(desk, `a receipt: ${end}`);
  if (ends.includes("carried_out")) paid.isReceived = true;
}

/** All of it is said to be of one contract, which is never told so much: that is refused. */
async function receiveTooMuch(desk: CommissionDesk, entry: Entry, { items }: Paid): Promise<void> {
  const amount = sumOf(items);
  const { days } = desk.commission;
  const earning = items.map((item) => item.earning).find((one) => mostOf(days, one) < amount);
  if (earning === undefined) return;
  const end = await decide(desk, "POST", RECEIPTS, wishOf(entry, [{ earning, amount }]));
  if (end !== "conflict") desk.world.violations.push(`more commission than was told is received: ${end}`);
  counts(desk, `more than was told: ${end}`);
}
