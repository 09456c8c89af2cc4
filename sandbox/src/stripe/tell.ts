import { enqueueNotification, type Forgery } from "../notifications/index.ts";
import type { StoreReader } from "../store/index.ts";
import type { Work } from "./context.ts";
import { newId } from "./ids.ts";
import { findDispute } from "./machine/dispute.ts";
import { findRefund } from "./machine/refund.ts";
import { type Happening, paidCharge } from "./machine/step.ts";
import {
  type Endpoint,
  endpoints,
  events,
  type Movement,
  movements,
  type Order,
  type StripeEvent,
} from "./model.ts";
import { stripeNotifications } from "./notification-kind.ts";
import {
  type View,
  viewCharge,
  viewDispute,
  viewEvent,
  viewIntent,
  viewRefund,
  viewSession,
} from "./views.ts";

export const endpointsMax = 16;

/** Writes down the events of what happened, and sends each to the endpoints that want its type. */
export async function tell(unit: Work, order: Order, happening: Happening): Promise<boolean> {
  let told = false;
  for (const [type, object] of await eventsOf(unit, order, happening)) {
    const event: StripeEvent = {
      id: newId(unit.deps.random, "evt_"),
      accountId: order.accountId,
      type,
      object: JSON.stringify(object),
      orderId: order.id,
      createdAt: unit.now,
    };
    await unit.tx.insert(events, event);
    told = (await notify(unit, order, event)) || told;
  }
  return told;
}

/** Sends an event to the endpoints that want it; a forged one where `forgery` says how. */
export async function notify(
  unit: Work,
  order: Order,
  event: StripeEvent,
  forgery: Forgery | null = null,
): Promise<boolean> {
  let sent = false;
  for (const endpoint of await endpointsOf(unit.tx, order.accountId)) {
    if (endpoint.url === null || !wants(endpoint, event.type)) continue;
    sent = true;
    const draft = {
      kind: stripeNotifications,
      newNotifyId: () => event.id,
      appId: order.accountId,
      mchid: null,
      orderId: order.id,
      outTradeNo: order.orderNo,
      url: endpoint.url,
      params: { event_type: event.type, endpoint: endpoint.id, event: JSON.stringify(viewEvent(event)) },
    };
    await enqueueNotification(unit.tx, unit.deps, unit.armed, draft, forgery);
  }
  return sent;
}

/** An account's endpoints, oldest first. */
export async function endpointsOf(reader: StoreReader, accountId: string): Promise<Endpoint[]> {
  return (await reader.list(endpoints, { group: accountId, limit: endpointsMax })).records.reverse();
}

/** The balance transactions of a dispute, oldest first. */
export async function movementsOf(reader: StoreReader, ids: readonly string[]): Promise<Movement[]> {
  const found: Movement[] = [];
  for (const id of ids) {
    const movement = await reader.get(movements, id);
    if (movement) found.push(movement);
  }
  return found;
}

function wants(endpoint: Endpoint, type: string): boolean {
  return endpoint.enabledEvents.includes("*") || endpoint.enabledEvents.includes(type);
}

async function eventsOf(
  unit: Work,
  order: Order,
  happening: Happening,
): Promise<[type: string, object: View][]> {
  const url = unit.deps.url();
  const intent = (type: string): [string, View][] => [[`payment_intent.${type}`, viewIntent(order, url)]];
  const session = (type: string): [string, View][] => [[`checkout.session.${type}`, viewSession(order, url)]];
  switch (happening.kind) {
    case "intent_created":
      return intent("created");
    case "action_required":
      return intent("requires_action");
    case "processing":
      return intent("processing");
    case "paid":
      return intent("succeeded");
    case "payment_failed":
      return intent("payment_failed");
    case "canceled":
      return intent("canceled");
    case "session_completed":
      return session("completed");
    case "session_paid_late":
      return session("async_payment_succeeded");
    case "session_expired":
      return session("expired");
    case "charge_failed":
    case "charge_succeeded": {
      const charge = order.charges.find((one) => one.id === happening.chargeId)!;
      return [[`charge.${charge.status}`, viewCharge(order, charge)]];
    }
    case "refund_created":
    case "refund_updated":
    case "refund_failed":
      return refundEvents(order, happening);
    case "dispute_created":
    case "dispute_closed":
      return disputeEvents(unit, order, happening);
  }
}

function refundEvents(order: Order, happening: Extract<Happening, { refundId: string }>): [string, View][] {
  const view = viewRefund(order, findRefund(order, happening.refundId)!);
  switch (happening.kind) {
    case "refund_created":
      return [
        ["refund.created", view],
        ["charge.refunded", viewCharge(order, paidCharge(order)!)],
      ];
    case "refund_updated":
      return [["refund.updated", view]];
    case "refund_failed":
      return [
        ["refund.updated", view],
        ["refund.failed", view],
      ];
  }
}

async function disputeEvents(
  unit: Work,
  order: Order,
  happening: Extract<Happening, { disputeId: string }>,
): Promise<[string, View][]> {
  const dispute = findDispute(order, happening.disputeId)!;
  const view = viewDispute(order, dispute, await movementsOf(unit.tx, dispute.movementIds));
  if (happening.kind === "dispute_created") {
    return [
      ["charge.dispute.created", view],
      ["charge.dispute.funds_withdrawn", view],
    ];
  }
  const closed: [string, View][] = [["charge.dispute.closed", view]];
  if (dispute.status === "won") closed.push(["charge.dispute.funds_reinstated", view]);
  return closed;
}
