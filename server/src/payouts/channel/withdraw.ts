/** An announced payout that will never be at the bank is taken back by two people. */
import { plus } from "../../kernel/clock.ts";
import { problem } from "../../kernel/errors.ts";
import { formatId, type Id, parseId } from "../../kernel/ids.ts";
import { lockDay, post } from "../../ledger/index.ts";
import type { Actor, Approval, ApprovalAction } from "../../operators/index.ts";
import type { PayoutsDeps } from "../deps.ts";
import { lostJournal, posted } from "./journals.ts";
import { bookInTransit, channelPayoutId, LEASE_MS } from "./service.ts";
import { type ChannelPayout, findChannelPayout, lockChannelPayouts, setWithdrawn } from "./store.ts";

export const WITHDRAW_KIND = "channel_payout.withdraw";

/** Proposes it, with what shows that it did not leave the channel. Throws `not_found`, `conflict`. */
export async function proposeWithdrawal(
  deps: PayoutsDeps,
  actor: Actor,
  id: Id,
  evidence: string,
): Promise<Approval> {
  const payout = await findChannelPayout(deps.cell.db, id);
  if (payout === null) throw problem("not_found");
  const refused = refusalOf(payout);
  if (refused !== null) throw problem("conflict", { detail: refused });
  return deps.operators.propose(actor, {
    kind: WITHDRAW_KIND,
    subject: channelPayoutId(id),
    payload: {
      payout: channelPayoutId(id),
      payout_no: payout.payoutNo,
      amount: Number(payout.amount),
      currency: payout.currency,
      evidence,
    },
    reason: evidence,
  });
}

/**
 * P: interbook / bank_in_transit, then M: channel_receivable / interbook: the channel owes it again. Under
 * the payout's lock, as what the bank shows is: one of the two comes first, and the other is refused.
 */
export function withdrawAction(deps: PayoutsDeps): ApprovalAction {
  const { cell } = deps;
  return {
    kind: WITHDRAW_KIND,
    permission: "payouts.approve",
    carryOut: async ({ payload, id: approvalId }) => {
      const id = parseId("cpo", String(payload.payout));
      if (id === null) return { refused: "the payout is not there" };
      const by = formatId("apr", approvalId);
      const end = await cell.transact(async (tx) => {
        const day = await lockDay(tx, cell.cell);
        const [payout] = await lockChannelPayouts(tx, [id]);
        if (payout === undefined) return { refused: "the payout is not there" };
        if (payout.withdrawnBy === by) return { done: true as const };
        const refused = refusalOf(payout);
        if (refused !== null) return { refused };
        const at = cell.clock.now();
        await setWithdrawn(tx, id, at, by, plus(at, LEASE_MS));
        await posted(post(tx, day, [lostJournal(deps, payout)], at));
        return { done: true as const };
      });
      if ("done" in end) await bookInTransit(deps, [id]);
      return end;
    },
  };
}

function refusalOf({ receiptId, withdrawnAt, transitBookedAt }: ChannelPayout): string | null {
  if (receiptId !== null) return "the bank has shown the payout";
  if (withdrawnAt !== null) return "the payout was withdrawn before";
  return transitBookedAt === null ? "the payout is not in transit yet: try again in a minute" : null;
}
