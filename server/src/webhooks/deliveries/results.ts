import type { Database, Tx } from "../../kernel/database.ts";
import type { Id } from "../../kernel/ids.ts";
import { afterFailure, type DeliveryProgress, settle, type TryResult } from "../model.ts";
import { clearHealth, type HealthRow, lockHealth, readHealth, saveHealth } from "./health-store.ts";
import { insertFailedTries, lockDeliveries, type NewTryRow, updateDeliveries } from "./store.ts";

/** What became of a result. */
export type Written = "delivered" | "scheduled" | "dead" | "known";

/**
 * Writes the results of many tries in one transaction. Writing the same results again changes nothing; a
 * result of a delivery that is gone is known.
 */
export function writeResults(cell: Database, results: readonly TryResult[]): Promise<readonly Written[]> {
  return cell.transact(
    async (tx) => {
      // Sent with the lock: one look while nothing fails and nothing did. What else there is to note comes
      // after, one statement at a time, so that the locks are always taken in one order.
      const [written, quiet] = await Promise.all([settleAll(tx, results), isQuiet(tx, results)]);
      if (!quiet) await noteHealth(tx, results);
      return written;
    },
    { repeatable: true },
  );
}

async function settleAll(tx: Tx, results: readonly TryResult[]): Promise<readonly Written[]> {
  const ids = [...new Set(results.map(({ deliveryId }) => deliveryId))];
  const present = new Map((await lockDeliveries(tx, ids)).map((row) => [row.id, row]));
  const changed = new Map<Id, DeliveryProgress>();
  const failed: NewTryRow[] = [];
  const written = results.map((result): Written => {
    // Two tries of one delivery may end in one batch: the second sees what the first made of it.
    const delivery = present.get(result.deliveryId);
    const next = delivery === undefined ? null : settle(delivery, result);
    if (delivery === undefined || next === null) return "known";
    present.set(next.id, next);
    changed.set(next.id, next);
    if (result.error !== null && next.tries > delivery.tries)
      failed.push(failedTry(next, result.error, result));
    return next.state;
  });
  if (changed.size > 0) await updateDeliveries(tx, [...changed.values()]);
  if (failed.length > 0) await insertFailedTries(tx, failed);
  return written;
}

function failedTry(delivery: DeliveryProgress, error: string, result: TryResult): NewTryRow {
  return {
    deliveryId: delivery.id,
    number: delivery.tries,
    startedAt: result.startedAt,
    durationMs: delivery.lastDurationMs ?? 0,
    status: result.status,
    error,
    answer: result.answer,
  };
}

/** Whether every endpoint took its delivery, and none of them is noted as failing. */
async function isQuiet(tx: Tx, results: readonly TryResult[]): Promise<boolean> {
  if (results.some(({ fault }) => fault !== null)) return false;
  const endpointIds = [...new Set(results.map(({ endpointId }) => endpointId))];
  return (await readHealth(tx, endpointIds)).length === 0;
}

/** The last result of each endpoint says how it fares; a success clears whatever was noted before. */
async function noteHealth(tx: Tx, results: readonly TryResult[]): Promise<void> {
  const inOrder = results
    .filter(({ fault }) => fault !== "endpoint_disabled")
    .toSorted((a, b) => a.endedAt.getTime() - b.endedAt.getTime());
  if (inOrder.length === 0) return;
  const endpointIds = [...new Set(inOrder.map(({ endpointId }) => endpointId))];
  await lockHealth(tx);
  const noted = await readHealth(tx, endpointIds);
  const health = new Map<Id, HealthRow>(noted.map((row) => [row.endpointId, row]));
  for (const result of inOrder) {
    const { endpointId, status, error } = result;
    if (error === null) health.delete(endpointId);
    else {
      const next = afterFailure(health.get(endpointId) ?? null, result);
      health.set(endpointId, { endpointId, ...next, lastStatus: status, lastError: error });
    }
  }
  const recovered = noted.map((row) => row.endpointId).filter((endpointId) => !health.has(endpointId));
  if (recovered.length > 0) await clearHealth(tx, recovered);
  if (health.size > 0) await saveHealth(tx, [...health.values()]);
}
