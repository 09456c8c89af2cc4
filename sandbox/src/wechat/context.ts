import { beijingDate } from "../china/beijing.ts";
import { randomDigits, type SandboxClock, type SandboxRandom } from "../clock.ts";
import { type ArmedFaults, armedFaults, type FaultContext } from "../faults/index.ts";
import type { SandboxStore, StoreReader, StoreTx } from "../store/index.ts";
import { bookEntryOf } from "./bill/book.ts";
import { type Happening, type Step, settleTime } from "./machine/order.ts";
import { findRefund } from "./machine/refund.ts";
import { book, type Job, jobs, type Order, orders, refundNumbers } from "./model.ts";
import { tell } from "./notify.ts";

/** What everything in WeChat Pay's room works with. */
export type WechatDeps = {
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
  deps: WechatDeps;
  /** Whether the transaction wrote something that will be due. */
  madeDue: boolean;
};

/** Runs `work` as one transaction and then looks at once for what it made due. */
export async function transact<R>(deps: WechatDeps, work: (unit: Work) => Promise<R>): Promise<R> {
  const { result, madeDue } = await deps.store.transaction(async (tx) => {
    const armed = await armedFaults(tx, deps.random);
    const unit: Work = { tx, now: deps.clock.now(), armed, deps, madeDue: false };
    return { result: await work(unit), madeDue: unit.madeDue };
  });
  if (madeDue) deps.wake();
  return result;
}

/** Locks an order as it is now: what time has done to it is written down first. */
export async function lockOrder(unit: Work, id: string): Promise<Order | undefined> {
  const found = await unit.tx.lock(orders, id);
  if (!found) return undefined;
  const step = settleTime(found, unit.now);
  return step.order === found ? found : keepStep(unit, step);
}

/** The order's id under a transaction's number. */
export async function orderIdOfTransaction(
  reader: StoreReader,
  transactionId: string,
): Promise<string | undefined> {
  return (await reader.find(orders, "transaction_id", transactionId))?.id;
}

/** The order's id under a refund number of a payee. */
export async function orderIdOfRefund(
  reader: StoreReader,
  payee: string,
  outRefundNo: string,
): Promise<string | undefined> {
  return (await reader.get(refundNumbers, `${payee}/${outRefundNo}`))?.orderId;
}

/** Writes the order after a step, with all that it causes: the book, notifications, and what comes later. */
export async function keepStep(unit: Work, step: Step): Promise<Order> {
  await unit.tx.update(orders, step.order);
  for (const happening of step.happened) {
    const entry = bookEntryOf(step.order, happening);
    if (entry) await unit.tx.insert(book, entry);
    if (await tell(unit, step.order, happening)) unit.madeDue = true;
    await planEnd(unit, step.order, happening);
  }
  return step.order;
}

/** Asks for a fault about this order. */
export function faultContext(order: Order, method: string): FaultContext {
  return { outTradeNo: order.outTradeNo, appId: order.appid, mchid: order.mchid, method };
}

/** A transaction's number: 4200000000, the day, and ten digits. */
export function newTransactionId(unit: Work): string {
  return `4200000000${dayDigits(unit)}${randomDigits(unit.deps.random, 10)}`;
}

/** A refund's number: 5030000000, the day, and eleven digits. */
export function newRefundId(unit: Work): string {
  return `5030000000${dayDigits(unit)}${randomDigits(unit.deps.random, 11)}`;
}

/** Does something to an order later. A job with the same id is replaced. */
export async function plan(unit: Work, order: Order, kind: Job["kind"], dueAt: Date, of = ""): Promise<void> {
  unit.madeDue = true;
  const job: Job = { id: `${order.id}/${kind}${of}`, orderId: order.id, kind, dueAt };
  if (!(await unit.tx.insert(jobs, job))) await unit.tx.update(jobs, job);
}

/** The end of a refund is told, so it must not wait until somebody looks. */
async function planEnd(unit: Work, order: Order, happening: Happening): Promise<void> {
  if (happening.kind !== "refund_asked") return;
  const { outRefundNo } = happening;
  await plan(unit, order, "settle", findRefund(order, outRefundNo)!.settlesAt, `/${outRefundNo}`);
}

function dayDigits(unit: Work): string {
  return beijingDate(unit.now).replaceAll("-", "");
}
