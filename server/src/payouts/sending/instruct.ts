import { dateIn, MINUTE, plus } from "../../kernel/clock.ts";
import { sha256 } from "../../kernel/crypto.ts";
import { formatId, type Id } from "../../kernel/ids.ts";
import { lockDay, postWithHolds } from "../../ledger/index.ts";
import { openNumber } from "../accounts/number.ts";
import { bankAccountsByIds } from "../accounts/store.ts";
import {
  instructionsAfter,
  lockBatch,
  resealInstruction,
  type SealedInstruction,
  updateBatch,
} from "../batch/store.ts";
import type { PayoutsDeps } from "../deps.ts";
import type { BankConnection, Batch, Payout } from "../model.ts";
import { holdAccount, sentJournal } from "../outcome/postings.ts";
import { sourcesOfPayouts } from "../payout/sources.ts";
import { lockPayoutsOfBatch, payoutsOfBatch, updatePayouts } from "../payout/store.ts";
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
 * others. It is born in doubt: whoever finds it after a crash asks the bank first.
 */
export async function instruct(
  deps: PayoutsDeps,
  batch: Batch,
  connection: BankConnection,
): Promise<Batch | null> {
  const { cell } = deps;
  const transfers = await openTransfers(deps, batch);
  const at = cell.clock.now();
  const message = writePain001(batch.id, connection, transfers, { at, date: dateIn(deps.timeZone, at) });
  const bytes = Buffer.from(message, "utf8");
  const sealed = await deps.keyring.seal(instructionRecord(batch.id), bytes);
  return cell.transact(async (tx) => {
    const day = await lockDay(tx, cell.cell);
    const locked = await lockBatch(tx, batch.id);
    if (locked === null) throw new Error(`the batch ${batch.id} is not there`);
    if (locked.state !== "approved") return null;
    const payouts = await lockPayoutsOfBatch(tx, batch.id);
    const instructed: Batch = {
      ...locked,
      state: "instructed",
      instruction: sealed,
      instructionHash: sha256(bytes),
      instructedAt: at,
      sends: 1,
      uncertain: true,
      dueAt: plus(at, LEASE_MS),
    };
    await updateBatch(tx, instructed);
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
    const drafts = sent.map(({ draft }) => draft);
    // What partners and receivers are owed is kept for a payout by its own rows.
    const holds = sent
      .filter(({ payout }) => payout.payeeKind === "merchant")
      .map(({ payout, draft }) => ({
        hold: "capture" as const,
        id: payout.id,
        account: holdAccount(payout),
        journalId: draft.id,
      }));
    const posted = await postWithHolds(tx, day, { drafts, holds }, at);
    for (const result of [...posted.journals, ...posted.holds]) {
      if (result.result === "refused") throw new Error(`a payout's own money was refused: ${result.code}`);
    }
    return instructed;
  });
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

async function openTransfers(deps: PayoutsDeps, batch: Batch): Promise<Instructed[]> {
  const payouts = await payoutsOfBatch(deps.cell.db, batch.id);
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
