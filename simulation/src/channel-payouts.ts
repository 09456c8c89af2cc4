/**
 * What channels pay out: after a channel's day is over, what its bills come to arrives on our account, by the
 * payer that its contract names; and finance announces it, as nothing else tells of it.
 */
import { billsOf } from "./bills.ts";
import type { Chance } from "./chance.ts";
import { type ChannelName, CONSOLES, type Contract } from "./contracts.ts";
import { atTheBank, counts, type Desk, decide } from "./desk.ts";
import { passesUs } from "./fund-flows.ts";
import type { Merchant } from "./merchants.ts";
import type { WorldCurrency } from "./methods.ts";
import { splitAway } from "./splits.ts";
import type { World } from "./world.ts";

/** One contract's part of what a channel transfers. */
export type Part = {
  readonly contract: Contract;
  readonly currency: WorldCurrency;
  readonly payoutNo: string;
  /** Minor units, above 0. */
  readonly amount: number;
  readonly from: string;
  readonly through: string;
  readonly announcedDate: string;
};

/** One entry at the bank. */
export type Transfer = {
  readonly parts: readonly Part[];
  readonly payer: string;
  /** What the bank says beside; null: nothing. */
  readonly info: string | null;
  /** What arrives: banks round. */
  readonly amount: number;
  readonly arrivesAfterMs: number;
  /** Relative to the same moment; some are announced when they have long been there. */
  readonly announcedAfterMs: number;
  /** The bank's reference, once it is there. */
  ref: string | null;
  isAnnounced: boolean;
};

/** As banks' statements name them. */
const PAYERS: Readonly<Record<ChannelName, string>> = {
  alipay: "支付宝（中国）网络技术有限公司",
  stripe: "Stripe Payments Europe Ltd",
  unionpay: "中国银联股份有限公司",
  wechat: "财付通支付科技有限公司",
};

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const BEIJING_MS = 8 * HOUR_MS;

/** What each contract was paid for through which date. */
export type PaidThrough = Map<string, string>;

/** Plans the transfers of all days that have a bill and are not paid for yet. Nothing else runs meanwhile. */
export async function planTransfers(
  world: World,
  merchants: readonly Merchant[],
  paidThrough: PaidThrough,
  luck: Chance,
): Promise<readonly Transfer[]> {
  const parts: Part[] = [];
  for (const { contracts } of merchants) {
    for (const contract of contracts.filter(passesUs)) {
      const part = await owed(world, contract, paidThrough);
      if (part !== null) parts.push(part);
    }
  }
  return CHANNEL_NAMES.flatMap((channel) => {
    const own = parts.filter(({ contract }) => contract.channel === channel);
    if (own.length > 1 && luck.hits(0.5)) return [transferOf(world, own, luck)];
    return own.map((part) => transferOf(world, [part], luck));
  });
}

const CHANNEL_NAMES = Object.keys(PAYERS) as readonly ChannelName[];

/** A day on which more went back than came in is taken out of the next. */
async function owed(world: World, contract: Contract, paidThrough: PaidThrough): Promise<Part | null> {
  const { bill, dates } = billsOf(world, contract);
  const paid = paidThrough.get(contract.accountId) ?? "";
  let [amount, from, through] = [0n, "", ""];
  // The last of them is not over.
  const ended = dates.slice(0, -1);
  for (const date of ended.filter((one) => one > paid)) {
    const lines = await bill(date);
    // Of a day without trade there is none; the newest may still be made.
    if (lines === null && date === ended.at(-1)) break;
    if (lines === null) continue;
    amount += lines.reduce((sum, line) => sum + line.settleAmount - (contract.isGross ? 0n : line.fee), 0n);
    amount -= await splitAway(world, contract, date);
    if (from === "") from = date;
    through = date;
  }
  if (amount <= 0n) return null;
  paidThrough.set(contract.accountId, through);
  const announcedDate = new Date(world.scheduler.now().getTime() + BEIJING_MS).toISOString().slice(0, 10);
  const payoutNo = `${contract.channel}-${contract.number}-${through}`;
  const { currency } = CONSOLES[contract.channel];
  return { contract, currency, payoutNo, amount: Number(amount), from, through, announcedDate };
}

function transferOf(world: World, parts: readonly Part[], luck: Chance): Transfer {
  const [first] = parts as [Part, ...Part[]];
  const sum = parts.reduce((total, { amount }) => total + amount, 0);
  const offs = luck.hits(0.5) ? luck.between(-parts.length, parts.length) : 0;
  const off = parts.length > 1 && sum + offs > 0 ? offs : 0;
  const isNamed = parts.length === 1 && luck.hits(0.3);
  const when = luck.weighed({ soon: 17, late: 2 });
  const arrivesAfterMs = when === "soon" ? luck.integer(HOUR_MS) : luck.between(1, 2) * DAY_MS;
  const told = luck.weighed({ soon: 8, afterwards: 1 });
  const names = { many: parts.length > 1, off: off !== 0, named: isNamed, late: when === "late" };
  for (const [name, is] of Object.entries(names)) {
    if (is) counts({ world }, `a channel's payout: ${name}`);
  }
  counts({ world }, `a channel's payout told ${told}`);
  return {
    parts,
    payer: isNamed ? "CLEARING A/C" : PAYERS[first.contract.channel],
    info: isNamed ? `payout ${first.payoutNo}` : null,
    amount: sum + off,
    arrivesAfterMs,
    announcedAfterMs: told === "soon" ? luck.integer(HOUR_MS) : arrivesAfterMs + DAY_MS,
    ref: null,
    isAnnounced: false,
  };
}

/** The money comes to the bank. */
export async function arrive(desk: Desk, transfer: Transfer): Promise<void> {
  const { world, bank } = desk;
  await world.sleep(bank.owner, transfer.arrivesAfterMs);
  const { currency } = transfer.parts[0] as Part;
  const account = bank.ours.find((one) => one.holds === "reserve" && one.currency === currency);
  const { amount, payer, info } = transfer;
  const credit = { account: account?.number, amount, name: payer, ...(info === null ? {} : { info }) };
  const { status, body } = await atTheBank(desk, "channel pays out", "/bank/credit", credit);
  if (status !== 201) world.violations.push(`the bank takes no money: ${status}`);
  transfer.ref = body.ref;
}

/** Finance tells the platform of it, by two people. */
export async function announce(desk: Desk, transfer: Transfer): Promise<void> {
  const { world, bank } = desk;
  await world.sleep(bank.owner, transfer.announcedAfterMs);
  for (const part of transfer.parts) {
    const outcome = await decide(desk, "POST", "/v1/ops/channel_payouts", {
      channel_account: part.contract.accountId,
      payout_no: part.payoutNo,
      amount: part.amount,
      currency: part.currency,
      covers_from: part.from,
      covers_through: part.through,
      announced_date: part.announcedDate,
      payer: transfer.payer,
    });
    if (outcome !== "carried_out")
      world.violations.push(`the payout ${part.payoutNo} was announced: ${outcome}`);
  }
  transfer.isAnnounced = true;
}
