/** Two breaks that tell one movement, found on days too far apart for one: they end each other. */
import type { ChannelAccount } from "../../channels/index.ts";
import type { Id } from "../../kernel/ids.ts";
import { type Break, isByDoor } from "./model.ts";
import { end, suspend, suspending, takeBack, type Work } from "./work.ts";

type Context = { readonly account: ChannelAccount; readonly newId: () => Id };

/**
 * What the first holds in suspense goes on the day of the second. Where the door has booked the first, the
 * channel's fee may be another than the one that is booked with it: that is left.
 * @param row the second; @param partner the first, locked
 */
export async function pair(work: Work, row: Break, partner: Break, context: Context): Promise<void> {
  const sentence = (other: Break) => `It and what was found on ${other.channelDate} are one movement.`;
  const halves = { ...row, openedAt: null, partnerId: partner.id };
  if (!isByDoor(partner)) {
    const free = await takeBack(work, partner, context.newId, row.channelDate);
    end(work, { ...free, partnerId: row.id }, "paired", sentence(row));
    end(work, halves, "paired", sentence(partner));
    return;
  }
  work.keep({ ...partner, partnerId: row.id });
  work.tell(partner, "paired", sentence(row));
  if (row.feeDifference + partner.feeDifference === 0n) {
    end(work, halves, "paired", sentence(partner));
    return;
  }
  work.tell(row, "opened", `${sentence(partner)} Only its fee is left to be decided.`);
  const open = suspend(work, { ...row, ...coverOf(partner) }, suspending(context));
  work.keep({ ...open, partnerId: partner.id });
}

/** The other half of a movement, where each names the other; null: there is none. */
export function otherHalf(work: Work, { id, partnerId }: Break): Break | null {
  const other = partnerId === null ? undefined : work.present(partnerId);
  return other?.partnerId === id ? other : null;
}

/** What the door's booking of a half covers of the other one. */
export function coverOf({ settleDifference, feeDifference }: Break) {
  return { standingSettle: -settleDifference, standingFee: -feeDifference };
}

/** Why a half is none any more: for its own history, and for the other's. */
export type Parting = { readonly sentence: string; readonly toOther: string };

/**
 * One half is found no more, or is another movement than it was: it has ended, as never having been, and the
 * other is open again and stands where its own statement has it. Both rows are locked.
 * @returns the half
 */
export async function part(
  work: Work,
  half: Break,
  context: Context,
  { sentence, toOther }: Parting,
): Promise<Break> {
  const { newId } = context;
  const other = otherHalf(work, half);
  const named = half.partnerId === null ? undefined : work.present(half.partnerId);
  const wasFirst = half.openedAt !== null;
  if (other !== null) {
    if (isByDoor(other)) {
      work.keep({ ...other, partnerId: null });
      work.tell(other, "changed", toOther);
    } else {
      const channelDate = wasFirst ? other.channelDate : half.channelDate;
      work.tell(other, "reopened", toOther);
      suspend(work, other, { ...suspending(context), channelDate });
    }
  }
  const free = { ...half, partnerId: null };
  if (!wasFirst) return end(work, free, "undone", sentence);
  // What was taken back on the other's day goes back there, and is taken back on its own.
  const channelDate = named?.channelDate ?? half.channelDate;
  const again = suspend(work, free, { ...suspending(context), channelDate });
  return end(work, await takeBack(work, again, newId), "explained", sentence);
}
