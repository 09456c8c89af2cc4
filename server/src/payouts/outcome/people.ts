/**
 * A bank's word that two people have in writing: the way out where no message tells what became of a payout.
 */
import { problem } from "../../kernel/errors.ts";
import { formatId, type Id, parseId } from "../../kernel/ids.ts";
import type { Actor, Approval, ApprovalAction } from "../../operators/index.ts";
import { lockBatch } from "../batch/store.ts";
import type { PayoutsDeps } from "../deps.ts";
import type { PayoutState } from "../model.ts";
import { getPayout } from "../payout/service.ts";
import { reportAll } from "./door.ts";

export const DECIDE_KIND = "payout.reject";

/** Throws `not_found`, and `conflict` where nobody waits for the bank. */
export async function proposeRejection(
  deps: PayoutsDeps,
  actor: Actor,
  id: Id,
  evidence: string,
): Promise<Approval> {
  const payout = await getPayout(deps, null, id);
  if (payout.state !== "sent" && payout.state !== "unknown") {
    throw problem("conflict", { detail: `the payout is ${payout.state}` });
  }
  return deps.operators.propose(actor, {
    kind: DECIDE_KIND,
    subject: formatId("pyt", id),
    payload: { evidence, amount: Number(payout.amount), currency: payout.currency },
    reason: evidence,
  });
}

/**
 * Gives the money back to the merchant. Only while no message can still be sent by itself: the batch's lock
 * orders this and any further send, and whichever comes second sees the first.
 */
export function rejectAction(deps: PayoutsDeps): ApprovalAction {
  return {
    kind: DECIDE_KIND,
    permission: "payouts.approve",
    carryOut: async (approval) => {
      const id = parseId("pyt", approval.subject);
      if (id === null) return { refused: `${approval.subject} is no payout` };
      const { batchId, state: before } = await getPayout(deps, null, id);
      // Carried out before whoever did so had noted it, or settled by the bank meanwhile.
      if (before !== "sent" && before !== "unknown") return ended(before);
      const evidence = {
        source: "people" as const,
        reference: formatId("apr", approval.id),
        code: "written_no",
        detail: String(approval.payload.evidence),
        amount: null,
        currency: null,
      };
      const [reported] = await reportAll(
        deps,
        [{ payoutId: id, outcome: "rejected", evidence }],
        async (tx) => {
          const batch = batchId === null ? null : await lockBatch(tx, batchId);
          if (batch !== null && (batch.bankHasIt || batch.needsPeople)) return;
          throw problem("conflict", {
            detail: "the bank is still being asked about this payout, and its message may be sent again",
          });
        },
      );
      return ended(reported?.payout.state);
    },
  };
}

function ended(state: PayoutState | undefined): { done: true } | { refused: string } {
  return state === "rejected" ? { done: true } : { refused: `the payout has ${state}` };
}
