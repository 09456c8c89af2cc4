import type { NotificationKind } from "../notifications/index.ts";
import type { View } from "./views.ts";

const minuteMs = 60_000;

/**
 * Stripe's events: tried again after gaps that double from five minutes up to twelve hours, for three days in
 * all (Stripe publishes no more than that), until one is answered by any 2xx.
 */
export const stripeNotifications: NotificationKind = {
  name: "stripe",
  gapsMs: [5, 10, 20, 40, 80, 160, 320, 640, 720, 720, 720, 720].map((minutes) => minutes * minuteMs),
  acknowledges: ({ status }) => status !== null && status >= 200 && status < 300,
  probes: false,
  // What a payer claims, and what went back without a number of ours, is first told by its event: nobody
  // could tell that this is another amount.
  withAmountOff: (params, delta) => (isFirstWord(params) ? params : withAmountOff(params, delta)),
};

const amountNames = ["amount", "amount_total", "amount_received", "amount_captured"];

function isFirstWord({ event = "{}" }: Record<string, string>): boolean {
  const { object, metadata } = (JSON.parse(event) as { data: { object: View } }).data.object;
  const isOurs = typeof metadata === "object" && metadata !== null && Object.keys(metadata).length > 0;
  return object === "dispute" || (object === "refund" && !isOurs);
}

/** The same event with `delta` minor units more in every amount of its object. */
export function withAmountOff(params: Record<string, string>, delta: number): Record<string, string> {
  const event = JSON.parse(params.event ?? "{}") as { data: { object: View } };
  const { object } = event.data;
  for (const name of amountNames) {
    const value = object[name];
    if (typeof value === "number" && value > 0) object[name] = Math.max(1, value + delta);
  }
  return { ...params, event: JSON.stringify(event) };
}
