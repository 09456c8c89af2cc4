/** What the channel makes good of a break: all that is left of it, or a part, and the rest stays open. */
import type { Id } from "../../kernel/ids.ts";
import { claimText, excessOf } from "./claims.ts";
import type { Break, Claim } from "./model.ts";
import { leftOf, movedOf, type Plan } from "./resolutions.ts";
import { settle } from "./settle.ts";
import { writeClaim } from "./store-people.ts";
import { suspend, takeBack, type Work } from "./work.ts";

type Recovering = {
  readonly plan: Plan;
  readonly claim: Claim;
  readonly approvalId: Id;
  readonly gross: boolean;
  readonly newId: () => Id;
};

/**
 * Books what was paid upon a claim. Of a part, the suspense is divided on its day: the part is made good and
 * stands for good, and what is left is in suspense by itself, as a break of its own figures.
 */
export async function recover(work: Work, about: Break, how: Recovering): Promise<Break> {
  const { plan, claim, approvalId, newId } = how;
  const { what, amount: left } = leftOf(about);
  const amount = movedOf("recover_from_channel", about, claim);
  const booked = { ...claim, bookedBy: approvalId, bookedAmount: amount };
  await writeClaim(work.tx, booked);
  if (excessOf(booked, about) > 0n) work.tell(about, "claim", claimText(booked, about));
  const resolution = "recover_from_channel" as const;
  if (amount === left) return settle(work, about, { resolution, plan, newId });
  const standing = {
    standingResolution: resolution,
    standingSettle: about.standingSettle - (what === "shortage" ? amount : 0n),
    standingFee: about.standingFee + (what === "fee" ? amount : 0n),
  };
  const { settleDifference, feeDifference, openedAt, contradiction, partnerId } = about;
  const free = await takeBack(work, about, newId);
  const part = { settleDifference: standing.standingSettle, feeDifference: standing.standingFee };
  const moved = settle(work, suspend(work, { ...free, ...part }, how), { resolution, plan, newId });
  const rest = suspend(work, { ...moved, settleDifference, feeDifference, ...standing }, how);
  return work.keep({ ...rest, openedAt, contradiction, partnerId });
}
