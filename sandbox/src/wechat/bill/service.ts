import { beijingDate, beijingDayStart, dayMs, hourMs } from "../../china/beijing.ts";
import { armedFaults, asFaultsShow } from "../../faults/index.ts";
import type { StoreTx } from "../../store/index.ts";
import type { WechatDeps } from "../context.ts";
import { settleTime } from "../machine/order.ts";
import { findRefund } from "../machine/refund.ts";
import { type Bill, type BookEntry, bills, book, type Merchant, orders } from "../model.ts";
import { wechatTwists } from "./disagree.ts";
import { balanceAfter, type FundMovement, movementsOf } from "./funds.ts";

/** A day's bill is there from nine in the morning of the next day. */
const billHourMs = 9 * hourMs;
const bookPageSize = 500;

/** Publishes a merchant's trade bill of a day as far as the day has come, in place of an earlier one. */
export function publishBill(deps: WechatDeps, merchant: Merchant, date: string): Promise<Bill> {
  return deps.store.transaction((tx) => publish(deps, tx, merchant, date));
}

export type BillFound = { bill: Bill } | { none: "creating" | "empty" };

/**
 * The bill that WeChat Pay would hand out now: what was published, or after nine the next morning the whole
 * day's. A day on which nothing happened has none.
 */
export function billOfDay(deps: WechatDeps, merchant: Merchant, date: string): Promise<BillFound> {
  const now = deps.clock.now();
  const dayEnd = new Date(beijingDayStart(date)!.getTime() + dayMs);
  const wholeDay = now.getTime() >= dayEnd.getTime() + billHourMs;
  return deps.store.transaction(async (tx): Promise<BillFound> => {
    const published = await tx.get(bills, billId(merchant.mchid, date));
    if (published && (!wholeDay || published.publishedAt >= dayEnd)) return { bill: published };
    if (!wholeDay) return { none: now >= dayEnd ? "creating" : "empty" };
    return { bill: await publish(deps, tx, merchant, date) };
  });
}

export type FundsFound = { movements: FundMovement[] } | { none: "creating" | "empty" };

/**
 * What moved on the merchant's basic account on a day whose trade bill is there, up to when that was
 * published, as it truly was: no fault shows here. The account began with nothing.
 */
export async function fundsOfDay(deps: WechatDeps, merchant: Merchant, date: string): Promise<FundsFound> {
  const found = await billOfDay(deps, merchant, date);
  if ("none" in found) return found;
  const { publishedAt } = found.bill;
  return deps.store.transaction(async (tx): Promise<FundsFound> => {
    const entriesOn = async (day: string) =>
      asOfNow(tx, await entriesOf(tx, merchant.mchid, day), deps.clock.now());
    const entries = (await entriesOn(date)).filter(({ at }) => at <= publishedAt);
    return { movements: movementsOf(entries, await balanceBefore(merchant, date, entriesOn)) };
  });
}

/** What the account has at an instant. */
export async function balanceAt(tx: StoreTx, merchant: Merchant, now: Date): Promise<bigint> {
  const date = beijingDate(now);
  const entriesOn = async (day: string) => asOfNow(tx, await entriesOf(tx, merchant.mchid, day), now);
  const entries = (await entriesOn(date)).filter(({ at }) => at <= now);
  return balanceAfter(entries, await balanceBefore(merchant, date, entriesOn));
}

async function balanceBefore(
  merchant: Merchant,
  date: string,
  entriesOn: (day: string) => Promise<BookEntry[]>,
): Promise<bigint> {
  let before = 0n;
  for (let day = beijingDate(merchant.createdAt); day < date; day = nextDate(day)) {
    before = balanceAfter(await entriesOn(day), before);
  }
  return before;
}

function nextDate(date: string): string {
  return beijingDate(new Date(beijingDayStart(date)!.getTime() + dayMs));
}

async function publish(deps: WechatDeps, tx: StoreTx, merchant: Merchant, date: string): Promise<Bill> {
  const { mchid, appid } = merchant;
  const armed = await armedFaults(tx, deps.random);
  const moved = await asOfNow(tx, await entriesOf(tx, mchid, date), deps.clock.now());
  const entries = moved.filter(({ kind }) => kind === "payment" || kind === "refund");
  const whole = { outTradeNo: null, appId: appid, mchid, method: "bill" };
  const { rows, movedToNextDay } = await asFaultsShow(armed, wechatTwists(deps.random), whole, entries);
  for (const moved of movedToNextDay) await tx.update(book, moved);
  const bill: Bill = { id: billId(mchid, date), mchid, date, publishedAt: deps.clock.now(), rows };
  if (!(await tx.insert(bills, bill))) await tx.update(bills, bill);
  return bill;
}

/** The entries with how far their refunds have come. */
async function asOfNow(tx: StoreTx, entries: BookEntry[], now: Date): Promise<BookEntry[]> {
  const shown: BookEntry[] = [];
  for (const entry of entries) {
    const order = entry.kind === "refund" ? await tx.get(orders, entry.orderId) : undefined;
    const refund = order && findRefund(settleTime(order, now).order, entry.outRefundNo);
    const refundedAt = refund?.status === "SUCCESS" ? refund.settlesAt : null;
    shown.push(refund ? { ...entry, refundStatus: refund.status, refundedAt } : entry);
  }
  return shown;
}

/** The day's movements in the order in which they happened. */
async function entriesOf(tx: StoreTx, mchid: string, date: string): Promise<BookEntry[]> {
  const entries: BookEntry[] = [];
  let cursor: string | null = null;
  do {
    const page: { records: BookEntry[]; cursor: string | null } = await tx.list(book, {
      group: `${mchid}/${date}`,
      limit: bookPageSize,
      cursor,
    });
    entries.push(...page.records);
    cursor = page.cursor;
  } while (cursor !== null);
  return entries.reverse().sort((a, b) => a.at.getTime() - b.at.getTime());
}

function billId(mchid: string, date: string): string {
  return `${mchid}/${date}`;
}
