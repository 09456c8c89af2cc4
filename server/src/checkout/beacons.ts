/**
 * What a buyer's browser reports of a channel whose page does not open. Anybody with the page's link can say
 * so, and say it often: it is counted within bounds, and each order counts once for whoever routes by it.
 */
import { type Clock, MINUTE, SECOND } from "../kernel/clock.ts";
import { formatId, type Id } from "../kernel/ids.ts";
import type { Log } from "../kernel/log.ts";
import type { Attempt, Payment } from "../payments/index.ts";

/** The wallet did not open · the way to the channel's page failed · the buyer says that it does not open. */
export const BEACON_KINDS = ["no_jump", "redirect_failed", "does_not_open"] as const;
export type BeaconKind = (typeof BEACON_KINDS)[number];

/** Of one payment in a minute; a page sends one per tap. */
const PER_PAYMENT_MAX = 6;
/** Of the whole process in a second: a channel that is down for everybody is known after a few. */
const PER_SECOND_MAX = 100;
const PAYMENTS_REMEMBERED_MAX = 10_000;

export type Beacons = {
  /** Takes one beacon; false: there were too many. */
  take(payment: Payment, attempt: Attempt, kind: BeaconKind): boolean;
  readonly gauges: {
    readonly kinds: ReadonlyMap<BeaconKind, number>;
    /** Orders with a beacon since start, by channel account. */
    readonly accounts: ReadonlyMap<Id, number>;
    readonly refused: () => number;
  };
};

export type BeaconsDeps = {
  readonly clock: Clock;
  readonly log: Log;
  /** Told once of each order whose channel did not open. */
  readonly noteBeacon?: ((channelAccountId: Id, method: string, orderedAt: Date) => void) | undefined;
};

type Heard = { since: number; count: number; readonly attempts: Set<Id> };

export function createBeacons({ clock, log, noteBeacon }: BeaconsDeps): Beacons {
  const heard = new Map<Id, Heard>();
  const kinds = new Map<BeaconKind, number>();
  const accounts = new Map<Id, number>();
  let refused = 0;
  let second = { since: 0, count: 0 };

  const hasRoom = (paymentId: Id): Heard | null => {
    const now = clock.now().getTime();
    if (now - second.since >= SECOND) second = { since: now, count: 0 };
    const entry = heard.get(paymentId) ?? { since: now, count: 0, attempts: new Set<Id>() };
    if (now - entry.since >= MINUTE) Object.assign(entry, { since: now, count: 0 });
    if (second.count >= PER_SECOND_MAX || entry.count >= PER_PAYMENT_MAX) return null;
    second.count += 1;
    entry.count += 1;
    if (heard.size >= PAYMENTS_REMEMBERED_MAX) heard.clear();
    heard.set(paymentId, entry);
    return entry;
  };
  return {
    take: (payment, attempt, kind) => {
      const entry = hasRoom(payment.id);
      if (entry === null) {
        refused += 1;
        return false;
      }
      kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
      const about = {
        payment: formatId("pay", payment.id),
        attempt: formatId("att", attempt.id),
        channel_account: formatId("cha", attempt.channelAccountId),
        method: attempt.method,
        kind,
      };
      log.warn(about, "a channel's page did not open for a buyer");
      if (entry.attempts.has(attempt.id)) return true;
      entry.attempts.add(attempt.id);
      accounts.set(attempt.channelAccountId, (accounts.get(attempt.channelAccountId) ?? 0) + 1);
      noteBeacon?.(attempt.channelAccountId, attempt.method, attempt.createdAt);
      return true;
    },
    gauges: { kinds, accounts, refused: () => refused },
  };
}
