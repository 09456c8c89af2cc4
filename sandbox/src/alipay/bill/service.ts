import iconv from "iconv-lite";
import { beijingDate, beijingDayStart, dayMs, formatBeijing, hourMs } from "../../china/beijing.ts";
import { dosTimestamp, zip } from "../../china/zip.ts";
import { armedFaults, asFaultsShow } from "../../faults/index.ts";
import type { StoreReader, StoreTx } from "../../store/index.ts";
import type { AlipayDeps } from "../context.ts";
import { type App, apps, type Bill, type BookEntry, bills, book } from "../model.ts";
import { type BillPeriod, billAccount, detailText, summaryText } from "./csv.ts";
import { alipayTwists } from "./disagree.ts";
import { balanceAfter, fundsSummaryText, fundsText, movementsOf } from "./funds.ts";

/** A day's bill is there from nine in the morning of the next day. */
const billHourMs = 9 * hourMs;
/** A month's bill is there from the third of the next month. */
const monthBillAfterMs = 2 * dayMs + billHourMs;
const bookPageSize = 500;
const appsMax = 10_000;

/** Publishes the bill of one seller's day as far as the day has come, in place of an earlier one. */
export function publishBill(deps: AlipayDeps, sellerId: string, appId: string, date: string): Promise<Bill> {
  return deps.store.transaction((tx) => publish(deps, tx, sellerId, appId, date));
}

/**
 * The bill that Alipay would hand out now: what was published, or after nine the next morning the whole
 * day's. Undefined when there is none: the day is not over, or nothing happened on it.
 */
async function billOfDay(
  deps: AlipayDeps,
  sellerId: string,
  appId: string,
  date: string,
): Promise<Bill | undefined> {
  const dayStart = beijingDayStart(date);
  if (!dayStart) return undefined;
  const dayEnd = new Date(dayStart.getTime() + dayMs);
  const wholeDay = deps.clock.now().getTime() >= dayEnd.getTime() + billHourMs;
  return deps.store.transaction(async (tx) => {
    const published = await tx.get(bills, billId(sellerId, date));
    if (published && (!wholeDay || published.publishedAt >= dayEnd)) return published;
    if (!wholeDay) return undefined;
    const entries = await entriesOf(tx, sellerId, date);
    return entries.length > 0 ? publish(deps, tx, sellerId, appId, date) : undefined;
  });
}

/**
 * The lines of a whole month, from the third of the next one; undefined when it is too early or nothing
 * happened.
 */
async function billOfMonth(
  deps: AlipayDeps,
  sellerId: string,
  appId: string,
  month: string,
): Promise<{ period: BillPeriod; rows: BookEntry[] } | undefined> {
  const start = beijingDayStart(`${month}-01`);
  if (!start) return undefined;
  const days: string[] = [];
  let end = start;
  for (; beijingDate(end).startsWith(month); end = new Date(end.getTime() + dayMs))
    days.push(beijingDate(end));
  if (deps.clock.now().getTime() < end.getTime() + monthBillAfterMs) return undefined;
  const rows: BookEntry[] = [];
  for (const day of days) rows.push(...((await billOfDay(deps, sellerId, appId, day))?.rows ?? []));
  return rows.length > 0 ? { period: { sellerId, start, end }, rows } : undefined;
}

/** The days of a bill. */
function periodOf(bill: Bill): BillPeriod {
  const start = beijingDayStart(bill.date)!;
  return { sellerId: bill.sellerId, start, end: new Date(start.getTime() + dayMs) };
}

/** What a bill's file is made of; `exportedAt` is null where it is made anew at each download. */
export type BillFile = { period: BillPeriod; rows: BookEntry[]; exportedAt: Date | null };

/** The bill under a yyyy-MM-dd or a yyyy-MM; undefined when there is none. */
export async function linesOf(
  deps: AlipayDeps,
  sellerId: string,
  appId: string,
  date: string,
): Promise<BillFile | undefined> {
  if (date.length === "yyyy-MM".length) {
    const month = await billOfMonth(deps, sellerId, appId, date);
    return month && { ...month, exportedAt: null };
  }
  const bill = await billOfDay(deps, sellerId, appId, date);
  return bill && { period: periodOf(bill), rows: bill.rows, exportedAt: bill.publishedAt };
}

/** The archive as Alipay hands it out: two GBK texts under GBK names. `label` is yyyymmdd or yyyymm. */
export function billArchive(period: BillPeriod, label: string, rows: BookEntry[], exportedAt: Date): Buffer {
  const texts = [detailText, summaryText].map((text) => text(period, rows, exportedAt));
  return archive(`${billAccount(period.sellerId)}_${label}_业务明细`, texts, exportedAt);
}

function archive(name: string, [detail = "", summary = ""]: string[], exportedAt: Date): Buffer {
  const gbk = (text: string): Buffer => iconv.encode(text, "gbk");
  return zip(
    [
      { name: gbk(`${name}.csv`), content: gbk(detail) },
      { name: gbk(`${name}(汇总).csv`), content: gbk(summary) },
    ],
    dosTimestamp(formatBeijing(exportedAt)),
  );
}

export type FundsFile = { period: BillPeriod; movements: ReturnType<typeof movementsOf>; exportedAt: Date };

/**
 * What moved on the seller's account on a day whose business bill is there, up to when that was published, as
 * it truly was: no fault shows here. The account began with nothing when the first of its apps did. Undefined
 * where there is no such bill, of a month too.
 */
export async function fundsOf(
  deps: AlipayDeps,
  sellerId: string,
  appId: string,
  date: string,
): Promise<FundsFile | undefined> {
  const bill = await billOfDay(deps, sellerId, appId, date);
  if (!bill) return undefined;
  return deps.store.transaction(async (tx): Promise<FundsFile> => {
    const before = await balanceBefore(tx, sellerId, date);
    const entries = await entriesOf(tx, sellerId, date);
    const shown = entries.filter(({ finishedAt }) => finishedAt <= bill.publishedAt);
    return { period: periodOf(bill), movements: movementsOf(shown, before), exportedAt: bill.publishedAt };
  });
}

/** What the account had when a day began. */
async function balanceBefore(tx: StoreTx, sellerId: string, date: string): Promise<bigint> {
  const { records } = await tx.list(apps, { limit: appsMax });
  const own = records.filter((app) => sellerIdOf(app) === sellerId).map((app) => beijingDate(app.createdAt));
  let before = 0n;
  for (let day = own.sort()[0] ?? date; day < date; day = nextDate(day)) {
    before = balanceAfter(await entriesOf(tx, sellerId, day), before);
  }
  return before;
}

/** What the account has at an instant. */
export async function balanceAt(tx: StoreTx, sellerId: string, at: Date): Promise<bigint> {
  const date = beijingDate(at);
  const entries = (await entriesOf(tx, sellerId, date)).filter(({ finishedAt }) => finishedAt <= at);
  return balanceAfter(entries, await balanceBefore(tx, sellerId, date));
}

function nextDate(date: string): string {
  return beijingDate(new Date(beijingDayStart(date)!.getTime() + dayMs));
}

/** The archive of an account bill. */
export function fundsArchive({ period, movements, exportedAt }: FundsFile, label: string): Buffer {
  const texts = [fundsText, fundsSummaryText].map((text) => text(period, movements, exportedAt));
  return archive(`${billAccount(period.sellerId)}_${label}_账务明细`, texts, exportedAt);
}

/** Every seller that has an app here, with one of its apps; only that of `appId` where it is given. */
export async function sellersOf(
  reader: StoreReader,
  appId: string | null,
): Promise<{ sellerId: string; appId: string }[]> {
  const { records } = await reader.list(apps, { limit: appsMax });
  const sellers = new Map<string, string>();
  for (const app of records.reverse()) {
    if (appId === null || app.appId === appId) sellers.set(sellerIdOf(app), app.appId);
  }
  return [...sellers].map(([sellerId, one]) => ({ sellerId, appId: one }));
}

function sellerIdOf(app: App): string {
  return app.authorisation?.sellerId ?? app.pid;
}

async function publish(
  deps: AlipayDeps,
  tx: StoreTx,
  sellerId: string,
  appId: string,
  date: string,
): Promise<Bill> {
  const armed = await armedFaults(tx, deps.random);
  const moved = await entriesOf(tx, sellerId, date);
  const entries = moved.filter(({ kind }) => kind === "payment" || kind === "refund");
  const whole = { outTradeNo: null, appId, method: "bill" };
  const twists = alipayTwists(deps.random);
  const { rows, movedToNextDay } = await asFaultsShow(armed, twists, whole, entries);
  for (const late of movedToNextDay) await tx.update(book, late);
  const bill: Bill = { id: billId(sellerId, date), sellerId, date, publishedAt: deps.clock.now(), rows };
  if (!(await tx.insert(bills, bill))) await tx.update(bills, bill);
  return bill;
}

/** The day's movements in the order in which they were finished. */
async function entriesOf(tx: StoreTx, sellerId: string, date: string): Promise<BookEntry[]> {
  const entries: BookEntry[] = [];
  let cursor: string | null = null;
  do {
    const page: { records: BookEntry[]; cursor: string | null } = await tx.list(book, {
      group: `${sellerId}/${date}`,
      limit: bookPageSize,
      cursor,
    });
    entries.push(...page.records);
    cursor = page.cursor;
  } while (cursor !== null);
  return entries.reverse().sort((a, b) => a.finishedAt.getTime() - b.finishedAt.getTime());
}

function billId(sellerId: string, date: string): string {
  return `${sellerId}/${date}`;
}
