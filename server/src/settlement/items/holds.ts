/** Holding one item and letting it go, by an operator's word. */
import { problem } from "../../kernel/errors.ts";
import { formatId, type Id } from "../../kernel/ids.ts";
import { bookView, journalById } from "../../ledger/index.ts";
import type { Actor, Operators } from "../../operators/index.ts";
import type { HoldKind } from "../model.ts";
import type { SettleDeps } from "../settle/deps.ts";
import { ensureAccounts, lockPendingAccounts } from "../settle/gather-store.ts";
import {
  holdOfJournal,
  type ItemHold,
  insertHold,
  itemByJournal,
  releaseHold,
} from "../settle/holds-store.ts";

export type HoldDeps = Pick<SettleDeps, "cell"> & { readonly operators: Pick<Operators, "auditAlone"> };

/** The item of a journal, whether its date is closed or not. Throws `not_found`, `conflict`. */
async function itemOf({ cell }: HoldDeps, journalId: Id) {
  const journal = await journalById(cell.db, journalId);
  const own = journal?.entries.filter(({ code }) => code === "merchant_pending") ?? [];
  const [first] = own;
  if (journal === null || first === undefined || journal.kind === "settlement") throw problem("not_found");
  const amount = own.reduce((sum, entry) => sum - entry.amount, 0n);
  if (amount <= 0n) {
    throw problem("conflict", { detail: "only what the merchant is to get can be held; this lowers it" });
  }
  const book = await bookView(cell.db, journal.bookId);
  if (book === null) throw problem("not_found");
  return { accountId: first.account, merchantId: book.ownerId, currency: journal.currency, bookId: book.id };
}

/** Holds an item that no settlement has taken. Held already: as it is. Throws `not_found`, `conflict`. */
export async function holdItem(
  deps: HoldDeps,
  actor: Actor,
  journalId: Id,
  wanted: { readonly kind: HoldKind; readonly reason: string },
): Promise<ItemHold> {
  const { cell } = deps;
  const item = await itemOf(deps, journalId);
  const hold = await cell.transact(async (tx) => {
    await ensureAccounts(tx, [{ ...item, lastSeq: 0n, itemizedSeq: 0n }]);
    await lockPendingAccounts(tx, [item.accountId]);
    const place = await itemByJournal(tx, journalId);
    if (place !== null && place.settlementId !== null) {
      const detail =
        place.state === "gathering"
          ? "it is being settled at this moment; hold the settlement"
          : `the settlement ${formatId("stl", place.settlementId)} has taken it`;
      throw problem("conflict", { detail });
    }
    const made = {
      ...wanted,
      id: cell.newId(),
      journalId,
      accountId: item.accountId,
      heldBy: actor.operator.id,
      heldAt: cell.clock.now(),
    };
    await insertHold(tx, made);
    return holdOfJournal(tx, journalId);
  });
  if (hold === null) throw new Error(`the hold of the journal ${journalId} vanished`);
  await deps.operators.auditAlone(actor, {
    action: "settlement_item.held",
    subject: formatId("jnl", journalId),
    before: null,
    after: { kind: hold.kind, reason: hold.reason },
  });
  return hold;
}

/** Lets an item go; it settles apart when others of its date have settled. Throws `not_found`. */
export async function releaseItem(
  deps: HoldDeps,
  actor: Actor,
  journalId: Id,
  note: string,
): Promise<ItemHold> {
  const { cell } = deps;
  const { before, at } = await cell.transact(async (tx) => {
    const before = await holdOfJournal(tx, journalId);
    if (before === null) throw problem("not_found", { detail: "this item is not held" });
    await lockPendingAccounts(tx, [before.accountId]);
    const at = cell.clock.now();
    await releaseHold(tx, journalId, { by: actor.operator.id, note, at });
    return { before, at };
  });
  await deps.operators.auditAlone(actor, {
    action: "settlement_item.released",
    subject: formatId("jnl", journalId),
    before: { kind: before.kind, reason: before.reason },
    after: { note },
  });
  return { ...before, releasedBy: actor.operator.id, releaseNote: note, releasedAt: at };
}
