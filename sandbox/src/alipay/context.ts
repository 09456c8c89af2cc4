import { beijingDate } from "../china/beijing.ts";
import { randomDigits, type SandboxClock, type SandboxRandom } from "../clock.ts";
import { type ArmedFaults, armedFaults, type FaultContext, numberParam } from "../faults/index.ts";
import { enqueueNotification, type Forgery } from "../notifications/index.ts";
import type { SandboxStore, StoreReader, StoreTx } from "../store/index.ts";
import { bookEntryOf } from "./bill/book.ts";
import { type Happening, refundWindowMs, type Step, settleTime } from "./machine/trade.ts";
import { book, type Job, jobs, type Order, orders } from "./model.ts";
import { alipayNotifications } from "./notification-kind.ts";
import { notificationParams, pushes } from "./notify.ts";

/** What everything in Alipay's room works with. */
export type AlipayDeps = {
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
  deps: AlipayDeps;
  /** Whether the transaction wrote something that will be due. */
  madeDue: boolean;
};

/** Runs `work` as one transaction and then looks at once for what it made due. */
export async function transact<R>(deps: AlipayDeps, work: (unit: Work) => Promise<R>): Promise<R> {
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

/** The order's id under a trade number. */
export async function orderIdOfTrade(reader: StoreReader, tradeNo: string): Promise<string | undefined> {
  return (await reader.find(orders, "trade_no", tradeNo))?.id;
}

/**
 * Writes the order after a step, with all that the step causes: the book, notifications, and what comes
 * later.
 */
export async function keepStep(unit: Work, step: Step): Promise<Order> {
  const { tx } = unit;
  await tx.update(orders, step.order);
  for (const happening of step.happened) {
    await recordInBook(unit, step.order, happening);
    await tell(unit, step.order, happening);
    await planWhatFollows(unit, step.order, happening);
  }
  return step.order;
}

/** Asks for a fault about this order. */
export function faultContext(order: Order, method: string): FaultContext {
  return { outTradeNo: order.outTradeNo, appId: order.appId, method };
}

/** A trade number in Alipay's form: the day, 22001, and 15 digits. */
export function newTradeNo(unit: Work): string {
  return `${beijingDate(unit.now).replaceAll("-", "")}22001${randomDigits(unit.deps.random, 15)}`;
}

/** Does something to an order later. A job with the same id is replaced. */
export async function plan(unit: Work, job: Job): Promise<void> {
  unit.madeDue = true;
  if (!(await unit.tx.insert(jobs, job))) await unit.tx.update(jobs, job);
}

/**
 * Plans the end of an unpaid trade where its product tells the merchant of it; elsewhere it is noticed when
 * looked at.
 */
export async function planExpiry(unit: Work, order: Order): Promise<void> {
  if (!order.notifyUrl || !pushes(order.scene, { kind: "closed" })) return;
  await plan(unit, jobOf(order, "expire", order.expiresAt));
}

export function jobOf(order: Order, kind: Job["kind"], dueAt: Date, more: Partial<Job> = {}): Job {
  return {
    id: `${order.id}/${kind}`,
    orderId: order.id,
    kind,
    amount: null,
    outRequestNo: null,
    ...more,
    dueAt,
  };
}

async function recordInBook(unit: Work, order: Order, happening: Happening): Promise<void> {
  const entry = bookEntryOf(order, happening);
  if (entry) await unit.tx.insert(book, entry);
}

async function tell(unit: Work, order: Order, happening: Happening): Promise<void> {
  if (!order.notifyUrl || !pushes(order.scene, happening)) return;
  await notify(unit, order, notificationParams(order, happening));
}

/** Writes a notification about the order, for its notify_url; a forged one where `forgery` says how. */
export async function notify(
  unit: Work,
  order: Order,
  params: Record<string, string>,
  forgery: Forgery | null = null,
): Promise<void> {
  const { appId, id, outTradeNo, notifyUrl } = order;
  if (!notifyUrl) return;
  unit.madeDue = true;
  const day = params.gmt_create?.slice(0, 10).replaceAll("-", "") ?? "";
  const draft = {
    kind: alipayNotifications,
    newNotifyId: () => `${day}${randomDigits(unit.deps.random, 26)}`,
    appId,
    mchid: null,
    orderId: id,
    outTradeNo,
    url: notifyUrl,
    params,
  };
  await enqueueNotification(unit.tx, unit.deps, unit.armed, draft, forgery);
}

async function planWhatFollows(unit: Work, order: Order, happening: Happening): Promise<void> {
  if (happening.kind === "paid") {
    const { paidAt } = order.trade!.payment!;
    if (order.notifyUrl && pushes(order.scene, { kind: "finished" })) {
      await plan(unit, jobOf(order, "finish", new Date(paidAt.getTime() + refundWindowMs)));
    }
    const reverses = await unit.armed.take("channel_reverses_after_success", faultContext(order, "payment"));
    if (reverses) {
      const dueAt = new Date(unit.now.getTime() + numberParam(reverses, "ms"));
      const amount = numberParam(reverses, "amount");
      await plan(unit, jobOf(order, "reverse", dueAt, { amount: amount > 0 ? BigInt(amount) : null }));
    }
  }
  if (happening.kind === "refunded") {
    const refund = order.refunds.find((one) => one.outRequestNo === happening.outRequestNo);
    if (!refund?.depositBack || !order.notifyUrl) return;
    const { outRequestNo } = refund;
    const job = jobOf(order, "deposit_back", refund.depositBack.settlesAt, { outRequestNo });
    await plan(unit, { ...job, id: `${job.id}/${outRequestNo}` });
  }
}
