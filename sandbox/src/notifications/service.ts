import { randomToken, type SandboxClock, type SandboxRandom } from "../clock.ts";
import { type ArmedFaults, type FaultContext, numberParam, textParam } from "../faults/index.ts";
import type { SandboxStore, StoreTx } from "../store/index.ts";
import { type Forgery, type Notification, type NotificationKind, notifications } from "./model.ts";

export type NotificationDraft = {
  kind: NotificationKind;
  newNotifyId: () => string;
  appId: string;
  mchid: string | null;
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
  const { kind } = draft;
  const context: FaultContext = {
    outTradeNo: draft.outTradeNo,
    appId: draft.appId,
    ...(draft.mchid !== null && { mchid: draft.mchid }),
    method: "notification",
  };
  const made = newNotification(deps, draft, now);

  const wrongAmount = await armed.take("notification_wrong_amount", context);
  if (wrongAmount) made.params = kind.withAmountOff(made.params, numberParam(wrongAmount, "delta"));
  const forged = await armed.take("notification_forged", context);
  if (forged) {
    const how = textParam(forged, "how") as Forgery;
    await tx.insert(notifications, { ...newNotification(deps, draft, now), forged: how });
  }
  if (kind.probes && (await armed.take("notification_probe", context))) {
    await tx.insert(notifications, { ...newNotification(deps, draft, now), forged: "probe" });
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

/** Everything that a channel was to tell about an order number (null: about any), newest first. */
export async function notificationsOf(
  store: SandboxStore,
  channel: string,
  outTradeNo: string | null,
): Promise<Notification[]> {
  const options = { limit: 200, ...(outTradeNo !== null && { group: outTradeNo }) };
  const { records } = await store.list(notifications, options);
  return records.filter((notification) => notification.channel === channel);
}

function newNotification(deps: EnqueueDeps, draft: NotificationDraft, now: Date): Notification {
  const { kind, newNotifyId, ...told } = draft;
  return {
    ...told,
    id: `ntf_${randomToken(deps.random, 12)}`,
    channel: kind.name,
    notifyId: newNotifyId(),
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
