import { MINUTE, plus, SECOND } from "../../kernel/clock.ts";
import { startDueWorker } from "../../kernel/due.ts";
import type { Id } from "../../kernel/ids.ts";
import type { PayoutsDeps } from "../deps.ts";
import type { PayoutWorkers } from "../sending/workers.ts";
import { bookOwnSides, RECEIPT_LEASE_MS } from "./receipts.ts";
import { claimReceipts } from "./receipts-store.ts";
import { readCommissions } from "./told.ts";

/** A month's file takes some seconds to read and book. */
const LEASE_MS = 5 * MINUTE;
const IDLE_MS = 2 * SECOND;
/** Only what a crash left is found here. */
const SIDES_IDLE_MS = 30 * SECOND;

/**
 * Starts, beside the others, what reads commission statements, and what books the sides of receipts that a
 * crash left; any number of processes may.
 */
export function withCommissionWorkers(deps: PayoutsDeps, others: PayoutWorkers): PayoutWorkers {
  const { cell, log, commissionStatements } = deps;
  const common = { clock: cell.clock, log, concurrencyMax: 1 };
  const told = startDueWorker<Id>({
    ...common,
    name: "commissions",
    idleMs: IDLE_MS,
    claim: (limit) => {
      const now = cell.clock.now();
      return cell.transact((tx) => commissionStatements.claim(tx, now, plus(now, LEASE_MS), limit));
    },
    handle: (statementId) => readCommissions(deps, statementId),
  });
  const receipts = startDueWorker<Id>({
    ...common,
    name: "commission_receipts",
    idleMs: SIDES_IDLE_MS,
    claim: (limit) => {
      const now = cell.clock.now();
      return cell.transact((tx) => claimReceipts(tx, now, plus(now, RECEIPT_LEASE_MS), limit));
    },
    handle: (id) => bookOwnSides(deps, [id]),
  });
  return {
    ...others,
    stop: async () => {
      await Promise.all([others.stop(), told.stop(), receipts.stop()]);
    },
    gauges: { ...others.gauges, commissions: told.gauges, commission_receipts: receipts.gauges },
  };
}
