import { randomDigits, type SandboxClock, type SandboxRandom } from "../clock.ts";
import { type ArmedFaults, armedFaults, type FaultContext, numberParam } from "../faults/index.ts";
import type { SandboxStore, StoreTx } from "../store/index.ts";
import { bookEntryOf, paymentEntryId } from "./bill/book.ts";
import type { Step } from "./machine/purchase.ts";
import { book, type Job, jobs, type Lag, type Marks, type Order, orders } from "./model.ts";
import { tell } from "./notify.ts";
import { compactTime } from "./wire/time.ts";

/** What everything in UnionPay's room works with. */
export type UnionpayDeps = {
  store: SandboxStore;
  clock: SandboxClock;
  random: SandboxRandom;
  /** Looks at once for what has become due. */
  wake: () => void;
  /** Where the sandbox is reached, without a trailing slash. */
  url: () => string;
};

/** One transaction over orders, with the instant and the faults it decides by. */
export type Work = {
  tx: StoreTx;
  now: Date;
  armed: ArmedFaults;
  deps: UnionpayDeps;
  /** Whether the transaction wrote something that will be due. */
  madeDue: boolean;
};

/** Runs `work` as one transaction and then looks at once for what it made due. */
export async function transact<R>(deps: UnionpayDeps, work: (unit: Work) => Promise<R>): Promise<R> {
  const { result, madeDue } = await deps.store.transaction(async (tx) => {
    const armed = await armedFaults(tx, deps.random);
    const unit: Work = { tx, now: deps.clock.now(), armed, deps, madeDue: false };
    return { result: await work(unit), madeDue: unit.madeDue };
  });
  if (madeDue) deps.wake();
  return result;
}

/** Locks an order. What time does to it is not written down: it is read off its instants. */
export function lockOrder(unit: Work, id: string): Promise<Order | undefined> {
  return unit.tx.lock(orders, id);
}

/** Writes the order after a step, with all that it causes: the book and notifications. */
export async function keepStep(unit: Work, step: Step): Promise<Order> {
  await unit.tx.update(orders, step.order);
  for (const happening of step.happened) {
    const entry = bookEntryOf(step.order, happening);
    if (entry) await unit.tx.insert(book, entry);
    // A reversed payment was never there: a statement shows neither it nor its reversal.
    else await unit.tx.remove(book, paymentEntryId(step.order));
    if (await tell(unit, step.order, happening)) unit.madeDue = true;
  }
  return step.order;
}

/** Asks for a fault about this order. */
export function faultContext(order: Order, method: string): FaultContext {
  return { outTradeNo: order.orderId, appId: order.merId, mchid: order.merId, method };
}

/** UnionPay's numbers of a new transaction. */
export function newMarks(unit: Work): Marks {
  const { random } = unit.deps;
  return {
    queryId: `${compactTime(unit.now)}${randomDigits(random, 7)}`,
    traceNo: randomDigits(random, 6),
    at: unit.now,
  };
}

/** How many queries will not see a new transaction as it is. */
export async function lagOf(unit: Work, order: Order, method: string): Promise<Lag> {
  const fault = await unit.armed.take("query_lag", faultContext(order, method));
  if (!fault) return { notFound: 0, unknown: 0 };
  return { notFound: numberParam(fault, "not_found"), unknown: numberParam(fault, "unknown") };
}

/** Has an order paid later, whatever became of it. A job with the same id is replaced. */
export async function planPayment(unit: Work, order: Order, dueAt: Date): Promise<void> {
  unit.madeDue = true;
  const job: Job = { id: `${order.id}/pay`, orderRecord: order.id, kind: "pay", dueAt };
  if (!(await unit.tx.insert(jobs, job))) await unit.tx.update(jobs, job);
}
