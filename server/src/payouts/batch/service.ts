/** Batches: proposed by one person, approved by another, never above the confirmed reserve. */

import type { Tx } from "../../kernel/database.ts";
import { problem } from "../../kernel/errors.ts";
import { formatId, type Id, parseId } from "../../kernel/ids.ts";
import type { Currency } from "../../kernel/money.ts";
import { accountIdOf, bookIdOf, openPlatformAccounts, platformOwner } from "../../ledger/index.ts";
import type { Actor, Approval, ApprovalAction } from "../../operators/index.ts";
import { connectionByName } from "../accounts/store.ts";
import type { PayoutsDeps } from "../deps.ts";
import { BATCH_MAX, BATCH_SOURCES_MAX, type BankConnection, type Batch, type Payout } from "../model.ts";
import { countSources } from "../payout/sources.ts";
import { lockPayoutsOfBatch, lockWaiting, updatePayouts } from "../payout/store.ts";
import { unpayable } from "../payout/unsent.ts";
import { type Funds, fundsOf, lockFunds, openFunds, refusalOfFunds } from "./funds.ts";
import { batchById, insertBatch, lockBatch, updateBatch } from "./store.ts";

export const APPROVE_KIND = "payout_batch.approve";
export const RESEND_KIND = "payout_batch.resend";
/** In a sentence for people. */
const NAMED_MAX = 5;
const some = (ids: readonly string[]) => ids.slice(0, NAMED_MAX).join(", ");

export type Proposed = { readonly batch: Batch; readonly approval: Approval };

/** Throws `not_found`. */
export async function getBatch(deps: PayoutsDeps, id: Id): Promise<Batch> {
  const batch = await batchById(deps.cell.db, id);
  if (batch === null) throw problem("not_found");
  return batch;
}

/** The connection that a batch is paid from. Throws `invalid_request`. */
export async function reserveConnection(deps: PayoutsDeps, name: string): Promise<BankConnection> {
  const connection = await connectionByName(deps.platform.db, name);
  if (connection === null) {
    throw problem("invalid_request", { field: "connection", detail: `there is no bank connection ${name}` });
  }
  if (connection.holds === "reserve") return connection;
  throw problem("invalid_request", {
    field: "connection",
    detail: "payees are paid from an account that holds the reserve, never from our own money",
  });
}

export function reserveAccount(cell: number, currency: Currency): Id {
  return accountIdOf(bookIdOf("platform", platformOwner(cell)), "bank_reserve", currency, null);
}

/** What the confirmed reserve of a currency still covers. */
export async function funds(deps: PayoutsDeps, currency: Currency): Promise<Funds> {
  return fundsOf(deps.cell.db, reserveAccount(deps.cell.cell, currency), currency);
}

/** Whatever a batch's postings touch, opened before any of them. Safe to repeat. */
export async function openForPayouts(deps: PayoutsDeps, currency: Currency): Promise<void> {
  const { cell } = deps;
  const needs = { cell: cell.cell, currency };
  await cell.transact((tx) => openPlatformAccounts(tx, needs, cell.clock.now()), { repeatable: true });
  await cell.transact((tx) => openFunds(tx, currency), { repeatable: true });
}

export function newBatch(
  deps: PayoutsDeps,
  actor: Actor,
  connection: BankConnection,
  payouts: readonly Payout[],
): Batch {
  return {
    id: deps.cell.newId(),
    connection: connection.name,
    currency: connection.currency,
    state: "proposed",
    payouts: payouts.length,
    amount: payouts.reduce((sum, { amount }) => sum + amount, 0n),
    proposedBy: actor.operator.id,
    approvedBy: null,
    createdAt: deps.cell.clock.now(),
    approvedAt: null,
    instruction: null,
    instructionHash: null,
    instructedAt: null,
    sends: 0,
    asks: 0,
    uncertain: false,
    bankHasIt: false,
    resendApproved: false,
    needsPeople: false,
    lastError: null,
    dueAt: null,
    endedAt: null,
  };
}

/**
 * Gathers payouts that wait, the oldest first (or those named), and proposes to pay them. Throws
 * `invalid_request`, and `conflict` where none waits or one that is named does not.
 */
export async function proposeBatch(
  deps: PayoutsDeps,
  actor: Actor,
  wanted: { readonly connection: string; readonly payouts: readonly Id[] | null },
): Promise<Proposed> {
  const connection = await reserveConnection(deps, wanted.connection);
  await openForPayouts(deps, connection.currency);
  const batch = await deps.cell.transact(async (tx) => {
    const waiting = await lockWaiting(tx, connection.currency, wanted.payouts, BATCH_MAX);
    if (wanted.payouts !== null && waiting.length < new Set(wanted.payouts).size) {
      const found = new Set(waiting.map(({ id }) => id));
      const missing = wanted.payouts.filter((id) => !found.has(id)).map((id) => formatId("pyt", id));
      throw problem("conflict", {
        field: "payouts",
        detail: `${some(missing)} is not waiting for a batch in ${connection.currency}`,
      });
    }
    if (waiting.length === 0) throw problem("conflict", { detail: "no payout waits for a batch" });
    const gathered = await withinSources(tx, waiting);
    if (wanted.payouts !== null && gathered.length < waiting.length) {
      throw problem("conflict", {
        field: "payouts",
        detail: `their money comes from more than ${BATCH_SOURCES_MAX} merchants' books: name fewer`,
      });
    }
    const made = newBatch(deps, actor, connection, gathered);
    await insertBatch(tx, made);
    await updatePayouts(
      tx,
      gathered.map((payout) => ({ ...payout, batchId: made.id })),
    );
    return made;
  });
  return { batch, approval: await proposeApproval(deps, actor, batch) };
}

/** The first of them that one transaction can send. */
async function withinSources(tx: Tx, waiting: readonly Payout[]): Promise<Payout[]> {
  const counts = await countSources(
    tx,
    waiting.map(({ id }) => id),
  );
  let room = BATCH_SOURCES_MAX;
  return waiting.filter(({ id }) => {
    room -= counts.get(id) ?? 1;
    return room >= 0;
  });
}

/** Asks for the second person. The batch is there already: a crash in between leaves one to propose again. */
export async function proposeApproval(deps: PayoutsDeps, actor: Actor, batch: Batch): Promise<Approval> {
  return deps.operators.propose(actor, {
    kind: APPROVE_KIND,
    subject: formatId("pyb", batch.id),
    payload: {
      connection: batch.connection,
      currency: batch.currency.trim(),
      payouts: batch.payouts,
      amount: Number(batch.amount),
    },
    reason: null,
  });
}

/**
 * Takes a proposed batch apart: its payouts wait again. One that was approved meanwhile stays. Throws
 * `not_found`, `conflict`.
 */
export async function dissolveBatch(deps: PayoutsDeps, actor: Actor, id: Id): Promise<Batch> {
  const dissolved = await deps.cell.transact(async (tx) => {
    const batch = await lockBatch(tx, id);
    if (batch === null) throw problem("not_found");
    if (batch.state === "dissolved") return batch;
    if (batch.state !== "proposed") throw problem("conflict", { detail: `the batch is ${batch.state}` });
    const payouts = await lockPayoutsOfBatch(tx, id);
    const after: Batch = { ...batch, state: "dissolved", endedAt: deps.cell.clock.now() };
    await updateBatch(tx, after);
    await updatePayouts(
      tx,
      payouts.map((payout) => ({ ...payout, batchId: null })),
    );
    return after;
  });
  await deps.operators.auditAlone(actor, {
    action: "payout_batch.dissolved",
    subject: formatId("pyb", id),
    before: { state: "proposed" },
    after: { state: dissolved.state },
  });
  return dissolved;
}

/** Sends an approved batch on its way. `approved`: what else is to happen then, such as a worker's look. */
export function approveAction(deps: PayoutsDeps, approved: () => void): ApprovalAction {
  return {
    kind: APPROVE_KIND,
    permission: "payouts.approve",
    carryOut: async (approval) => {
      const id = parseId("pyb", approval.subject);
      if (id === null) return { refused: `${approval.subject} is no batch` };
      const outcome = await approve(deps, id, approval);
      if ("done" in outcome) approved();
      return outcome;
    },
  };
}

/**
 * Under the lock of the currency's funds row: two batches that together exceed the reserve wait for each
 * other here, and the second one sees the first among what is instructed.
 */
async function approve(
  deps: PayoutsDeps,
  id: Id,
  approval: Approval,
): Promise<{ done: true } | { refused: string }> {
  const { cell } = deps;
  return cell.transact(async (tx) => {
    const batch = await lockBatch(tx, id);
    if (batch === null) return { refused: "the batch does not exist" };
    if (batch.state === "approved" || batch.state === "instructed" || batch.state === "done") {
      return { done: true as const };
    }
    if (batch.state !== "proposed") return { refused: `the batch was ${batch.state}; propose another` };
    const payouts = await lockPayoutsOfBatch(tx, id);
    await refuseUnpayable(deps, payouts);
    const { currency } = batch;
    await lockFunds(tx, currency);
    const refusal = await refusalOfFunds(deps, tx, batch, reserveAccount(cell.cell, currency));
    // Thrown, so that it may be approved again once the reserve covers it.
    if (refusal !== null) throw refusal;
    const at = cell.clock.now();
    const approvedBy = approval.decidedBy;
    await updateBatch(tx, { ...batch, state: "approved", approvedBy, approvedAt: at, dueAt: at });
    await updatePayouts(
      tx,
      payouts.map((payout) => ({ ...payout, state: "approved" as const })),
    );
    return { done: true as const };
  });
}

/** Thrown, so that the batch may be approved again once those that are named have left it. */
async function refuseUnpayable(deps: PayoutsDeps, payouts: readonly Payout[]): Promise<void> {
  const found = await unpayable(deps, payouts);
  const [first] = found.values();
  if (first === undefined) return;
  const ids = [...found.keys()].map((id) => formatId("pyt", id));
  throw problem("payout_account_stopped", {
    detail: `${some(ids)}: ${first.message}`,
    members: { payouts: ids },
  });
}

/**
 * Proposes to send a batch's message once more, where the bank says in writing that it never had it. Throws
 * `not_found`, and `conflict` for a batch that no person is waited for.
 */
export async function proposeResend(
  deps: PayoutsDeps,
  actor: Actor,
  id: Id,
  evidence: string,
): Promise<Approval> {
  const batch = await getBatch(deps, id);
  if (!batch.needsPeople) {
    throw problem("conflict", { detail: "the bank has not said that it never had this batch" });
  }
  return deps.operators.propose(actor, {
    kind: RESEND_KIND,
    subject: formatId("pyb", id),
    payload: { evidence, sends: batch.sends },
    reason: evidence,
  });
}

/** Carries out an approved resend: the worker asks once more, and then sends the same message. */
export function resendAction(deps: PayoutsDeps, approved: () => void): ApprovalAction {
  return {
    kind: RESEND_KIND,
    permission: "payouts.approve",
    carryOut: async (approval) => {
      const id = parseId("pyb", approval.subject);
      if (id === null) return { refused: `${approval.subject} is no batch` };
      const at = deps.cell.clock.now();
      const outcome = await deps.cell.transact(async (tx) => {
        const batch = await lockBatch(tx, id);
        if (batch === null) return { refused: "the batch does not exist" };
        // Sent since, by this very approval before a crash or by another one.
        if (batch.sends !== approval.payload.sends) return { done: true as const };
        if (batch.state !== "instructed" || batch.bankHasIt) return { refused: "the bank has it" };
        await updateBatch(tx, { ...batch, resendApproved: true, needsPeople: false, dueAt: at });
        return { done: true as const };
      });
      if ("done" in outcome) approved();
      return outcome;
    },
  };
}
