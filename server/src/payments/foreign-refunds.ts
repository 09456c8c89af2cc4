import { createHash } from "node:crypto";
import type { Id } from "../kernel/ids.ts";
import type { Attempt } from "./model.ts";

/**
 * The id that stands for a refund which only the channel has a number for: always the same, so that what is
 * told twice is booked under one source and opened once. @param what `returned` of its coming back
 */
export function foreignRefundId(attemptId: Id, channelRefundNo: string, what?: "returned"): Id {
  const name = [attemptId, channelRefundNo, ...(what === undefined ? [] : [what])].join(" ");
  const hex = createHash("sha256").update(name).digest("hex");
  const parts = [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`];
  return [...parts, hex.slice(20, 32)].join("-");
}

/** The sources of the journals about an order's foreign refunds. */
export function foreignRefundSources({ id, foreignRefunds }: Attempt): readonly Id[] {
  return foreignRefunds.flatMap(({ channelRefundNo }) => [
    foreignRefundId(id, channelRefundNo),
    foreignRefundId(id, channelRefundNo, "returned"),
  ]);
}

/** What the channel gave back under numbers of its own, and did not get back. */
export function toldByNumber({ foreignRefunds }: Pick<Attempt, "foreignRefunds">): bigint {
  return foreignRefunds.reduce((sum, { amount, isReturned }) => (isReturned ? sum : sum + amount), 0n);
}
