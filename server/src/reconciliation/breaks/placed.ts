/**
 * What the door booked on the word of a statement, and the half of the movement that the books told later.
 */
import { halfOfPlaced, nextOfBooking, placedWith } from "./decide.ts";
import { type Break, isByDoor, isDecided } from "./model.ts";
import { coverOf, otherHalf, type Parting } from "./pairs.ts";
import { change, contradict, join, type StepContext } from "./steps.ts";
import { end, suspend, suspending, takeBack, type Work } from "./work.ts";

type Context = Pick<StepContext, "account" | "newId" | "generation">;

/**
 * The statement tells it no more, or otherwise.
 * @returns the row, which has ended as never having been
 */
export async function unplace(
  work: Work,
  placed: Break,
  context: Context,
  { sentence, toOther }: Parting,
): Promise<Break> {
  const heirs = await passOn(work, placed, context);
  return end(work, await release(work, placed, context, toOther, heirs), "undone", sentence);
}

/**
 * What is booked stays booked: a line in suspense that tells the same movement again is now the only one.
 * @returns that line, which has ended as booked by the door; empty: there is none
 */
export async function passOn(
  work: Work,
  placed: Break,
  { newId }: Pick<Context, "newId">,
): Promise<readonly Break[]> {
  const next = nextOfBooking(placed, work.all());
  if (next === null) return [];
  const sentence = `The door booked it, by what was found on ${placed.channelDate} and is told no more.`;
  return [end(work, await takeBack(work, next, newId), "placed", sentence)];
}

/**
 * The next date explains a line that waited, and so has the books' movement: a line of another file that was
 * placed by the same booking is one too many.
 */
export function unplaceOther(work: Work, waited: Break, context: Context): void {
  const placed = placedWith(waited, work.all());
  if (placed === null) return;
  work.tell(
    placed,
    "reopened",
    `What the door booked is what was found on ${waited.channelDate}: this line tells it once more.`,
  );
  suspend(work, placed, suspending(context));
}

/**
 * The statement tells no more what the door has booked, or otherwise. What is booked stays booked, so the
 * half that the books told stands alone, and what was decided about its rest is taken back; unless the
 * statement tells the movement under another name. All rows are locked.
 * @param heirs what else the door has booked
 * @returns the row, which is no half
 */
export async function release(
  work: Work,
  byDoor: Break,
  context: Context,
  toOther: string,
  heirs: readonly Break[] = [],
): Promise<Break> {
  const half = otherHalf(work, byDoor);
  if (half === null) return byDoor;
  const free = work.keep({ ...byDoor, partnerId: null });
  await standAlone(work, half, alone(half, byDoor), context, toOther);
  const now = work.present(half.id);
  const heir = now && heirs.find((one) => one.id !== byDoor.id && halfOfPlaced(one, [now]) !== null);
  if (now && heir) await join(work, now, heir, context);
  return free;
}

async function standAlone(
  work: Work,
  before: Break,
  row: Break,
  context: Context,
  toOther: string,
): Promise<void> {
  if (before.resolution === "paired") {
    work.tell(before, "reopened", toOther);
    suspend(work, row, suspending(context));
  } else if (isDecided(before)) {
    await contradict(work, { before, row }, context);
  } else {
    work.tell(before, "changed", toOther);
    await change(work, row, context);
  }
}

/**
 * A half of which only a fee is left is found no more: what the door booked is alone again.
 * @returns the half, which nothing covers but what was carried out for good
 */
export function leavePlaced(work: Work, half: Break, toOther: string): Break {
  const placed = otherHalf(work, half);
  if (placed === null || !isByDoor(placed)) return half;
  const free = alone(half, placed);
  work.keep({ ...placed, partnerId: null });
  work.tell(placed, "changed", toOther);
  return free;
}

/** A half without what the door's booking of the other half covers of it. */
function alone(half: Break, placed: Break): Break {
  const free = { ...half, partnerId: null };
  // Of a half that is paired nothing was left that stands.
  if (half.resolution === "paired") return { ...free, standingSettle: 0n, standingFee: 0n };
  const { standingSettle, standingFee } = coverOf(placed);
  return {
    ...free,
    standingSettle: half.standingSettle - standingSettle,
    standingFee: half.standingFee - standingFee,
  };
}
