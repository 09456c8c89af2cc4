import { hourMs, minuteMs } from "../china/beijing.ts";
import type { NotificationKind } from "../notifications/index.ts";

const secondMs = 1_000;
/** An acknowledgement that takes longer is none. */
const ackWithinMs = 5 * secondMs;

/**
 * WeChat Pay's notifications: sixteen deliveries in 24 h 4 m, until one is answered 200 or 204 within five
 * seconds.
 */
export const wechatNotifications: NotificationKind = {
  name: "wechat",
  gapsMs: [
    15 * secondMs,
    15 * secondMs,
    30 * secondMs,
    3 * minuteMs,
    10 * minuteMs,
    20 * minuteMs,
    30 * minuteMs,
    30 * minuteMs,
    30 * minuteMs,
    60 * minuteMs,
    3 * hourMs,
    3 * hourMs,
    3 * hourMs,
    6 * hourMs,
    6 * hourMs,
  ],
  acknowledges: ({ status, durationMs }) => (status === 200 || status === 204) && durationMs <= ackWithinMs,
  probes: true,
  withAmountOff,
};

type Resource = { amount?: Record<string, number | string> };

/** The same told with `delta` fen more in every amount that the buyer paid. */
export function withAmountOff(params: Record<string, string>, delta: number): Record<string, string> {
  const resource = JSON.parse(params.resource ?? "{}") as Resource;
  const off = Object.entries(resource.amount ?? {}).map(([name, value]) => [
    name,
    typeof value === "number" ? Math.max(1, value + delta) : value,
  ]);
  return { ...params, resource: JSON.stringify({ ...resource, amount: Object.fromEntries(off) }) };
}
