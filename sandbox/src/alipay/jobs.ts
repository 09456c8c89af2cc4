import { randomDigits } from "../clock.ts";
import { BusinessRefusal, orRefuse } from "./biz.ts";
import { sandboxBuyer } from "./buyers.ts";
import { type AlipayDeps, keepStep, lockOrder, newTradeNo, transact, type Work } from "./context.ts";
import { refundedOf, refundTrade } from "./machine/refund.ts";
import { openTrade } from "./machine/trade.ts";
import { type Job, jobs, type Order } from "./model.ts";
import { payAs } from "./paying.ts";

const claimMax = 50;
const leaseMs = 60_000;

/**
 * Does everything that has become due for orders. Each job is one transaction and is gone when it commits.
 */
export async function runDueJobs(deps: AlipayDeps, log: (line: string) => void): Promise<true> {
  const now = deps.clock.now();
  const due = await deps.store.claimDue(jobs, now, claimMax, new Date(now.getTime() + leaseMs));
  for (const job of due) {
    await transact(deps, async (unit) => {
      // The order first, as everybody who plans something for it does.
      const order = await lockOrder(unit, job.orderId);
      const current = await unit.tx.lock(jobs, job.id);
      if (!current || current.dueAt > unit.now) return;
      await unit.tx.remove(jobs, job.id);
      if (order) await actOn(unit, order, job).catch(ignoreRefusal);
    }).catch((error: unknown) => log(`job ${job.id}: ${String(error)}`));
  }
  return true;
}

/** What can no longer be done is dropped: a refusal comes before anything is written. */
function ignoreRefusal(error: unknown): void {
  if (!(error instanceof BusinessRefusal)) throw error;
}

async function actOn(unit: Work, order: Order, job: Job): Promise<void> {
  switch (job.kind) {
    case "expire":
    case "finish":
      // Locking the order has written down what time did to it.
      return;
    case "pay":
      if (!order.trade?.payment) await payLate(unit, order);
      return;
    case "reverse":
      await reverse(unit, order, job.amount);
      return;
    case "deposit_back":
      await keepStep(unit, {
        order,
        happened: [{ kind: "deposit_back", outRequestNo: job.outRequestNo! }],
      });
  }
}

/** The buyer's money arrives whatever became of the order meanwhile. */
export async function payLate(unit: Work, order: Order): Promise<Order> {
  const opened = order.trade ? order : orRefuse(openTrade(order, newTradeNo(unit), unit.now)).order;
  return payAs(unit, opened, { buyer: sandboxBuyer, amount: null, voucher: 0n, evenClosed: true });
}

/** Alipay gives the buyer's money back on its own; null is all that is left. */
export async function reverse(unit: Work, order: Order, amount: bigint | null): Promise<Order> {
  const left = (order.trade?.payment?.total ?? 0n) - refundedOf(order);
  const step = refundTrade(order, {
    outRequestNo: `REV${randomDigits(unit.deps.random, 20)}`,
    amount: amount ?? left,
    reason: null,
    now: unit.now,
    by: "channel",
    depositBack: null,
  });
  return keepStep(unit, orRefuse(step));
}
