/** A row that was not booked by itself is accepted by two people. */
import { problem } from "../../kernel/errors.ts";
import { formatId, type Id, parseId } from "../../kernel/ids.ts";
import { lockDay } from "../../ledger/index.ts";
import type { Actor, Approval, ApprovalAction } from "../../operators/index.ts";
import type { PayoutsDeps } from "../deps.ts";
import type { CommissionRow } from "./model.ts";
import { earnedJournal } from "./postings.ts";
import { commissionById, lockCommissions, setAccepted } from "./store.ts";
import { openCommissionAccounts, posted } from "./told.ts";

export const ACCEPT_KIND = "commission.accept";

/** As the wire names a row. */
export function commissionId(id: Id): string {
  return formatId("cms", id);
}

/** Proposes that the channel owes it after all. Throws `not_found`, `conflict`. */
export async function proposeAcceptance(
  deps: PayoutsDeps,
  actor: Actor,
  id: Id,
  evidence: string,
): Promise<Approval> {
  const row = await commissionById(deps.cell.db, id);
  if (row === null) throw problem("not_found");
  const refused = refusalOf(row);
  if (refused !== null) throw problem("conflict", { detail: refused });
  return deps.operators.propose(actor, {
    kind: ACCEPT_KIND,
    subject: commissionId(id),
    payload: {
      commission: commissionId(id),
      channel_account: formatId("cha", row.channelAccountId),
      statement_date: row.statementDate,
      number: row.number,
      amount: Number(row.amount),
      currency: row.currency,
      why_not: row.reason,
      evidence,
    },
    reason: evidence,
  });
}

/**
 * M: commission_receivable / fee_income. Under the account's lock, as a corrected statement that has the row
 * no more is: one of the two comes first, and the other sees it.
 */
export function acceptAction(deps: PayoutsDeps): ApprovalAction {
  const { cell } = deps;
  return {
    kind: ACCEPT_KIND,
    permission: "payouts.approve",
    carryOut: async ({ payload, id: approvalId }) => {
      const id = parseId("cms", String(payload.commission));
      const found = id === null ? null : await commissionById(cell.db, id);
      if (found === null) return { refused: "the row is not there" };
      await openCommissionAccounts(deps, found.merchantId, new Set([found.currency]));
      return cell.transact(
        async (tx) => {
          const day = await lockDay(tx, cell.cell);
          await lockCommissions(tx, found.channelAccountId);
          const row = (await commissionById(tx, found.id)) as CommissionRow;
          if (row.acceptedBy === approvalId) return { done: true as const };
          const refused = refusalOf(row);
          if (refused !== null) return { refused };
          const journalId = cell.newId();
          await setAccepted(tx, row.id, journalId, approvalId);
          await posted(tx, day, [earnedJournal(row, journalId)], cell.clock.now());
          return { done: true as const };
        },
        { repeatable: true },
      );
    },
  };
}

function refusalOf({ state }: CommissionRow): string | null {
  if (state === "matched") return "the row is booked already";
  return state === "withdrawn" ? "the statement's current version does not have the row" : null;
}
