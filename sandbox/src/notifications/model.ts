import type { Collection } from "../store/index.ts";

// Notification   one message to a merchant's notify_url, delivered until it is acknowledged
// Try            one delivery of it
// Acknowledged   the answer's body was exactly `success`

export type Notification = {
  id: string;
  notifyId: string;
  appId: string;
  orderId: string;
  outTradeNo: string;
  url: string;
  /** What is sent, unsigned; signed anew for each try. */
  params: Record<string, string>;
  state: "pending" | "acknowledged" | "given_up" | "lost";
  dueAt: Date | null;
  /** Deliveries of the schedule made so far. */
  scheduled: number;
  /** Deliveries still to be made after the acknowledgement. */
  copies: number;
  /** Waits for the order's next notification to be delivered first. */
  held: boolean;
  forged: Forgery | null;
  tries: Try[];
  createdAt: Date;
};

export type Forgery = "tampered" | "foreign_key" | "unsigned";

export type Try = {
  at: Date;
  status: number | null;
  body: string | null;
  error: string | null;
  durationMs: number;
};

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** The gaps between deliveries that Alipay documents (opendocs 270/105902): eight deliveries in 24 h 24 m. */
export const deliveryGapsMs = [
  4 * minuteMs,
  10 * minuteMs,
  10 * minuteMs,
  hourMs,
  2 * hourMs,
  6 * hourMs,
  15 * hourMs,
];

/** The tries kept of one notification; the schedule needs eight, resends and duplicates the rest. */
const triesKept = 50;

export const notifications: Collection<Notification> = {
  name: "notifications",
  id: (notification) => notification.id,
  keys: {},
  group: (notification) => notification.outTradeNo,
  dueAt: (notification) => notification.dueAt,
};

/** The notification after one delivery: acknowledged, due again at the next gap, or given up. */
export function afterTry(notification: Notification, made: Try): Notification {
  const tries = [...notification.tries, made].slice(-triesKept);
  const acknowledged = made.status === 200 && made.body === "success";
  const next = { ...notification, tries, held: false };
  if (notification.state === "acknowledged" || acknowledged) {
    const again = notification.copies > 0;
    return {
      ...next,
      state: "acknowledged",
      copies: Math.max(0, notification.copies - 1),
      dueAt: again ? made.at : null,
    };
  }
  if (notification.forged) return { ...next, state: "given_up", dueAt: null };
  const gap = deliveryGapsMs[notification.scheduled];
  if (gap === undefined) return { ...next, state: "given_up", dueAt: null };
  return { ...next, scheduled: notification.scheduled + 1, dueAt: new Date(made.at.getTime() + gap) };
}
