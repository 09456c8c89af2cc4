/** Which channel dates are to be compared when an accounting date is closed. */
import { type Channels, type ChannelTraits, channelDateOf } from "../channels/index.ts";
import { startOfDate } from "../kernel/clock.ts";
import type { Db } from "../kernel/database.ts";
import { shiftDate } from "../kernel/dates.ts";
import { lastDates, type Scope } from "../reconciliation/index.ts";

export type ScopesDeps = {
  readonly db: Db;
  readonly channels: Pick<Channels, "everyAccount" | "channel">;
  /** The operator's. */
  readonly timeZone: string;
};

export type DueScope = Scope & {
  /** Whether its contract takes orders. */
  readonly isActive: boolean;
  /** Whether what its channel pays out stands in a fund bill of the date, and passes us. */
  readonly hasFundBill: boolean;
};

/**
 * For every contract that was ever used, the channel dates that have ended by the end of an accounting date
 * and were not compared before; each account's in their order. @param from the books' first date
 */
export async function dueScopes(
  { db, channels, timeZone }: ScopesDeps,
  date: string,
  from: string,
): Promise<readonly DueScope[]> {
  const due: DueScope[] = [];
  for await (const page of channels.everyAccount()) {
    const used = page.filter(({ credentialVersion }) => credentialVersion !== null);
    const compared = new Map(
      (
        await lastDates(
          db,
          used.map(({ id }) => id),
        )
      ).map((last) => [last.channelAccountId, last.channelDate]),
    );
    for (const { id, channel: name, createdAt, status, fundFlow } of used) {
      const channel = channels.channel(name);
      if (channel === null) continue;
      const { traits, payouts } = channel;
      const hasFundBill = payouts?.toldIn === "fund" && fundFlow === "through_platform";
      const last = compared.get(id);
      const first = last === undefined ? firstDateOf(traits, from, createdAt) : shiftDate(last, 1);
      const through = lastEndedDate(traits, timeZone, date);
      for (let at = first; at <= through; at = shiftDate(at, 1)) {
        due.push({ channelAccountId: id, channelDate: at, isActive: status === "active", hasFundBill });
      }
    }
  }
  return due;
}

/**
 * The first date of an account that may have had money: a channel's date may begin, and so be called, a day
 * before the accounting date on which it ends.
 * @param from the books' first date
 */
export function firstDateOf(
  traits: Pick<ChannelTraits, "timeZone" | "dayStartMinutes">,
  from: string,
  createdAt: Date,
): string {
  return later(shiftDate(from, -1), channelDateOf(traits, createdAt));
}

/** The last date of a channel that has ended when an accounting date ends. */
export function lastEndedDate(
  traits: Pick<ChannelTraits, "timeZone" | "dayStartMinutes">,
  timeZone: string,
  accountingDate: string,
): string {
  const end = startOfDate(timeZone, shiftDate(accountingDate, 1));
  return shiftDate(channelDateOf(traits, end), -1);
}

function later(one: string, other: string): string {
  return one > other ? one : other;
}
