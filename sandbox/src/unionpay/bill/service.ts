import { beijingDayStart, dayMs, formatBeijing, hourMs } from "../../china/beijing.ts";
import { dosTimestamp, zip } from "../../china/zip.ts";
import { armedFaults, asFaultsShow } from "../../faults/index.ts";
import type { StoreTx } from "../../store/index.ts";
import type { UnionpayDeps } from "../context.ts";
import { type BookEntry, book, type Merchant, type Statement, statements } from "../model.ts";
import { clearingDayEnd } from "../wire/time.ts";
import { unionpayTwists } from "./disagree.ts";
import { zmFile } from "./zm.ts";

/** A clearing day's statement is there from nine in the morning of the next day. */
const statementHourMs = 9 * hourMs;
const bookPageSize = 500;

/** Publishes a merchant's statement of a clearing day as far as it has come, in place of an earlier one. */
export function publishStatement(deps: UnionpayDeps, merId: string, date: string): Promise<Statement> {
  return deps.store.transaction((tx) => publish(deps, tx, merId, date));
}

/**
 * The statement that UnionPay would hand out now: what was published, or after nine the next morning the
 * whole clearing day's. Undefined when there is none: the day is not over, or nothing happened on it.
 */
export function statementOf(
  deps: UnionpayDeps,
  { merId }: Merchant,
  date: string,
): Promise<Statement | undefined> {
  const readyAt = beijingDayStart(date)!.getTime() + dayMs + statementHourMs;
  const wholeDay = deps.clock.now().getTime() >= readyAt;
  return deps.store.transaction(async (tx) => {
    const published = await tx.get(statements, statementId(merId, date));
    if (published && (!wholeDay || published.publishedAt >= clearingDayEnd(date))) return published;
    if (!wholeDay) return undefined;
    const entries = await entriesOf(tx, merId, date);
    return entries.length > 0 ? publish(deps, tx, merId, date) : undefined;
  });
}

/** The archive as UnionPay hands it out: the day's transactions, and its adjustments, which are none. */
export function archiveOf({ merId, date, rows, publishedAt }: Statement): Buffer {
  const name = (kind: string): Buffer =>
    Buffer.from(`INN${date.slice(2).replaceAll("-", "")}88${kind}_${merId}`);
  return zip(
    [
      { name: name("ZM"), content: zmFile(rows) },
      { name: name("ZME"), content: Buffer.alloc(0) },
    ],
    dosTimestamp(formatBeijing(publishedAt)),
  );
}

async function publish(deps: UnionpayDeps, tx: StoreTx, merId: string, date: string): Promise<Statement> {
  const armed = await armedFaults(tx, deps.random);
  const entries = await entriesOf(tx, merId, date);
  const whole = { outTradeNo: null, appId: merId, mchid: merId, method: "bill" };
  const { rows, movedToNextDay } = await asFaultsShow(armed, unionpayTwists(deps.random), whole, entries);
  for (const moved of movedToNextDay) await tx.update(book, moved);
  const id = statementId(merId, date);
  const statement: Statement = { id, merId, date, publishedAt: deps.clock.now(), rows };
  if (!(await tx.insert(statements, statement))) await tx.update(statements, statement);
  return statement;
}

/** The day's movements in the order in which they happened. */
async function entriesOf(tx: StoreTx, merId: string, date: string): Promise<BookEntry[]> {
  const entries: BookEntry[] = [];
  let cursor: string | null = null;
  do {
    const page: { records: BookEntry[]; cursor: string | null } = await tx.list(book, {
      group: `${merId}/${date}`,
      limit: bookPageSize,
      cursor,
    });
    entries.push(...page.records);
    cursor = page.cursor;
  } while (cursor !== null);
  return entries.reverse().sort((a, b) => a.marks.at.getTime() - b.marks.at.getTime());
}

function statementId(merId: string, date: string): string {
  return `${merId}/${date}`;
}
