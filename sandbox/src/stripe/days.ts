import { randomDigits, type SandboxRandom } from "../clock.ts";
import { armedFaults, asFaultsShow, type BillTwists } from "../faults/index.ts";
import type { StoreReader } from "../store/index.ts";
import { type StripeDeps, transact, type Work } from "./context.ts";
import { newId } from "./ids.ts";
import { everyOf, type Range } from "./lists.ts";
import { type Account, type Day, days, type Movement, movements } from "./model.ts";
import { utcDate } from "./movement.ts";

// Stripe publishes no file: its balance transactions are the statement, there from the moment they happen.
// Closing a day only decides whether its list, from then on, differs from what happened.

const dayMs = 86_400_000;

/** What an account's list shows in a range, newest first. */
export async function* movementsOfAccount(
  unit: Pick<Work, "tx" | "now">,
  account: Account,
  range: Range,
): AsyncGenerator<Movement> {
  const last = range.to && range.to < unit.now ? range.to : unit.now;
  const first = range.from && range.from > account.createdAt ? range.from : account.createdAt;
  for (let date = utcDate(last); date >= utcDate(first); date = dayBefore(date)) {
    yield* dayAsShown(unit.tx, account.id, date);
  }
}

/**
 * Closes a day of an account as far as it has come: what a fault makes of it replaces what one made before.
 */
export function closeDay(deps: StripeDeps, account: Account, date: string): Promise<Movement[]> {
  return transact(deps, async ({ tx, now }) => {
    const armed = await armedFaults(tx, deps.random);
    // What is of no order is live whatever a fault makes of the rest.
    const entries = (await inOrder(tx, account.id, date)).filter(({ orderId }) => orderId !== "");
    const whole = { outTradeNo: null, appId: account.id, method: "bill" };
    const { rows, movedToNextDay } = await asFaultsShow(armed, twists(deps.random, now), whole, entries);
    for (const moved of movedToNextDay) await tx.update(movements, moved);
    const id = dayId(account.id, date);
    await tx.remove(days, id);
    const differs = rows.length !== entries.length || rows.some((row, index) => row !== entries[index]);
    if (differs) {
      const covered = entries.map((entry) => entry.id);
      const day: Day = { id, accountId: account.id, date, covered, rows };
      await tx.insert(days, day);
    }
    return rows;
  });
}

async function* dayAsShown(reader: StoreReader, accountId: string, date: string): AsyncGenerator<Movement> {
  const group = `${accountId}/${date}`;
  const closed = await reader.get(days, dayId(accountId, date));
  if (!closed) {
    yield* everyOf(reader, movements, group);
    return;
  }
  const covered = new Set(closed.covered);
  for await (const movement of everyOf(reader, movements, group)) {
    if (!covered.has(movement.id)) yield movement;
  }
  yield* closed.rows.toReversed();
}

async function inOrder(reader: StoreReader, accountId: string, date: string): Promise<Movement[]> {
  const found: Movement[] = [];
  for await (const movement of everyOf(reader, movements, `${accountId}/${date}`)) found.push(movement);
  return found.reverse();
}

function twists(random: SandboxRandom, now: Date): BillTwists<Movement> {
  const dayStart = (movement: Movement): number => Date.parse(`${movement.date}T00:00:00Z`);
  return {
    kindOf: ({ type }) => (type === "charge" ? "payment" : type === "adjustment" ? "dispute" : "refund"),
    contextOf: (one) => ({ outTradeNo: one.orderNo, appId: one.accountId, method: "bill" }),
    amountOff: (one) => ({ ...one, amount: one.amount + 1n }),
    feeOff: (one) => ({ ...one, fee: one.fee + 1n }),
    nextDay: (one) => {
      const createdAt = new Date(dayStart(one) + dayMs);
      return { ...one, createdAt, date: utcDate(createdAt) };
    },
    movedAlready: (one) => one.createdAt.getTime() === dayStart(one) || one.date > utcDate(now),
    unknown: (like) => ({
      ...like,
      id: newId(random, "txn_"),
      sourceId: newId(random, like.sourceId.slice(0, 3)),
      orderNo: `X${randomDigits(random, 20)}`,
    }),
  };
}

function dayBefore(date: string): string {
  return utcDate(new Date(Date.parse(`${date}T00:00:00Z`) - dayMs));
}

function dayId(accountId: string, date: string): string {
  return `${accountId}/${date}`;
}
