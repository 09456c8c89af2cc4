/** What a channel bills for a month at least, where the costs of the month's payments were less. */
import { HOUR, plus } from "../../kernel/clock.ts";
import type { Id } from "../../kernel/ids.ts";
import {
  accountIdOf,
  balanceAt,
  bookIdOf,
  type JournalDraft,
  lockDay,
  openAccounts,
  openPlatformAccounts,
  platformOwner,
  post,
} from "../../ledger/index.ts";
import { versionAt } from "../model.ts";
import type { FeesDeps } from "../service.ts";
import { costSchedulesAfter, type KeptSchedule } from "../store.ts";
import * as store from "./store.ts";

/** `gap`: what was booked above the cost, 0 where that reached the minimum. Minor units. */
export type PostedMinimum = store.Minimum & { readonly gap: bigint };

type Deps = Pick<FeesDeps, "platform" | "cell" | "channels">;

const SCHEDULES_PER_READ = 200;
/** Entries looked at by one statement. */
const ENTRIES_PER_READ = 20_000n;
/** Clocks of two machines differ by less; the accounting date decides, this only says where to look. */
const LOOK_AROUND_MS = HOUR;

type Month = { readonly first: string; readonly last: string };
/** With the moments between which its days were open. */
type MonthOfWork = Month & { readonly from: Date; readonly to: Date; readonly goOn: () => Promise<void> };

/** See `Fees.monthlyMinimums`. */
export async function monthlyMinimums(
  deps: Deps,
  month: string,
  goOn = async () => {},
): Promise<readonly PostedMinimum[]> {
  const { first, last } = datesOf(month);
  const days = await store.daysBetween(deps.cell.db, first, last);
  const open = days.find(({ closedAt }) => closedAt === null);
  if (open !== undefined)
    throw new RangeError(`${open.accountingDate} is not closed, so ${month} is not over`);
  const [begun, ended] = [days[0], days.at(-1)];
  if (begun === undefined || ended?.closedAt == null) return [];
  const span = { from: begun.openedAt, to: ended.closedAt };
  const known = await store.minimumsOf(deps.cell.db, first);
  const done = new Set(known.map(({ channelAccountId, currency }) => `${channelAccountId}/${currency}`));
  for await (const schedule of costSchedules(deps)) {
    await goOn();
    if (!done.has(`${schedule.channelAccountId}/${schedule.currency}`)) {
      await closeMonth(deps, schedule, { first, last, ...span, goOn });
    }
  }
  return (await store.minimumsOf(deps.cell.db, first)).map((made) => ({ ...made, gap: gapOf(made) }));
}

function datesOf(month: string): Month {
  if (!/^\d{4}-(0[1-9]|1[0-2])$/.test(month)) throw new RangeError(`${month} is no month yyyy-mm`);
  const [year = 0, number = 0] = month.split("-").map(Number);
  const isLeap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  const last = number === 2 ? (isLeap ? 29 : 28) : [4, 6, 9, 11].includes(number) ? 30 : 31;
  return { first: `${month}-01`, last: `${month}-${last}` };
}

async function* costSchedules({ platform }: Deps): AsyncGenerator<KeptSchedule> {
  for (let after: Id | null = null; ; ) {
    const rows: KeptSchedule[] = await costSchedulesAfter(platform.db, after, SCHEDULES_PER_READ);
    yield* rows;
    if (rows.length < SCHEDULES_PER_READ) return;
    after = rows.at(-1)?.id ?? null;
  }
}

/** What of a month's minimum is above its cost. */
export function gapOf({ minimum, cost }: Pick<store.Minimum, "minimum" | "cost">): bigint {
  return minimum > cost ? minimum - cost : 0n;
}

/** By the version in force on the month's last day. */
async function closeMonth(deps: Deps, schedule: KeptSchedule, month: MonthOfWork): Promise<void> {
  const { cell } = deps;
  const version = versionAt(schedule.versions, month.last);
  const minimum = version?.terms?.monthlyMinimum ?? 0n;
  const account = await deps.channels.account(schedule.channelAccountId as Id);
  if (version === null || minimum === 0n || account === null) return;
  const { currency } = schedule;
  const cost = await costOf(deps, { ...account, currency }, month);
  await cell.transact(
    async (tx) => {
      const at = cell.clock.now();
      const bookId = bookIdOf("platform", platformOwner(cell.cell));
      await openPlatformAccounts(tx, { cell: cell.cell, currency }, at);
      const code = "channel_cost_payable";
      await openAccounts(tx, [{ bookId, code, currency, channelAccountId: account.id }], at);
    },
    { repeatable: true },
  );
  const [id, journalId] = [cell.newId(), cell.newId()];
  await cell.transact(
    async (tx) => {
      const day = await lockDay(tx, cell.cell);
      const made: store.Minimum = {
        id,
        channelAccountId: account.id,
        currency,
        month: month.first,
        scheduleId: schedule.id,
        scheduleVersion: version.version,
        minimum,
        cost,
        madeAt: cell.clock.now(),
      };
      // Unique by account, currency and month: whoever comes second writes nothing.
      if (!(await store.insertMinimum(tx, made))) return;
      await post(
        tx,
        day,
        [journalOf(made, { id: journalId, cell: cell.cell, last: month.last })],
        made.madeAt,
      );
    },
    { repeatable: true },
  );
}

function journalOf(
  made: store.Minimum,
  { id, cell, last }: { readonly id: Id; readonly cell: number; readonly last: string },
): JournalDraft {
  const { currency, channelAccountId } = made;
  const bookId = bookIdOf("platform", platformOwner(cell));
  const payable = accountIdOf(bookId, "channel_cost_payable", currency, channelAccountId);
  return {
    id,
    bookId,
    kind: "channel_cost_minimum",
    sourceId: made.id,
    subjectId: null,
    counterpartyId: null,
    channelAccountId,
    currency,
    channelDate: null,
    originalDate: last,
    lines: [
      { account: accountIdOf(bookId, "channel_cost", currency, null), debit: gapOf(made) },
      { account: payable, credit: gapOf(made) },
    ],
  };
}

async function costOf(
  { cell }: Deps,
  account: { readonly id: Id; readonly merchantId: Id; readonly currency: string },
  month: MonthOfWork,
): Promise<bigint> {
  const book = bookIdOf("merchant", account.merchantId);
  const accountId = accountIdOf(book, "channel_cost", account.currency, null);
  const { seq: before } = await balanceAt(cell.db, accountId, plus(month.from, -LOOK_AROUND_MS));
  const { seq: end } = await balanceAt(cell.db, accountId, plus(month.to, LOOK_AROUND_MS));
  const { first, last } = month;
  let cost = 0n;
  for (let after = before; after < end; after += ENTRIES_PER_READ) {
    await month.goOn();
    const to = after + ENTRIES_PER_READ < end ? after + ENTRIES_PER_READ : end;
    cost += await store.costOfPiece(cell.db, {
      accountId,
      after,
      to,
      channelAccountId: account.id,
      first,
      last,
    });
  }
  return cost;
}
