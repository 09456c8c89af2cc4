import type { SandboxClock, SandboxRandom } from "../clock.ts";
import { type ArmedFaults, armedFaults, type FaultContext, numberParam } from "../faults/index.ts";
import type { SandboxStore, StoreTx } from "../store/index.ts";
import { newId } from "./ids.ts";
import type { Happening, Moment, Step } from "./machine/step.ts";
import { nextAt, settleTime } from "./machine/time.ts";
import {
  type Account,
  accounts,
  type Job,
  jobs,
  movements,
  type NameKind,
  names,
  type Order,
  orders,
  tags,
} from "./model.ts";
import { movementOf } from "./movement.ts";
import { tell } from "./tell.ts";

/** What everything in Stripe's room works with. */
export type StripeDeps = {
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
  deps: StripeDeps;
  /** Whether the transaction wrote something that will be due. */
  madeDue: boolean;
};

/** Runs `work` as one transaction and then looks at once for what it made due. */
export async function transact<R>(deps: StripeDeps, work: (unit: Work) => Promise<R>): Promise<R> {
  const { result, madeDue } = await deps.store.transaction(async (tx) => {
    const armed = await armedFaults(tx, deps.random);
    const unit: Work = { tx, now: deps.clock.now(), armed, deps, madeDue: false };
    return { result: await work(unit), madeDue: unit.madeDue };
  });
  if (madeDue) deps.wake();
  return result;
}

/** What a step of this account's orders decides by. */
export function momentOf(unit: Work, account: Account): Moment {
  return { now: unit.now, account, mint: (prefix) => newId(unit.deps.random, prefix) };
}

export type Locked = { order: Order; moment: Moment };

/** Locks an order as it is now: what time has done to it is written down first. */
export async function lockOrder(unit: Work, id: string): Promise<Locked | undefined> {
  const found = await unit.tx.lock(orders, id);
  if (!found) return undefined;
  const moment = momentOf(unit, (await unit.tx.get(accounts, found.accountId))!);
  const step = settleTime(found, moment);
  return { order: step.order === found ? found : await keepStep(unit, step), moment };
}

/** Writes a new order, with the names of what it begins with. */
export async function keepNew(unit: Work, step: Step): Promise<Order> {
  await unit.tx.insert(orders, step.order);
  if (step.order.session) await keepName(unit, step.order, "session", step.order.session.id);
  return keepStep(unit, step);
}

/** Writes the order after a step, with all that it causes: money, events, and what comes later. */
export async function keepStep(unit: Work, step: Step): Promise<Order> {
  const { order } = step;
  await unit.tx.update(orders, order);
  for (const happening of step.happened) {
    await nameWhatIsNew(unit, order, happening);
    const movement = movementOf(order, happening, unit.now);
    if (movement) await unit.tx.insert(movements, movement);
    if (await tell(unit, order, happening)) unit.madeDue = true;
    if (happening.kind === "paid") await planReversal(unit, order);
  }
  const next = nextAt(order);
  if (next) await plan(unit, order, "settle", next);
  return order;
}

/** Asks for a fault about this order. */
export function faultContext(order: Order, method: string): FaultContext {
  return { outTradeNo: order.orderNo, appId: order.accountId, method };
}

/** Does something to an order later. A job with the same id is replaced. */
export async function plan(
  unit: Work,
  order: Order,
  kind: Job["kind"],
  dueAt: Date,
  amount: bigint | null = null,
): Promise<void> {
  unit.madeDue = true;
  const job: Job = { id: `${order.id}/${kind}`, orderId: order.id, kind, amount, dueAt };
  if (!(await unit.tx.insert(jobs, job))) await unit.tx.update(jobs, job);
}

/** Writes an intent's metadata down for the search, in place of what was there before. */
export async function keepTags(unit: Work, order: Order, before: Record<string, string> = {}): Promise<void> {
  const { id: intentId, metadata } = order.intent!;
  const idOf = (key: string): string => `${intentId}/${key}`;
  for (const key of Object.keys(before)) await unit.tx.remove(tags, idOf(key));
  for (const [key, value] of Object.entries(metadata)) {
    await unit.tx.insert(tags, { id: idOf(key), accountId: order.accountId, key, value, intentId });
  }
}

async function nameWhatIsNew(unit: Work, order: Order, happening: Happening): Promise<void> {
  switch (happening.kind) {
    case "intent_created":
      await keepTags(unit, order);
      return keepName(unit, order, "intent", order.intent!.id);
    case "charge_failed":
    case "charge_succeeded":
      return keepName(unit, order, "charge", happening.chargeId);
    case "refund_created":
      return keepName(unit, order, "refund", happening.refundId);
    case "dispute_created":
      return keepName(unit, order, "dispute", happening.disputeId);
    default:
      return;
  }
}

async function keepName(unit: Work, order: Order, kind: NameKind, id: string): Promise<void> {
  await unit.tx.insert(names, { id, accountId: order.accountId, kind, orderId: order.id });
}

async function planReversal(unit: Work, order: Order): Promise<void> {
  const reverses = await unit.armed.take("channel_reverses_after_success", faultContext(order, "payment"));
  if (!reverses) return;
  const amount = numberParam(reverses, "amount");
  const dueAt = new Date(unit.now.getTime() + numberParam(reverses, "ms"));
  await plan(unit, order, "reverse", dueAt, amount > 0 ? BigInt(amount) : null);
}
