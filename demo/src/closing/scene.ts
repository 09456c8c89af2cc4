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
/** Stripe's day begins. */
const FIRST_HOUR = 8;
/** From then on a day's sales could end on the next. */
const LAST_HOUR = 22;

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

export function untilMidnight(platform: MovablePlatform): number {
  return DAY_MS - sinceMidnight(platform);
}

function sinceMidnight(platform: MovablePlatform): number {
  return (platform.now().getTime() + BEIJING_MS) % DAY_MS;
}

/** So that what is sold now falls on one day at every channel. */
export async function openTheShop(platform: MovablePlatform): Promise<void> {
  const since = sinceMidnight(platform);
  if (since < FIRST_HOUR * HOUR_MS) await platform.advance(FIRST_HOUR * HOUR_MS - since);
  if (since > LAST_HOUR * HOUR_MS) await platform.advance(DAY_MS - since + FIRST_HOUR * HOUR_MS);
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
