/** What the cashier shows of a payment. Pure. */
import { type ChannelAccount, type Channels, type SceneTraits, takes } from "../channels/index.ts";
import { plus, SECOND } from "../kernel/clock.ts";
import { type Attempt, liveOf, type Payment, readRequest, returnUrl, type Whole } from "../payments/index.ts";
import type { CashierSettings, Device, MethodRule } from "./settings/index.ts";

/** What the page is about: one word decides which screen the buyer sees. */
export type CheckoutView = "choose" | "pay" | "confirming" | "paid" | "closed" | "expired" | "failed";

/** A way to pay as the page offers it. `devices`: where it makes sense; the page knows where it is. */
export type OfferedMethod = {
  readonly method: string;
  readonly kind: SceneTraits["kind"];
  readonly devices: readonly Device[];
  /** Its place in the merchant's own order; null: the merchant has not named it. */
  readonly order: number | null;
  readonly label: string;
  readonly hint: string;
};

const POLL_MS = 2 * SECOND;
/** A payment that has ended is looked at rarely: only a late refund could still interest its buyer. */
const POLL_ENDED_MS = 60 * SECOND;
/** A code is renewed this long before it dies: whoever scans it then still has a moment to pay. */
export const RENEWAL_MARGIN_MS = 15 * SECOND;

export type CheckoutState = ReturnType<typeof checkoutState>;

/** What stands behind a state. */
export type Shown = {
  readonly whole: Whole;
  readonly merchantName: string;
  readonly settings: CashierSettings;
  readonly methods: readonly OfferedMethod[];
  /** Of the live attempt. */
  readonly scene: SceneTraits | null;
};

/** The state of a cashier page. @param now the server's clock, for the page's countdown. */
export function checkoutState({ whole, merchantName, settings, methods, scene }: Shown, now: Date) {
  const { payment, attempts } = whole;
  const live = liveOf(whole);
  const request = readRequest(payment.request);
  const view = viewOf(payment, attempts, live, now);
  const isPayable = view === "pay" && live !== null;
  return {
    payment: {
      subject: request.subject,
      amount: Number(payment.amount),
      currency: payment.currency,
      status: payment.status,
      status_final: payment.finishedAt !== null,
      expires_at: payment.expiresAt.toISOString(),
      merchant_name: settings.displayName ?? merchantName,
      closed_reason: payment.closedReason,
      return_url: returnUrl(payment),
    },
    /** `logo` is the version of the settings whose picture it is, null where there is none. */
    brand: { colour: settings.colour, logo: settings.logoVersion },
    view,
    /** Beside `choose`: the order waits in another app, and is ended when another way is chosen. */
    open_in_app: view === "choose" && live !== null,
    methods: view === "choose" || view === "pay" ? methods : [],
    method: isPayable ? live.method : null,
    attempt: isPayable ? ordinalOf(whole, live) : null,
    next_action: isPayable ? buyersAction(live) : null,
    renew_at: isPayable ? (renewalDue(payment, live, scene)?.toISOString() ?? null) : null,
    poll_after_ms: payment.finishedAt === null ? POLL_MS : POLL_ENDED_MS,
    server_time: now.toISOString(),
  };
}

/** Which of its payment's attempts it is, from 1: a name that says nothing to anybody else. */
export function ordinalOf({ attempts }: Pick<Whole, "attempts">, attempt: Attempt): number {
  return 1 + attempts.filter((other) => other.id < attempt.id).length;
}

/**
 * When what the buyer was given is to be replaced because it dies before the payment does; null: it never is.
 * Codes and links die by the channel's rule, orders by the account's contract.
 */
export function renewalDue(
  payment: Pick<Payment, "expiresAt">,
  live: Pick<Attempt, "createdAt" | "expiresAt">,
  scene: Pick<SceneTraits, "actionLifetimeMs"> | null,
): Date | null {
  const lifetimeMs = scene?.actionLifetimeMs ?? null;
  const ends = [live.expiresAt.getTime()];
  if (lifetimeMs !== null) ends.push(plus(live.createdAt, lifetimeMs).getTime());
  const dueAt = new Date(Math.min(...ends) - RENEWAL_MARGIN_MS);
  return plus(dueAt, RENEWAL_MARGIN_MS) < payment.expiresAt ? dueAt : null;
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
  if (buyersAction(live) !== null) return "pay";
  return waitsInApp(live) ? "choose" : "confirming";
}

/** The order is open where no web page can open it, and nobody has begun to pay that is known of. */
function waitsInApp({ state, nextAction }: Attempt): boolean {
  return state === "pending" && (nextAction?.type === "app_params" || nextAction?.type === "jsapi_params");
}

/**
 * The part of a next action that a web page can do. A form is sent from a page of its own
 * (`/pay/{token}/go`), whose policy lets it go to that one address.
 */
function buyersAction(live: Attempt | null) {
  const action = live?.nextAction ?? null;
  if (action?.type === "qr_code") return { type: "qr_code" as const, qr_code: action.qrCode };
  if (action?.type !== "redirect") return null;
  if (action.form !== undefined) return { type: "form" as const };
  return { type: "redirect" as const, url: action.url };
}

/**
 * The methods that a buyer may choose on a page, in the merchant's order: scenes with a device, of accounts
 * that can take this payment, less what the merchant hides or keeps for other amounts and currencies.
 */
export function offeredMethods(
  accounts: readonly ChannelAccount[],
  channels: Pick<Channels, "channel">,
  payment: Pick<Payment, "amount" | "currency">,
  settings: Pick<CashierSettings, "methods" | "hidden">,
): readonly OfferedMethod[] {
  const offered = new Map<string, OfferedMethod>();
  for (const account of accounts) {
    const traits = channels.channel(account.channel)?.traits;
    if (traits === undefined || !takes(account, payment)) continue;
    // What a channel refuses unseen is not shown: Stripe takes no card for some cents.
    if (payment.amount < (traits.leastAmounts?.[payment.currency] ?? 0n)) continue;
    for (const method of account.methods) {
      const scene = traits.scenes[method];
      if (scene === undefined || scene.devices.length === 0 || settings.hidden.includes(method)) continue;
      const rule = settings.methods.find((one) => one.method === method);
      if (rule !== undefined && !allows(rule, payment)) continue;
      const devices = rule?.devices ?? devicesOf(scene);
      offered.set(method, {
        method,
        kind: scene.kind,
        devices,
        order: rule === undefined ? null : settings.methods.indexOf(rule),
        label: traits.displayName,
        hint: HINTS[scene.kind],
      });
    }
  }
  const rank = ({ order }: OfferedMethod) => order ?? settings.methods.length;
  return [...offered.values()].sort((a, b) => rank(a) - rank(b));
}

function allows(rule: MethodRule, { amount, currency }: Pick<Payment, "amount" | "currency">): boolean {
  return (
    (rule.amountMin === null || rule.amountMin <= amount) &&
    (rule.amountMax === null || amount <= rule.amountMax) &&
    (rule.currencies === null || rule.currencies.includes(currency))
  );
}

/** A code can be shown anywhere: on a phone it is for another one. */
function devicesOf(scene: SceneTraits): readonly Device[] {
  return scene.kind === "qr" ? ["desktop", "phone"] : scene.devices;
}

const HINTS: Readonly<Record<SceneTraits["kind"], string>> = {
  qr: "Scan a code with your phone",
  redirect: "Continue on the wallet's page",
  app: "Pay in the app",
  jsapi: "Pay in the wallet",
  payment_code: "Show your payment code",
};
