import { randomDigits, randomToken, type SandboxClock, type SandboxRandom } from "../clock.ts";
import { type ArmedFaults, type FaultContext, numberParam, textParam } from "../faults/index.ts";
import type { SandboxStore, StoreTx } from "../store/index.ts";
import { type Forgery, type Notification, notifications } from "./model.ts";

export type NotificationDraft = {
  appId: string;
  orderId: string;
  outTradeNo: string;
  url: string;
  params: Record<string, string>;
};

export type EnqueueDeps = { clock: SandboxClock; random: SandboxRandom };

/**
 * Writes a notification that is due at once, misbehaving as the armed faults tell; or, where `forgery` is
 * given, a forged one.
 */
export async function enqueueNotification(
  tx: StoreTx,
  deps: EnqueueDeps,
  armed: ArmedFaults,
  draft: NotificationDraft,
  forgery: Forgery | null = null,
): Promise<void> {
  const now = deps.clock.now();
  if (forgery) {
    await tx.insert(notifications, { ...newNotification(deps, draft, now), forged: forgery });
    return;
  }
  const context: FaultContext = { outTradeNo: draft.outTradeNo, appId: draft.appId, method: "notification" };
  const made = newNotification(deps, draft, now);

  const wrongAmount = await armed.take("notification_wrong_amount", context);
  if (wrongAmount) made.params = withAmountOff(made.params, numberParam(wrongAmount, "delta"));
  const forged = await armed.take("notification_forged", context);
  if (forged) {
    const how = textParam(forged, "how") as Forgery;
    await tx.insert(notifications, { ...newNotification(deps, draft, now), forged: how });
  }
  const duplicate = await armed.take("notification_duplicate", context);
  if (duplicate) made.copies = numberParam(duplicate, "copies");
  const late = await armed.take("notification_late", context);
  if (late) made.dueAt = new Date(now.getTime() + numberParam(late, "ms"));
  const reordered = await armed.take("notification_reordered", context);
  if (reordered) {
    made.held = true;
    made.dueAt = new Date(now.getTime() + numberParam(reordered, "ms"));
  }
  if (await armed.take("notification_lost", context)) {
    made.state = "lost";
    made.dueAt = null;
  }
  await tx.insert(notifications, made);
}

/** Makes a notification due now, whatever became of it; undefined when there is none. */
export function resendNotification(
  deps: EnqueueDeps & { store: SandboxStore },
  id: string,
): Promise<Notification | undefined> {
  return deps.store.transaction(async (tx) => {
    const known = await tx.lock(notifications, id);
    if (!known) return undefined;
    const due = { ...known, dueAt: deps.clock.now(), held: false };
    await tx.update(notifications, due);
    return due;
  });
}

/** Everything that was to be told about an order number, newest first. */
export async function notificationsOf(store: SandboxStore, outTradeNo: string): Promise<Notification[]> {
  return (await store.list(notifications, { group: outTradeNo, limit: 200 })).records;
}

/** The same parameters with `delta` fen more in total_amount. */
export function withAmountOff(params: Record<string, string>, delta: number): Record<string, string> {
  const fen = BigInt((params.total_amount ?? "0.00").replace(".", "")) + BigInt(delta);
  const digits = (fen < 1n ? 1n : fen).toString().padStart(3, "0");
  return { ...params, total_amount: `${digits.slice(0, -2)}.${digits.slice(-2)}` };
}

function newNotification(deps: EnqueueDeps, draft: NotificationDraft, now: Date): Notification {
  const day = draft.params.gmt_create?.slice(0, 10).replaceAll("-", "") ?? "";
  return {
    ...draft,
    id: `ntf_${randomToken(deps.random, 12)}`,
    notifyId: `${day}${randomDigits(deps.random, 26)}`,
    state: "pending",
    dueAt: now,
    scheduled: 0,
    copies: 0,
    held: false,
    forged: null,
    tries: [],
    createdAt: now,
  };
}
