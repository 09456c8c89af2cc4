/** What the two days are played with: the platform with its clock, a shop, its buyers, two operators. */
import type { CreatePayment, Payment, Tributary } from "@tributary/sdk";
import { whatTheBuyerHolds } from "../chapters/paying.ts";
import type { Checks } from "../checks.ts";
import type { createSandbox, FaultWanted } from "../sandbox.ts";
import type { Terminal } from "../terminal.ts";
import type { Closing } from "./office.ts";
import type { MovablePlatform } from "./platform.ts";

const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const BEIJING_MS = 8 * HOUR_MS;
/** An hour is left of Stripe's day, which is UTC's. */
const EARLY_HOUR = 7;
/** Stripe's next day has begun. */
const FIRST_HOUR = 8;

export type Scene = {
  readonly terminal: Terminal;
  readonly checks: Checks;
  readonly platform: MovablePlatform;
  readonly closing: Closing;
  readonly shop: Tributary;
  readonly sandbox: ReturnType<typeof createSandbox>;
};

export function dateOf(platform: MovablePlatform): string {
  return new Date(platform.now().getTime() + BEIJING_MS).toISOString().slice(0, 10);
}

/** Stripe's date. */
export function utcDateOf(platform: MovablePlatform): string {
  return platform.now().toISOString().slice(0, 10);
}

export function untilMidnight(platform: MovablePlatform): number {
  return DAY_MS - sinceMidnight(platform);
}

function sinceMidnight(platform: MovablePlatform): number {
  return (platform.now().getTime() + BEIJING_MS) % DAY_MS;
}

/** What begins today is agreed on before today is over. */
export async function leaveMidnight(platform: MovablePlatform): Promise<void> {
  const left = untilMidnight(platform);
  if (left < HOUR_MS / 2) await platform.advance(left + MINUTE_MS);
}

/**
 * The next morning, before Stripe's day changes: what is sold then is of the day before there. That day is
 * the books' own too, so what was agreed on it holds.
 */
export async function openEarly(platform: MovablePlatform): Promise<void> {
  await platform.advance(untilMidnight(platform) + EARLY_HOUR * HOUR_MS);
}

/** From then on what is sold falls on one day at every channel. */
export async function openTheShop(platform: MovablePlatform): Promise<void> {
  await platform.advance(FIRST_HOUR * HOUR_MS - sinceMidnight(platform));
}

type Sale = Pick<CreatePayment, "method" | "currency"> & { readonly amount: number };

export async function order({ shop, platform }: Scene, sale: Sale): Promise<Payment> {
  return shop.payments.create({
    merchant_order_no: `CLOSE-${sale.amount}-${platform.now().getTime()}`,
    subject: "Tea for two days",
    ...sale,
  });
}

/** A payment that is paid at once. */
export async function sell(scene: Scene, sale: Sale): Promise<Payment> {
  const payment = await order(scene, sale);
  await scene.sandbox.pay(whatTheBuyerHolds(payment));
  return scene.checks.until({
    claim: "the payment has succeeded",
    read: () => scene.shop.payments.get(payment.id),
    done: ({ status }) => status === "succeeded",
    look: `GET /v1/payments/${payment.id}`,
  });
}

/** Gives back a part of a payment. */
export async function giveBack({ shop, checks }: Scene, payment: Payment, amount: number): Promise<void> {
  const refund = await shop.refunds.create(payment.id, {
    merchant_refund_no: `${payment.merchant_order_no}-BACK`,
    amount,
    reason: "A lid was missing",
  });
  await checks.until({
    claim: "the refund is accepted by the channel",
    read: () => shop.refunds.get(refund.id),
    done: ({ accepted_at }) => accepted_at !== null,
    look: `GET /v1/refunds/${refund.id}`,
  });
}

/** Our number of the order at the channel. */
export const orderNoOf = (payment: Payment): string => payment.attempts[0]?.channel_order_no ?? "";

/** Has the bill tell something otherwise: of an order, or (null) something that nobody knows. */
export async function lie(
  { sandbox }: Scene,
  about: Payment | null,
  { difference, of = "any", at = {} }: { difference: string; of?: string; at?: FaultWanted["match"] },
): Promise<void> {
  const match = { ...at, ...(about === null ? {} : { out_trade_no: orderNoOf(about) }), method: "bill" };
  await sandbox.arm({ kind: "bill_disagrees", match, params: { difference, of } });
}
