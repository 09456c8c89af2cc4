/**
 * What the door booked on the word of a statement, and the half of the movement that the books told later.
 */
import { type Break, isDecided } from "./model.ts";
import type { Parting } from "./pairs.ts";
import { change, contradict, type StepContext } from "./steps.ts";
import { end, suspend, suspending, type Work } from "./work.ts";

type Context = Pick<StepContext, "account" | "newId" | "generation">;

/**
 * The statement tells it no more, or otherwise. What is booked stays booked, so the half that the books told
 * stands alone: what was decided about its rest is taken back. Both rows are locked.
 * @returns the row, which has ended as never having been
 */
export async function unplace(
  work: Work,
  placed: Break,
  context: Context,
  { sentence, toOther }: Parting,
): Promise<Break> {
  const other = halfOf(work, placed);
  if (other !== null) {
    const alone: Break = { ...other, partnerId: null, standingSettle: 0n, standingFee: 0n };
    if (other.resolution === "paired") {
      work.tell(other, "reopened", toOther);
      suspend(work, alone, suspending(context));
    } else if (isDecided(other)) {
      await contradict(work, { before: other, row: alone }, context);
    } else {
      work.tell(other, "changed", toOther);
      await change(work, alone, context);
    }
  }
  return end(work, { ...placed, partnerId: null }, "undone", sentence);
}

/** A half of which only a fee is left is found no more: what the door booked is alone again. */
export function leavePlaced(work: Work, half: Break): Break {
  const placed = halfOf(work, half);
  if (placed === null) return half;
  work.keep({ ...placed, partnerId: null });
  return { ...half, partnerId: null, standingSettle: 0n, standingFee: 0n };
}

function halfOf(work: Work, { id, partnerId }: Break): Break | null {
  const other = partnerId === null ? undefined : work.present(partnerId);
  return other?.partnerId === id ? other : null;
}
