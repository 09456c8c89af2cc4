/**
 * Work items: what a person must look at. One is resolved by two people, with a sentence that says what was
 * done.
 */
import type { Cell } from "../../kernel/database.ts";
import { sql } from "../../kernel/database.ts";
import { problem } from "../../kernel/errors.ts";
import { formatId, type Id, parseId } from "../../kernel/ids.ts";
import type { ApprovalAction } from "../../operators/index.ts";
import type { WorkItem } from "../model.ts";

export type KeptWorkItem = WorkItem & {
  readonly state: "open" | "resolved";
  readonly openedAt: Date;
  readonly resolvedAt: Date | null;
  readonly resolution: string | null;
};

const COLUMNS = `
  id, kind, subject_id, payment_id, merchant_id, amount, currency, detail, state, opened_at, resolved_at, resolution`;

const listSql = sql(
  "work_items_list",
  `select ${COLUMNS}
   from work_items
   where ($1::text is null or state = $1)
     and ($2::uuid is null or id < $2)
   order by id desc
   limit $3`,
);

const findSql = sql(
  "work_item_by_id",
  `select ${COLUMNS}
   from work_items
   where id = $1`,
);

const resolveSql = sql(
  "work_item_resolve",
  `update work_items
   set state = 'resolved', resolved_at = $2, resolved_by = $3, resolution = $4
   where id = $1
     and state = 'open'`,
);

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
    const item = await cell.db.one<KeptWorkItem>(findSql, [id]);
    if (item === null) throw problem("not_found");
    return item;
  };
  return {
    list: (state, after, limit) => cell.db.all<KeptWorkItem>(listSql, [state, after, limit]),
    get,
    action: {
      kind: RESOLVE_KIND,
      permission: "work_items.approve",
      carryOut: async (approval) => {
        const id = parseId("wrk", approval.subject);
        if (id === null) return { refused: `${approval.subject} is no work item` };
        const resolution = String(approval.payload.resolution);
        await cell.transact(
          (tx) => tx.run(resolveSql, [id, cell.clock.now(), approval.decidedBy, resolution]),
          { repeatable: true },
        );
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
