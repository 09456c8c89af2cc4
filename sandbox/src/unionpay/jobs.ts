import { Refused } from "../refuse.ts";
import { payAs } from "./buyer.ts";
import { lockOrder, transact, type UnionpayDeps } from "./context.ts";
import { jobs } from "./model.ts";

const claimMax = 50;
const leaseMs = 60_000;

/**
 * Does everything that has become due for orders. Each job is one transaction and is gone when it commits.
 */
export async function runDueUnionpayJobs(deps: UnionpayDeps, log: (line: string) => void): Promise<true> {
  const now = deps.clock.now();
  const due = await deps.store.claimDue(jobs, now, claimMax, new Date(now.getTime() + leaseMs));
  for (const job of due) {
    await transact(deps, async (unit) => {
      // The order first, as everybody who plans something for it does.
      const order = await lockOrder(unit, job.orderRecord);
      const current = await unit.tx.lock(jobs, job.id);
      if (!current || current.dueAt > unit.now) return;
      await unit.tx.remove(jobs, job.id);
      if (order) await payAs(unit, order, { amount: null, evenOver: true }).catch(ignoreRefusal);
    }).catch((error: unknown) => log(`job ${job.id}: ${String(error)}`));
  }
  return true;
}

/** What can no longer be done is dropped: a refusal comes before anything is written. */
function ignoreRefusal(error: unknown): void {
  if (!(error instanceof Refused)) throw error;
}
