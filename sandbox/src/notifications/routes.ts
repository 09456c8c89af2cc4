import type { FastifyInstance } from "fastify";
import { Refused } from "../refuse.ts";
import type { SandboxStore } from "../store/index.ts";
import type { Notification, NotificationKind } from "./model.ts";
import { type EnqueueDeps, notificationsOf, resendNotification } from "./service.ts";

export type NotificationRouteDeps = EnqueueDeps & { store: SandboxStore; wake: () => void };

/** The log of every try of one channel, and sending one again. */
export function registerNotificationRoutes(
  app: FastifyInstance,
  deps: NotificationRouteDeps,
  { name }: NotificationKind,
): void {
  app.get(`/${name}/notifications`, async (request) => {
    const { out_trade_no: outTradeNo } = request.query as { out_trade_no?: string };
    const found = await notificationsOf(deps.store, name, outTradeNo || null);
    return { data: found.map(viewNotification) };
  });
  app.post(`/${name}/notifications/:id/resend`, async (request, reply) => {
    const { id } = request.params as { id: string };
    const due = await resendNotification(deps, id);
    if (!due) throw new Refused(404, "notification_unknown", `There is no notification ${id}.`);
    deps.wake();
    return reply.code(202).send(viewNotification(due));
  });
}

function viewNotification(notification: Notification): object {
  return {
    id: notification.id,
    notify_id: notification.notifyId,
    app_id: notification.appId,
    mchid: notification.mchid ?? undefined,
    out_trade_no: notification.outTradeNo,
    url: notification.url,
    trade_status: notification.params.trade_status,
    state: notification.state,
    forged: notification.forged,
    due_at: notification.dueAt?.toISOString() ?? null,
    params: notification.params,
    tries: notification.tries.map((made) => ({
      at: made.at.toISOString(),
      status: made.status,
      body: made.body,
      error: made.error,
      duration_ms: made.durationMs,
    })),
    created_at: notification.createdAt.toISOString(),
  };
}
