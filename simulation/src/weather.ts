/** What goes wrong between the parts of a simulated world, and how often. */
import { type Lure, layAmbush, type PreyKind } from "./ambush.ts";
import type { Chance } from "./chance.ts";
import type { KnownTransactionFate, MessageFate, TransactionFate } from "./fates.ts";
import { createTally, type Tally } from "./tally.ts";

export type Weather = {
  transaction(): TransactionFate;
  /** What lies in wait for a transaction of this name; null: nothing does. */
  ambush(name: string): KnownTransactionFate | null;
  /** A transaction has come to no COMMIT at which its ambush would have struck. */
  escaped(): void;
  /** Whether a read finds its connection broken. */
  readLost(): boolean;
  /** A call of the platform to a channel, or of its webhooks, or anything else that is sent. */
  message(name: string): MessageFate;
  /** How long a message is on its way, in milliseconds. */
  wayMs(): number;
  /** How long a statement waits for its turn. */
  queueMs(): number;
  /** PostgreSQL is away until `restore`. */
  takeAway(): void;
  restore(): void;
  /** While it is sheltered no process dies and no message goes astray: all else goes wrong as before. */
  shelter(isSheltered: boolean): void;
  readonly isSheltered: boolean;
  /** While this is done no transaction and no read goes wrong, but that PostgreSQL may be away. */
  hushed<T>(work: () => Promise<T>): Promise<T>;
  readonly isHushed: boolean;
  /** From here on things go wrong. */
  storm(): void;
  /** Of what goes wrong only what befalls the platform's own processes and their database. */
  night(): void;
  /** Nothing goes wrong any more. */
  calm(): void;
  /** How often what went wrong, and whatever else is worth knowing that it happened. */
  readonly tally: Tally;
  /** Something lies in wait for what is of this kind. */
  isBadFor(kind: PreyKind): boolean;
  /** Whose call something lies in wait for: a channel's, or the bank's; null: it is no call. */
  readonly badForChannel: string | null;
  /** Something lies in wait that ends a process, which does not strike in a shelter. */
  readonly isDeadly: boolean;
  /** Something lies in wait that only a second machine can make good meanwhile. */
  readonly isStilling: boolean;
  /** A fault of the sandbox that this world must have. */
  readonly lure: Lure | null;
};

/** Each world has its own climate: some are mild, some are rough in one way, some in all. */
export function createWeather(seed: number, chance: Chance): Weather {
  const climate = chance.stream("climate");
  const draw = chance.stream("weather");
  const level = () => climate.weighed({ none: 3, mild: 4, rough: 3 });
  const of = (worst: number) => ({ none: 0, mild: worst / 4, rough: worst })[level()];
  const rates = {
    crash: of(0.015),
    commit: of(0.04),
    connection: of(0.03),
    channel: of(0.12),
    slow: of(0.25),
    contended: of(0.2),
  };
  const tally = createTally();
  const ambush = layAmbush(seed, chance);
  let calm = true;
  let isNight = false;
  let away = false;
  let sheltered = false;
  let isHushed = false;

  return {
    transaction: () => {
      if (away) return "refused";
      if (calm || isHushed) return "fine";
      const drawn = draw.weighed<TransactionFate>({
        fine: 1,
        crash_before: rates.crash,
        crash_after_commit: rates.crash,
        lost_after_commit: rates.commit,
        lost_before_commit: rates.commit,
        lost_within: rates.connection,
        refused: rates.connection / 4,
      });
      return sheltered && drawn.startsWith("crash_") ? "fine" : drawn;
    },
    ambush: (name) => (calm || isHushed || (sheltered && ambush.isDeadly) ? null : ambush.transaction(name)),
    escaped: ambush.escaped,
    readLost: () => {
      if (away) return true;
      const lost = !calm && !isHushed && draw.hits(rates.connection);
      if (lost) tally.add("transactions", "a read's connection lost");
      return lost;
    },
    message: (name) => {
      if (calm || isNight) return "fine";
      const drawn = draw.weighed<MessageFate>({
        fine: 1,
        not_sent: rates.channel / 2,
        lost: rates.channel / 2,
        answer_lost: rates.channel / 2,
        answer_awaited: rates.channel / 2,
        crash_after_send: rates.crash,
        stands_still: 0,
      });
      return sheltered ? "fine" : (ambush.message(name) ?? drawn);
    },
    wayMs: () =>
      !calm && !isNight && !sheltered && draw.hits(rates.slow)
        ? draw.between(100, 12_000)
        : draw.between(1, 80),
    queueMs: () => (!calm && draw.hits(rates.contended) ? draw.between(5, 3_000) : draw.between(0, 3)),
    takeAway: () => {
      away = true;
      tally.add("fate", "PostgreSQL restarts");
    },
    restore: () => {
      away = false;
    },
    shelter: (isSheltered) => {
      sheltered = isSheltered;
    },
    get isSheltered() {
      return sheltered;
    },
    get isHushed() {
      return isHushed;
    },
    hushed: async (work) => {
      isHushed = true;
      try {
        return await work();
      } finally {
        isHushed = false;
      }
    },
    storm: () => {
      calm = false;
      isNight = false;
    },
    night: () => {
      calm = false;
      isNight = true;
      tally.add("fate", "a rough night");
    },
    calm: () => {
      calm = true;
      isNight = false;
      away = false;
    },
    tally,
    isBadFor: ambush.isOf,
    badForChannel: ambush.channel,
    isDeadly: ambush.isDeadly,
    isStilling: ambush.isStilling,
    lure: ambush.lure,
  };
}
