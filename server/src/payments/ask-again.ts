import type { Cell } from "../kernel/database.ts";
import { problem } from "../kernel/errors.ts";
import type { Id } from "../kernel/ids.ts";
import type { Calls } from "./attempt/calls.ts";
import { attemptById } from "./attempt/store.ts";
import { refundById } from "./refund/store.ts";

/**
 * Asks the channel about an order, or about a refund of it, once more and now, whatever its state; the door
 * gets the answer. Gives the door's decision, `none` where it made none. Throws `not_found`, or what a call
 * and the door throw.
 */
export type AskAgain = (about: { readonly attemptId: Id; readonly refundId: Id | null }) => Promise<string>;

export function createAskAgain({ cell, calls }: { readonly cell: Cell; readonly calls: Calls }): AskAgain {
  return async ({ attemptId, refundId }) => {
    const [attempt, refund] = await Promise.all([
      attemptById(cell.db, attemptId),
      refundId === null ? null : refundById(cell.db, refundId),
    ]);
    if (attempt === null || (refundId !== null && refund === null)) throw problem("not_found");
    const done =
      refund === null
        ? await calls.query(attempt, "background")
        : await calls.queryRefund(refund, attempt, "background");
    return done.decision ?? "none";
  };
}
