import { dateIn, MINUTE, plus } from "../../kernel/clock.ts";
import { sha256 } from "../../kernel/crypto.ts";
import type { Tx } from "../../kernel/database.ts";
import { formatId, type Id } from "../../kernel/ids.ts";
import { type HoldCommand, type JournalDraft, lockDay, postWithHolds } from "../../ledger/index.ts";
import { openNumber } from "../accounts/number.ts";
import { bankAccountsByIds } from "../accounts/store.ts";
import {
  instructionsAfter,
  lockBatch,
  resealInstruction,
  type SealedInstruction,
  updateBatch,
  without,
} from "../batch/store.ts";
import type { PayoutsDeps } from "../deps.ts";
import type { BankConnection, Batch, Payout } from "../model.ts";
import { holdAccount, sentJournal } from "../outcome/postings.ts";
import { sourcesOfPayouts } from "../payout/sources.ts";
import { lockPayoutsOfBatch, payoutsOfBatch, updatePayouts } from "../payout/store.ts";
import { rejectUnsent, unpayable } from "../payout/unsent.ts";
import { type Instructed, writePain001 } from "./pain001.ts";

/** Three time-outs of the slowest bank, and more. */
export const LEASE_MS = 4 * MINUTE;

/** Bound into the sealed message: one copied to another batch does not open. */
export function instructionRecord(batchId: Id): string {
  return `payout instruction ${formatId("pyb", batchId)}`;
}

/**
 * Persists the message of an approved batch and moves its money to payout_clearing, in one transaction and
 * before anything is sent. Whoever commits first decides the message's bytes and sends it; null for all
 * others, and where none of its payouts may be sent any more. It is born in doubt: whoever finds it after a
 * crash asks the bank first.
 */
export async function instruct(
  deps: PayoutsDeps,
  batch: Batch,
  connection: BankConnection,
): Promise<Batch | null> {
  const { cell, webhooks } = deps;
  const known = await payoutsOfBatch(cell.db, batch.id);
  const merchants = known.filter(({ payeeKind }) => payeeKind === "merchant").map(({ payeeId }) => payeeId);
  const endpoints = await webhooks.endpointsOf([...new Set(merchants)]);
  const { instructed, deliveries } = await cell.transact(async (tx) => {
    const day = await lockDay(tx, cell.cell);
    const locked = await lockBatch(tx, batch.id);
    if (locked === null) throw new Error(`the batch ${batch.id} is not there`);
    if (locked.state !== "approved") return { instructed: null, deliveries: [] };
    const all = await lockPayoutsOfBatch(tx, batch.id);
    const failures = await unpayable(deps, all);
    const gone = all.flatMap((payout) => {
      const failure = failures.get(payout.id);
      return failure === undefined ? [] : [{ payout, failure }];
    });
    const at = cell.clock.now();
    const left = without(
      locked,
      gone.map(({ payout }) => payout),
      at,
    );
    const payouts = all.filter(({ id }) => !failures.has(id));
    const next = left.state === "approved" ? await withMessage(deps, left, connection, payouts) : left;
    await updateBatch(tx, next);
    const ended = await rejectUnsent(deps, tx, gone, endpoints);
    const { drafts, holds } = await sendPayouts(deps, tx, payouts, at);
    const posted = await postWithHolds(tx, day, { drafts, holds: [...holds, ...ended.holds] }, at);
    for (const result of [...posted.journals, ...posted.holds]) {
      if (result.result === "refused") throw new Error(`a payout's own money was refused: ${result.code}`);
    }
    return { instructed: next.state === "instructed" ? next : null, deliveries: ended.deliveries };
  });
  webhooks.deliver(deliveries);
  return instructed;
}

/** Under the locks: the message names those payouts that are sent by it, and no other. */
async function withMessage(
  deps: PayoutsDeps,
  batch: Batch,
  connection: BankConnection,
  payouts: readonly Payout[],
): Promise<Batch> {
  const at = deps.cell.clock.now();
  const transfers = await openTransfers(deps, payouts);
  const message = writePain001(batch.id, connection, transfers, { at, date: dateIn(deps.timeZone, at) });
  const bytes = Buffer.from(message, "utf8");
  return {
    ...batch,
    state: "instructed",
    instruction: await deps.keyring.seal(instructionRecord(batch.id), bytes),
    instructionHash: sha256(bytes),
    instructedAt: at,
    sends: 1,
    uncertain: true,
    dueAt: plus(at, LEASE_MS),
  };
}

/** Marks them sent; gives what the books have of it. */
async function sendPayouts(
  { cell }: PayoutsDeps,
  tx: Tx,
  payouts: readonly Payout[],
  at: Date,
): Promise<{ drafts: JournalDraft[]; holds: HoldCommand[] }> {
  await updatePayouts(
    tx,
    payouts.map((payout): Payout => ({ ...payout, state: "sent", sentAt: at })),
  );
  const sourcesOf = await sourcesOfPayouts(
    tx,
    payouts.map(({ id }) => id),
  );
  const sent = payouts.flatMap((payout) =>
    sourcesOf(payout.id).map((source) => ({ payout, draft: sentJournal(payout, source, cell.newId) })),
  );
  // What partners and receivers are owed is kept for a payout by its own rows.
  const holds = sent
    .filter(({ payout }) => payout.payeeKind === "merchant")
    .map(({ payout, draft }) => ({
      hold: "capture" as const,
      id: payout.id,
      account: holdAccount(payout),
      journalId: draft.id,
    }));
  return { drafts: sent.map(({ draft }) => draft), holds };
}

/** The message as it was persisted. */
export async function openInstruction(deps: PayoutsDeps, batch: Batch): Promise<string> {
  if (batch.instruction === null) throw new Error(`the batch ${batch.id} has no message yet`);
  const bytes = await deps.keyring.open(instructionRecord(batch.id), batch.instruction);
  if (!sha256(bytes).equals(batch.instructionHash as Buffer)) {
    throw new Error(`the message of the batch ${batch.id} is not the one that was persisted`);
  }
  return bytes.toString("utf8");
}

const PAGE = 100;

/** Wraps messages anew after the master key was replaced; gives how many. Safe to repeat. */
export async function rewrapInstructions(deps: PayoutsDeps): Promise<number> {
  let rewrapped = 0;
  let after: Id | null = null;
  for (;;) {
    const rows: SealedInstruction[] = await instructionsAfter(deps.cell.db, after, PAGE);
    for (const row of rows) {
      if (!deps.keyring.isStale(row.instruction)) continue;
      const sealed = await deps.keyring.rewrap(instructionRecord(row.id), row.instruction);
      rewrapped += await deps.cell.transact((tx) => resealInstruction(tx, row, sealed));
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE) return rewrapped;
    after = last.id;
  }
}

async function openTransfers(deps: PayoutsDeps, payouts: readonly Payout[]): Promise<Instructed[]> {
  const ids = [...new Set(payouts.map(({ bankAccountId }) => bankAccountId))];
  const accounts = await bankAccountsByIds(deps.platform.db, ids);
  const numbers = new Map<Id, string>();
  for (const account of accounts) numbers.set(account.id, await openNumber(deps.keyring, account));
  return payouts.map((payout) => {
    const accountNumber = numbers.get(payout.bankAccountId);
    if (accountNumber === undefined) throw new Error(`the bank account of ${payout.id} is not there`);
    return { payout, accountNumber };
  });
}
