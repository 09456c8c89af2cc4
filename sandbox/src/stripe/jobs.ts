import { Refused } from "../refuse.ts";
import { orRefused, payLate } from "./buyer.ts";
import { keepStep, type Locked, lockOrder, type StripeDeps, transact, type Work } from "./context.ts";
import { refundOrder } from "./machine/refund.ts";
import { paidCharge } from "./machine/step.ts";
import { type Job, jobs, type Order, orders } from "./model.ts";

const claimMax = 50;
const leaseMs = 60_000;

/**
 * Does everything that has become due for orders. Each job is one transaction and is gone when it commits.
 */
export async function runDueStripeJobs(deps: StripeDeps, log: (line: string) => void): Promise<true> {
  const now = deps.clock.now();
  const due = await deps.store.claimDue(jobs, now, claimMax, new Date(now.getTime() + leaseMs));
  for (const job of due) {
    await transact(deps, async (unit) => {
      const current = await takeJob(unit, job);
      if (!current) return;
      const locked = await lockOrder(unit, job.orderId);
      if (locked) await actOn(unit, locked, current).catch(ignoreRefusal);
    }).catch((error: unknown) => log(`job ${job.id}: ${String(error)}`));
  }
  return true;
}

/**
 * The order is locked first, as everybody does who plans something for it; then its next job may be planned.
 */
async function takeJob(unit: Work, job: Job): Promise<Job | undefined> {
  await unit.tx.lock(orders, job.orderId);
  const current = await unit.tx.lock(jobs, job.id);
  // Claiming has moved the stored due time to the lease's end; the record still says when it was due.
  if (!current || current.dueAt > unit.now) return undefined;
  await unit.tx.remove(jobs, job.id);
  return current;
}

/** What can no longer be done is dropped: a refusal comes before anything is written. */
function ignoreRefusal(error: unknown): void {
  if (!(error instanceof Refused)) throw error;
}

async function actOn(unit: Work, locked: Locked, job: Job): Promise<void> {
  if (job.kind === "pay" && !paidCharge(locked.order)) await payLate(unit, locked);
  if (job.kind === "reverse") await reverse(unit, locked, job.amount);
}

/**
 * Stripe, or somebody at its dashboard, gives the buyer's money back; null is all that is left.
 * @param failsAfterMs how long after now his bank sends it back; null: never
 */
export function reverse(
  unit: Work,
  { order, moment }: Locked,
  amount: bigint | null,
  failsAfterMs: number | null = null,
): Promise<Order> {
  const asked = { amount, reason: null, metadata: {}, by: "channel", failsAfterMs } as const;
  return keepStep(unit, orRefused(refundOrder(order, asked, moment)));
}
