/** What the cashier shows of a payment. Pure. */
import type { ChannelAccount, Channels, SceneTraits } from "../channels/index.ts";
import { SECOND } from "../kernel/clock.ts";
import { type Attempt, type Payment, readRequest, type Whole } from "../payments/index.ts";

/** What the page is about: one word decides which screen the buyer sees. */
export type CheckoutView = "choose" | "pay" | "confirming" | "paid" | "closed" | "expired" | "failed";

export type OfferedMethod = { readonly method: string; readonly label: string; readonly hint: string };

const POLL_MS = 2 * SECOND;
/** A payment that has ended is looked at rarely: only a late refund could still interest its buyer. */
const POLL_ENDED_MS = 60 * SECOND;

export type CheckoutState = ReturnType<typeof checkoutState>;

/** The state of a cashier page. @param now the server's clock, for the page's countdown. */
export function checkoutState(
  whole: Whole,
  merchantName: string,
  methods: readonly OfferedMethod[],
  now: Date,
) {
  const { payment, attempts } = whole;
  const live = attempts.find((attempt) => attempt.id === payment.liveAttemptId) ?? null;
  const request = readRequest(payment.request);
  const view = viewOf(payment, attempts, live, now);
  return {
    payment: {
      subject: request.subject,
      amount: Number(payment.amount),
      currency: payment.currency,
      status: payment.status,
      status_final: payment.finishedAt !== null,
      expires_at: payment.expiresAt.toISOString(),
      merchant_name: merchantName,
      closed_reason: payment.closedReason,
      return_url: request.return_url ?? null,
    },
    view,
    methods: view === "choose" || view === "pay" ? methods : [],
    method: view === "pay" ? (live?.method ?? null) : null,
    next_action: view === "pay" ? buyersAction(live) : null,
    poll_after_ms: payment.finishedAt === null ? POLL_MS : POLL_ENDED_MS,
    server_time: now.toISOString(),
  };
}

function viewOf(
  payment: Payment,
  attempts: readonly Attempt[],
  live: Attempt | null,
  now: Date,
): CheckoutView {
  switch (payment.status) {
    case "succeeded":
      return "paid";
    case "failed":
      return "failed";
    case "closed":
      return payment.closedReason === "expired" ? "expired" : "closed";
    default:
  }
  if (payment.closingSince !== null) return "confirming";
  // A reversal in hand may still tell of money: nothing new is offered before it is answered.
  if (live === null && attempts.some((attempt) => attempt.state === "reversing")) return "confirming";
  if (now >= payment.expiresAt) return live === null ? "expired" : "confirming";
  if (live === null) return "choose";
  return buyersAction(live) === null ? "confirming" : "pay";
}

/** The part of a next action that a web page can do. */
function buyersAction(live: Attempt | null) {
  const action = live?.nextAction ?? null;
  if (action?.type === "qr_code") return { type: "qr_code" as const, qr_code: action.qrCode };
  if (action?.type === "redirect") return { type: "redirect" as const, url: action.url };
  return null;
}

/**
 * The methods that a buyer may choose on a page: scenes with a device, of accounts that can take this
 * payment.
 */
export function offeredMethods(
  accounts: readonly ChannelAccount[],
  channels: Pick<Channels, "channel">,
  payment: Pick<Payment, "amount" | "currency">,
): readonly OfferedMethod[] {
  const offered = new Map<string, OfferedMethod>();
  for (const account of accounts) {
    const traits = channels.channel(account.channel)?.traits;
    const fits =
      account.status === "active" &&
      account.currencies.includes(payment.currency) &&
      account.amountMin <= payment.amount &&
      payment.amount <= account.amountMax;
    if (traits === undefined || !fits) continue;
    for (const method of account.methods) {
      const scene = traits.scenes[method];
      if (scene === undefined || scene.devices.length === 0) continue;
      offered.set(method, { method, label: traits.displayName, hint: HINTS[scene.kind] });
    }
  }
  return [...offered.values()];
}

const HINTS: Readonly<Record<SceneTraits["kind"], string>> = {
  qr: "Scan a code with your phone",
  redirect: "Continue on the wallet's page",
  app: "Pay in the app",
  jsapi: "Pay in the wallet",
  payment_code: "Show your payment code",
};
