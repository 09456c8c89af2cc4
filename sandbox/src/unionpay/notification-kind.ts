import { minuteMs } from "../china/beijing.ts";
import type { NotificationKind } from "../notifications/index.ts";

/** UnionPay's notifications: five deliveries in twelve minutes, until one is answered 200. */
export const unionpayNotifications: NotificationKind = {
  name: "unionpay",
  gapsMs: [minuteMs, 2 * minuteMs, 4 * minuteMs, 5 * minuteMs],
  acknowledges: ({ status }) => status === 200,
  probes: false,
  withAmountOff,
};

/** The same told with `delta` fen more in every amount. */
export function withAmountOff(params: Record<string, string>, delta: number): Record<string, string> {
  const off = (text: string | undefined): string => {
    const fen = BigInt(text ?? "0") + BigInt(delta);
    return (fen < 1n ? 1n : fen).toString();
  };
  return { ...params, txnAmt: off(params.txnAmt), settleAmt: off(params.settleAmt) };
}
