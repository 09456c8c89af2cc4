import { cardNamed } from "./cards.ts";
import { refundedOf } from "./machine/refund.ts";
import { paidCharge } from "./machine/step.ts";
import type { Charge, Dispute, Endpoint, Failure, Movement, Order, Refund, StripeEvent } from "./model.ts";

// Stripe's objects. What can be expanded is an id here. Fields that the sandbox gives no life are left out.

export type View = Record<string, unknown>;

export const apiVersion = "2026-10-28.endive";

/** Unix seconds, as Stripe tells time. */
export function seconds(at: Date): number {
  return Math.floor(at.getTime() / 1_000);
}

export function viewSession(order: Order, url: string): View {
  const session = order.session!;
  const open = session.status === "open";
  return {
    id: session.id,
    object: "checkout.session",
    amount_subtotal: Number(order.amount),
    amount_total: Number(order.amount),
    cancel_url: session.cancelUrl,
    client_reference_id: session.clientReferenceId,
    created: seconds(session.createdAt),
    currency: order.currency,
    customer: null,
    customer_email: session.customerEmail,
    expires_at: seconds(session.expiresAt),
    livemode: false,
    metadata: session.metadata,
    mode: "payment",
    payment_intent: order.intent?.id ?? null,
    payment_method_types: ["card"],
    payment_status: session.paymentStatus,
    status: session.status,
    success_url: session.successUrl,
    ui_mode: "hosted",
    url: open ? `${url}/c/pay/${session.id}` : null,
  };
}

export function viewIntent(order: Order, url: string): View {
  const intent = order.intent!;
  const paid = paidCharge(order);
  return {
    id: intent.id,
    object: "payment_intent",
    amount: Number(order.amount),
    amount_capturable: 0,
    amount_received: Number(paid?.amount ?? 0n),
    automatic_payment_methods: intent.automatic ? { enabled: true, allow_redirects: "always" } : null,
    canceled_at: intent.canceledAt && seconds(intent.canceledAt),
    cancellation_reason: intent.cancellationReason,
    capture_method: "automatic",
    client_secret: intent.clientSecret,
    confirmation_method: "automatic",
    created: seconds(intent.createdAt),
    currency: order.currency,
    customer: null,
    description: intent.description,
    last_payment_error: intent.lastError && viewFailure(intent.lastError),
    latest_charge: (paid ?? order.charges.at(-1))?.id ?? null,
    livemode: false,
    metadata: intent.metadata,
    next_action:
      intent.status === "requires_action"
        ? { type: "redirect_to_url", redirect_to_url: { url: payUrl(order, url), return_url: null } }
        : null,
    payment_method: paid?.paymentMethodId ?? null,
    payment_method_types: intent.paymentMethodTypes,
    processing: null,
    receipt_email: null,
    statement_descriptor: null,
    status: intent.status,
  };
}

/** Where a buyer's browser finds the order's hosted page. */
export function payUrl(order: Order, url: string): string {
  return `${url}/c/pay/${order.session?.id ?? order.intent!.id}`;
}

export function viewFailure(failure: Failure): View {
  return {
    type: failure.code === "card_declined" ? "card_error" : "invalid_request_error",
    code: failure.code,
    ...(failure.declineCode !== null && { decline_code: failure.declineCode }),
    ...(failure.chargeId !== null && { charge: failure.chargeId }),
    message: failure.message,
    doc_url: `https://docs.stripe.com/error-codes#${failure.code.replaceAll("_", "-")}`,
  };
}

export function viewCharge(order: Order, charge: Charge): View {
  const paid = charge.status === "succeeded";
  const refunded = paid ? refundedOf(order) : 0n;
  return {
    id: charge.id,
    object: "charge",
    amount: Number(charge.amount),
    amount_captured: Number(paid ? charge.amount : 0n),
    amount_refunded: Number(refunded),
    balance_transaction: charge.movementId,
    captured: paid,
    created: seconds(charge.createdAt),
    currency: order.currency,
    customer: null,
    description: order.intent?.description ?? null,
    disputed: order.disputes.some((dispute) => dispute.chargeId === charge.id),
    failure_code: charge.failure?.code ?? null,
    failure_message: charge.failure?.message ?? null,
    livemode: false,
    metadata: order.intent?.metadata ?? {},
    outcome: {
      network_decline_code: null,
      network_status: paid ? "approved_by_network" : "declined_by_network",
      reason: charge.failure?.declineCode ?? null,
      type: paid ? "authorized" : "issuer_declined",
    },
    paid,
    payment_intent: order.intent?.id ?? null,
    payment_method: charge.paymentMethodId,
    payment_method_details: paymentMethodOf(charge),
    refunded: refunded > 0n && refunded === charge.amount,
    status: charge.status,
  };
}

function paymentMethodOf(charge: Charge): View {
  const { type, brand, number } = cardNamed(charge.card);
  const last4 = number.slice(-4);
  if (type === "us_bank_account") return { type, us_bank_account: { bank_name: "STRIPE TEST BANK", last4 } };
  const card = { brand, country: "US", exp_month: 12, exp_year: 2034, funding: "credit", last4 };
  return { type, card: { ...card, network: brand, wallet: null } };
}

export function viewRefund(order: Order, refund: Refund): View {
  return {
    id: refund.id,
    object: "refund",
    amount: Number(refund.amount),
    balance_transaction: refund.movementId,
    charge: refund.chargeId,
    created: seconds(refund.createdAt),
    currency: order.currency,
    ...(refund.status === "failed" && {
      failure_balance_transaction: refund.failureMovementId,
      failure_reason: "expired_or_canceled_card",
    }),
    metadata: refund.metadata,
    payment_intent: order.intent?.id ?? null,
    reason: refund.reason,
    receipt_number: null,
    status: refund.status,
  };
}

/** `own` are the dispute's balance transactions, which Stripe always shows whole. */
export function viewDispute(order: Order, dispute: Dispute, own: readonly Movement[]): View {
  const open = dispute.status === "needs_response";
  return {
    id: dispute.id,
    object: "dispute",
    amount: Number(dispute.amount),
    balance_transactions: own.map(viewMovement),
    charge: dispute.chargeId,
    created: seconds(dispute.createdAt),
    currency: order.currency,
    evidence_details: {
      due_by: seconds(dispute.createdAt) + 7 * 86_400,
      has_evidence: false,
      past_due: false,
    },
    is_charge_refundable: false,
    livemode: false,
    metadata: {},
    payment_intent: order.intent?.id ?? null,
    reason: dispute.reason,
    status: open ? "needs_response" : dispute.status,
  };
}

export function viewMovement(movement: Movement): View {
  const at = seconds(movement.createdAt);
  const fee = Number(movement.fee);
  const { currency } = movement;
  return {
    id: movement.id,
    object: "balance_transaction",
    amount: Number(movement.amount),
    available_on: at,
    balance_type: "payments",
    created: at,
    currency,
    description: movement.description,
    exchange_rate: null,
    fee,
    fee_details:
      fee === 0
        ? []
        : [{ amount: fee, application: null, currency, description: feeName(movement), type: "stripe_fee" }],
    net: Number(movement.amount - movement.fee),
    reporting_category: movement.category,
    source: movement.sourceId === "" ? null : movement.sourceId,
    status: "available",
    type: movement.type,
  };
}

/** What a payout's balance transaction is about; it is paid at once here. */
export function viewPayout(movement: View): View {
  const { source: id, id: movementId, amount, created, currency } = movement;
  return {
    id,
    object: "payout",
    amount: -Number(amount),
    arrival_date: created,
    automatic: true,
    balance_transaction: movementId,
    created,
    currency,
    description: "STRIPE PAYOUT",
    livemode: false,
    metadata: {},
    method: "standard",
    status: "paid",
    type: "bank_account",
  };
}

function feeName(movement: Movement): string {
  return movement.type === "charge" ? "Stripe processing fees" : "Dispute fee";
}

export function viewEvent(event: StripeEvent): View {
  return {
    id: event.id,
    object: "event",
    api_version: apiVersion,
    created: seconds(event.createdAt),
    data: { object: JSON.parse(event.object) as View },
    livemode: false,
    pending_webhooks: 1,
    request: { id: null, idempotency_key: null },
    type: event.type,
  };
}

/** The secret is told once, when the endpoint is made. */
export function viewEndpoint(endpoint: Endpoint): View {
  return {
    id: endpoint.id,
    object: "webhook_endpoint",
    api_version: null,
    application: null,
    created: seconds(endpoint.createdAt),
    description: endpoint.description,
    enabled_events: endpoint.enabledEvents,
    livemode: false,
    metadata: endpoint.metadata,
    status: endpoint.url === null ? "disabled" : "enabled",
    url: endpoint.url,
  };
}
