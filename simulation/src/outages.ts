/**
 * Outages of one contract: for minutes every call to it is refused, hangs, or is answered with trouble of the
 * channel's; then it recovers. Traffic comes in a rush as one begins, and again when it is over.
 */
import type { Chance } from "./chance.ts";
import type { Contract } from "./contracts.ts";
import type { Merchant } from "./merchants.ts";
import { methodsOf } from "./methods.ts";
import { NoAnswer, type Place, type Request } from "./network.ts";
import { type AccountSettings, setAccount, setRule, siblingsOf, withSiblings } from "./routing.ts";
import type { World } from "./world.ts";

export const OUTAGE_MODES = ["refuses connections", "hangs", "never answers", "answers 502"] as const;
type Mode = (typeof OUTAGE_MODES)[number];

export type Outage = {
  readonly merchant: Merchant;
  readonly contract: Contract;
  readonly mode: Mode;
  /** What the rush pays by. */
  readonly method: string;
  readonly from: number;
  readonly to: number;
  /** The account's window begins when the rush has come, so that no failure counts. */
  readonly inWindow: boolean;
  /** The rule by which orders go through this account as long as it is in rotation; null: none was made. */
  readonly usualRule: string | null;
};

/** Where one trade of a rush begins, and what it pays by. */
export type Rush = { readonly merchant: Merchant; readonly at: number; readonly method: string };

/** How the channel's line is, contract by contract. */
export type Lines = {
  over(channel: Place): Place;
  begin(outage: Outage): void;
  end(outage: Outage): void;
};

export function createLines(count: (name: string) => void): Lines {
  const present = new Set<Outage>();
  return {
    begin: (outage) => present.add(outage),
    end: (outage) => present.delete(outage),
    over: (channel) => async (request) => {
      const outage = [...present].find(({ contract }) => isOf(request, contract));
      if (outage === undefined) return channel(request);
      count(`calls in an outage: ${outage.mode}`);
      switch (outage.mode) {
        case "refuses connections":
          throw new NoAnswer("connect ECONNREFUSED", true);
        case "hangs":
          return new Promise(() => {});
        case "never answers":
          await channel(request);
          return new Promise(() => {});
        case "answers 502":
          return { status: 502, headers: {}, body: Buffer.from("bad gateway") };
      }
    },
  };
}

/** A request names the merchant in its address, its body or its authorization. */
function isOf({ url, headers, body }: Request, { number, credentials }: Contract): boolean {
  const names = [number, credentials.secret_key].filter((name) => name !== undefined);
  const texts = [url, body ?? "", headers.authorization ?? ""];
  return names.some((name) => texts.some((text) => text.includes(name)));
}

const MINUTE_MS = 60_000;
/** The rush comes within this: so many failures at once open a circuit. */
const RUSH_MS = 1_500;
/** An open circuit takes no probe before. */
const UNTIL_PROBES_MS = 16_000;
/** The traffic after it comes within this, so that one process sees several probes before it dies. */
const PROBES_MS = 75_000;
/** In a world of longer calm it takes its time, and a probe that fails is not the end. */
const LONG_PROBES_MS = 150_000;
/** So long the calm lasts from the last of that traffic on, until its calls have ended. */
const AFTER_PROBES_MS = MINUTE_MS;

/** While it lasts no process dies. */
export type LongCalm = { readonly from: number; readonly to: number };

export type Outages = {
  readonly all: readonly Outage[];
  /** Around the first outage, where the seed has it. */
  readonly longCalm: LongCalm | null;
  rushOf(number: number): Rush | null;
};

/** Draws a world's outages, and enters the rule and the window that they need, in calm weather. */
export async function planOutages(
  world: World,
  merchants: readonly Merchant[],
  settings: ReadonlyMap<string, AccountSettings>,
  spanMs: number,
): Promise<Outages> {
  const luck = world.chance.stream("outages");
  const all: Outage[] = [];
  // An account that nothing else limits, where there is one.
  const several = withSiblings(merchants);
  const free = several.filter(({ contract }) => !settings.has(contract.accountId));
  const choices = free.length > 0 ? free : several;
  const drawn = luck.pick([0, 1, 1, 2]);
  // Where the calm is long, no second outage keeps the account from coming back.
  const wanted = world.hasLongCalm ? 1 : drawn;
  for (let left = choices.length === 0 ? 0 : wanted; left > 0; left -= 1) {
    all.push(await planOutage(world, luck, luck.pick(choices), settings, spanMs));
  }
  const [first] = all;
  const rushes = luck.stream("rush");
  // Most of the rush as it begins, or most of it when it is over.
  const before = world.hasLongCalm ? 4 : luck.pick([4, 5]);
  const probesMs = world.hasLongCalm ? LONG_PROBES_MS : PROBES_MS;
  return {
    all,
    longCalm: world.hasLongCalm && first !== undefined ? longCalmAround(first) : null,
    rushOf: (number) => {
      if (first === undefined || number % 10 >= 8) return null;
      const { merchant, method, from, to } = first;
      const at =
        number % 8 < before
          ? from + rushes.integer(RUSH_MS)
          : to + UNTIL_PROBES_MS + rushes.integer(probesMs);
      return { merchant, method, at };
    },
  };
}

function longCalmAround({ from, to }: Outage): LongCalm {
  return { from: from - 1_000, to: to + UNTIL_PROBES_MS + LONG_PROBES_MS + AFTER_PROBES_MS };
}

/** What is placed without a call to the channel never sees that its line is broken. */
const WITHOUT_A_CALL = ["alipay.page", "alipay.wap", "alipay.app", "unionpay.page"];

function placedByCall(channel: string): readonly string[] {
  return methodsOf(channel).filter((method) => !WITHOUT_A_CALL.includes(method));
}

async function planOutage(
  world: World,
  luck: Chance,
  { merchant, contract }: { readonly merchant: Merchant; readonly contract: Contract },
  known: ReadonlyMap<string, AccountSettings>,
  spanMs: number,
): Promise<Outage> {
  const method = luck.pick(placedByCall(contract.channel));
  const from = world.scheduler.now().getTime() + 5_000 + luck.integer(spanMs);
  const to = from + luck.pick([45_000, 3 * MINUTE_MS, 10 * MINUTE_MS]);
  const inWindow = !known.has(contract.accountId) && luck.hits(0.25);
  const mode: Mode = inWindow
    ? "hangs"
    : luck.weighed({ "refuses connections": 4, hangs: 2, "never answers": 2, "answers 502": 2 });
  if (inWindow) {
    const instant = (ms: number) => new Date(ms).toISOString();
    const window = {
      kind: luck.pick(["maintenance", "cut_over"] as const),
      starts_at: instant(from + RUSH_MS + 500),
      ends_at: instant(to + luck.integer(MINUTE_MS)),
    };
    const settings = { windows: [window] };
    await setAccount(world, merchant, contract, settings, 0);
    (known as Map<string, AccountSettings>).set(contract.accountId, settings);
  }
  if (inWindow) merchant.isLimited = true;
  let usualRule: string | null = null;
  if (inWindow || luck.hits(0.8)) {
    const accounts = [contract, ...siblingsOf(merchant, contract)].map(({ accountId: id }) => ({ id }));
    const effect = { type: "choose", strategy: "ordered", accounts };
    const rule = { name: "the usual way", method, priority: 100, when: null, effect };
    usualRule = await setRule(world, merchant, rule);
  }
  return { merchant, contract, mode, method, from, to, inWindow, usualRule };
}

/** Lets the outages happen, until stopped. */
export function breakLines(world: World, { all, longCalm }: Outages): { stop(): void } {
  const { scheduler, lines, weather } = world;
  const owner = { name: "line", alive: true };
  const now = scheduler.now().getTime();
  if (longCalm !== null) {
    weather.tally.add("routing", "worlds of longer calm");
    scheduler.event(owner, "longer calm", longCalm.from - now, () => weather.shelter(true));
    scheduler.event(owner, "the longer calm is over", longCalm.to - now, () => weather.shelter(false));
  }
  for (const outage of all) {
    const { accountId, channel } = outage.contract;
    scheduler.event(owner, `breaks at ${accountId}`, outage.from - now, () => {
      lines.begin(outage);
      weather.tally.add("routing", `an outage: ${outage.mode}`);
      weather.tally.add("routing", `an outage at ${channel}`);
      if (outage.inWindow) weather.tally.add("routing", "an outage in a window");
    });
    scheduler.event(owner, `recovers at ${accountId}`, outage.to - now, () => lines.end(outage));
  }
  return {
    stop: () => {
      owner.alive = false;
      weather.shelter(false);
      for (const outage of all) lines.end(outage);
    },
  };
}
