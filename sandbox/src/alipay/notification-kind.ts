import { hourMs, minuteMs } from "../china/beijing.ts";
import { formatYuan } from "../china/yuan.ts";
import type { NotificationKind } from "../notifications/index.ts";

/**
 * Alipay's notifications: eight deliveries in 24 h 24 m (opendocs 270/105902), until the answer's body is
 * exactly `success`.
 */
export const alipayNotifications: NotificationKind = {
  name: "alipay",
  gapsMs: [4 * minuteMs, 10 * minuteMs, 10 * minuteMs, hourMs, 2 * hourMs, 6 * hourMs, 15 * hourMs],
  acknowledges: (made) => made.status === 200 && made.body === "success",
  probes: false,
  withAmountOff,
};

/** The same parameters with `delta` fen more in total_amount. */
export function withAmountOff(params: Record<string, string>, delta: number): Record<string, string> {
  const fen = BigInt((params.total_amount ?? "0.00").replace(".", "")) + BigInt(delta);
  return { ...params, total_amount: formatYuan(fen < 1n ? 1n : fen) };
}
