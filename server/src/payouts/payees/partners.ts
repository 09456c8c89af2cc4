/** Partners by their registered names: written down by one person, approved by another. */
import { problem } from "../../kernel/errors.ts";
import { formatId, type Id, parseId } from "../../kernel/ids.ts";
import type { Actor, Approval, ApprovalAction } from "../../operators/index.ts";
import type { PayoutsDeps } from "../deps.ts";
import { passOpen } from "../payout/unsent.ts";
import { type Partner, partnersByParties, setPartner } from "./store.ts";

export const SET_PARTNER_KIND = "partner.set";

/** Throws `not_found` for a party that nobody has registered. */
export async function getPartner({ platform }: PayoutsDeps, party: string): Promise<Partner> {
  const [partner] = await partnersByParties(platform.db, [party]);
  if (partner !== undefined) return partner;
  throw problem("not_found", { detail: `no partner is registered as ${party}` });
}

/**
 * Proposes a party's registered name. A new name makes its bank accounts useless until one in that name is
 * verified.
 */
export async function proposePartner(
  deps: PayoutsDeps,
  actor: Actor,
  wanted: { readonly party: string; readonly legalName: string; readonly reason: string | null },
): Promise<Approval> {
  const [known] = await partnersByParties(deps.platform.db, [wanted.party]);
  const id: Id = known?.id ?? deps.cell.newId();
  return deps.operators.propose(actor, {
    kind: SET_PARTNER_KIND,
    subject: wanted.party,
    payload: {
      partner: formatId("prt", id),
      name: wanted.legalName.trim(),
      before: known?.legalName ?? null,
    },
    reason: wanted.reason,
  });
}

export function partnerAction(deps: PayoutsDeps): ApprovalAction {
  return {
    kind: SET_PARTNER_KIND,
    permission: "payouts.approve",
    carryOut: async ({ subject: party, payload }) => {
      const id = parseId("prt", String(payload.partner));
      if (id === null) return { refused: "the proposal names no partner" };
      const legalName = String(payload.name);
      const at = deps.cell.clock.now();
      await deps.platform.transact((tx) => setPartner(tx, { id, party, legalName }, at), {
        repeatable: true,
      });
      await passOpen(deps.cell, id);
      return { done: true };
    },
  };
}
