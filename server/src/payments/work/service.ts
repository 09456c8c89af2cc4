/**
 * Work items: what a person must look at. One is resolved by two people, with a sentence that says what was
 * done.
 */
import type { Cell } from "../../kernel/database.ts";
import { problem } from "../../kernel/errors.ts";
import { formatId, type Id, parseId } from "../../kernel/ids.ts";
import type { ApprovalAction } from "../../operators/index.ts";
import { type KeptWorkItem, listWorkItems, resolveWorkItem, workItemById } from "./store.ts";

export type WorkItems = {
  list(state: string | null, after: Id | null, limit: number): Promise<KeptWorkItem[]>;
  /** Throws `not_found`. */
  get(id: Id): Promise<KeptWorkItem>;
  /** Carries out an approved resolution: it closes the item and moves no money. */
  readonly action: ApprovalAction;
};

export const RESOLVE_KIND = "work_item.resolve";

export function createWorkItems(deps: { readonly cell: Cell }): WorkItems {
  const { cell } = deps;
  const get = async (id: Id) => {
    const item = await workItemById(cell.db, id);
    if (item === null) throw problem("not_found");
    return item;
  };
  return {
    list: (state, after, limit) => listWorkItems(cell.db, state, after, limit),
    get,
    action: {
      kind: RESOLVE_KIND,
      permission: "work_items.approve",
      carryOut: async (approval) => {
        const id = parseId("wrk", approval.subject);
        if (id === null) return { refused: `${approval.subject} is no work item` };
        const resolution = String(approval.payload.resolution);
        const resolved = { at: cell.clock.now(), by: approval.decidedBy, resolution };
        await cell.transact((tx) => resolveWorkItem(tx, id, resolved), { repeatable: true });
        return { done: true };
      },
    },
  };
}

export function presentWorkItem(item: KeptWorkItem) {
  return {
    id: formatId("wrk", item.id),
    kind: item.kind,
    payment: formatId("pay", item.paymentId),
    merchant: formatId("mch", item.merchantId),
    amount: Number(item.amount),
    currency: item.currency.trim(),
    detail: item.detail,
    state: item.state,
    opened_at: item.openedAt.toISOString(),
    resolved_at: item.resolvedAt?.toISOString() ?? null,
    resolution: item.resolution,
  };
}
