import type { Collection } from "../store/index.ts";

// Notification   one message to a merchant's notify_url, delivered until it is acknowledged
// Kind           what a channel's notifications are like: their schedule, and what acknowledges them
// Try            one delivery of it
// Forgery        a message that the channel never sent; a probe is the channel's own, and must be refused too

export type Notification = {
  id: string;
  /** The name of its kind. */
  channel: string;
  notifyId: string;
  appId: string;
  /** Where the channel's keys are a merchant's and not an app's. */
  mchid: string | null;
  orderId: string;
  outTradeNo: string;
  url: string;
  /** What is told, unsigned; signed anew for each try. */
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

export type Forgery = "tampered" | "foreign_key" | "unsigned" | "probe";

export type Try = {
  at: Date;
  status: number | null;
  body: string | null;
  error: string | null;
  durationMs: number;
};

/** What a channel's notifications are like; pure. */
export type NotificationKind = {
  name: string;
  /** The gaps between deliveries that the channel documents. */
  gapsMs: readonly number[];
  acknowledges: (made: Try) => boolean;
  /** Whether the channel probes its merchants with false signatures. */
  probes: boolean;
  /** The same told with `delta` fen more. */
  withAmountOff: (params: Record<string, string>, delta: number) => Record<string, string>;
};

/**
 * The tries kept of one notification; the schedules need sixteen at most, resends and duplicates the rest.
 */
const triesKept = 50;

export const notifications: Collection<Notification> = {
  name: "notifications",
  id: (notification) => notification.id,
  keys: {},
  group: (notification) => notification.outTradeNo,
  dueAt: (notification) => notification.dueAt,
};

/** The notification after one delivery: acknowledged, due again at the next gap, or given up. */
export function afterTry(kind: NotificationKind, notification: Notification, made: Try): Notification {
  const tries = [...notification.tries, made].slice(-triesKept);
  const next = { ...notification, tries, held: false };
  if (notification.state === "acknowledged" || kind.acknowledges(made)) {
    const again = notification.copies > 0;
    return {
      ...next,
      state: "acknowledged",
      copies: Math.max(0, notification.copies - 1),
      dueAt: again ? made.at : null,
    };
  }
  if (notification.forged) return { ...next, state: "given_up", dueAt: null };
  const gap = kind.gapsMs[notification.scheduled];
  if (gap === undefined) return { ...next, state: "given_up", dueAt: null };
  return { ...next, scheduled: notification.scheduled + 1, dueAt: new Date(made.at.getTime() + gap) };
}
