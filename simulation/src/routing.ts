/**
 * What operators set before the traffic: rules of every strategy, exclusions, quotas, cool-downs, hours,
 * windows and floors, drawn by chance and entered through the operators' own routes.
 */
import type { Chance } from "./chance.ts";
import type { ChannelName, Contract } from "./contracts.ts";
import { asOperator, type Merchant } from "./merchants.ts";
import { methodsOf } from "./methods.ts";
import type { World } from "./world.ts";

/** Times of the channel's day, `HH:MM`. */
type DayTime = { readonly from: string; readonly to: string };
export type AccountWindow =
  | { readonly kind: "maintenance" | "cut_over"; readonly starts_at: string; readonly ends_at: string }
  | (DayTime & { readonly kind: "maintenance" | "cut_over" });

/** What is set of one account; what is absent is as it is by default. */
export type AccountSettings = {
  weight?: number;
  windows?: AccountWindow[];
  trading_hours?: DayTime[];
  day_amount_max?: number;
  day_count_max?: number;
  month_amount_max?: number;
  month_count_max?: number;
  day_starts_at?: string;
  cool_down_seconds?: number;
  success_floor?: { rate_millionths: number; window_minutes: number; attempts_min: number };
};

/** By account, what was set of it. */
export type SettingsById = ReadonlyMap<string, AccountSettings>;

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const BEIJING_MS = 8 * HOUR_MS;
const STRATEGIES = ["ordered", "oldest", "weights", "cost", "success_rate", "rotation"] as const;

const SET_OF_ACCOUNTS =
  "weight windows trading_hours day_amount_max day_count_max month_amount_max month_count_max " +
  "day_starts_at cool_down_seconds success_floor";
/** What many worlds together must have set, as it is counted. */
export const ROUTING_SET: readonly string[] = [
  ...SET_OF_ACCOUNTS.split(" "),
  ...STRATEGIES.map((strategy) => `a rule: ${strategy}`),
  "an exclusion",
];

/** The zone that a channel's days are told in, as its distance from UTC. */
export function zoneMsOf(channel: ChannelName): number {
  return channel === "stripe" ? 0 : BEIJING_MS;
}

/** `HH:MM` at an instant, in the channel's zone. */
function clockTime(at: number, channel: ChannelName): string {
  return new Date(at + zoneMsOf(channel)).toISOString().slice(11, 16);
}

/** Draws what an operator sets of this account; some of what the world's traffic comes by within minutes. */
export function drawSettings(luck: Chance, { channel }: Contract, now: number): AccountSettings {
  const at = (minutes: number) => clockTime(now + minutes * MINUTE_MS, channel);
  const settings: AccountSettings = {};
  if (luck.hits(0.4)) settings.weight = luck.pick([0, 10, 100, 300]);
  if (luck.hits(0.25)) settings.day_count_max = luck.between(1, 6);
  if (luck.hits(0.2)) settings.day_amount_max = luck.between(200_000, 1_500_000);
  if (luck.hits(0.1)) settings.month_count_max = luck.between(2, 8);
  if (luck.hits(0.1)) settings.month_amount_max = luck.between(400_000, 2_000_000);
  if (luck.hits(0.2)) settings.day_starts_at = luck.pick(["23:00", "04:00", at(luck.between(1, 10))]);
  if (luck.hits(0.15)) settings.cool_down_seconds = luck.pick([1, 5, 30]);
  if (luck.hits(0.15)) {
    const [from, to] = luck.hits(0.5)
      ? [at(-60), at(luck.between(1, 20))]
      : [at(luck.between(1, 5)), at(120)];
    settings.trading_hours = [{ from, to }];
  }
  if (luck.hits(0.25)) settings.windows = [drawWindow(luck, now, at)];
  if (luck.hits(0.15))
    settings.success_floor = {
      rate_millionths: 500_000,
      window_minutes: 30,
      attempts_min: luck.between(2, 6),
    };
  return settings;
}

function drawWindow(luck: Chance, now: number, at: (minutes: number) => string): AccountWindow {
  const kind = luck.pick(["maintenance", "cut_over"] as const);
  const [begins, lasts] = [luck.integer(8), luck.between(2, 15)];
  if (luck.hits(0.5)) return { kind, from: at(begins), to: at(begins + lasts) };
  const startsAt = now + begins * MINUTE_MS + luck.integer(MINUTE_MS);
  const instant = (ms: number) => new Date(ms).toISOString();
  return { kind, starts_at: instant(startsAt), ends_at: instant(startsAt + lasts * MINUTE_MS) };
}

/** Enters settings and rules for the shops that have a choice, and for some that have none. */
export async function setRouting(world: World, merchants: readonly Merchant[]): Promise<SettingsById> {
  const byId = new Map<string, AccountSettings>();
  for (const merchant of merchants) {
    const luck = world.chance.stream(`routing of ${merchant.name}`);
    if (luck.hits(0.3)) continue;
    merchant.isLimited = true;
    const now = world.scheduler.now().getTime();
    for (const contract of merchant.contracts) {
      // Without another account a limit closes the shop for a while: few do that to themselves.
      if (!luck.hits(siblingsOf(merchant, contract).length === 0 ? 0.1 : 0.6)) continue;
      const settings = drawSettings(luck, contract, now);
      await setAccount(world, merchant, contract, settings, 0);
      byId.set(contract.accountId, settings);
    }
    for (let rules = luck.integer(4); rules > 0; rules -= 1) await drawRule(world, merchant, luck);
  }
  return byId;
}

/** Other contracts of the shop with the same channel. */
export function siblingsOf(merchant: Merchant, contract: Contract): readonly Contract[] {
  return merchant.contracts.filter((one) => one !== contract && one.channel === contract.channel);
}

/** @param version that the settings stand on: 0 where none were made. */
export async function setAccount(
  world: World,
  { owner }: Merchant,
  { accountId }: Contract,
  settings: AccountSettings,
  version: number,
): Promise<void> {
  const path = `/v1/ops/routing/accounts/${accountId}`;
  await asOperator(world, owner, "PATCH", path, { version, ...settings });
  for (const name of Object.keys(settings)) world.weather.tally.add("routing", `sets ${name}`);
}

export type RuleWish = {
  readonly name: string;
  readonly method: string | null;
  readonly priority: number;
  readonly when: string | null;
  readonly effect: Record<string, unknown>;
};

/** Its id. */
export async function setRule(world: World, merchant: Merchant, rule: RuleWish): Promise<string> {
  const body = { ...rule, merchant_id: merchant.id, currency: null };
  return (await asOperator(world, merchant.owner, "POST", "/v1/ops/routing/rules", body)).id;
}

async function drawRule(world: World, merchant: Merchant, luck: Chance): Promise<void> {
  const several = merchant.contracts.filter((one) => siblingsOf(merchant, one).length > 0);
  if (several.length === 0) return;
  const one = luck.pick(several);
  const both = [one, ...siblingsOf(merchant, one)].map(({ accountId: id }) => ({ id }));
  const method = luck.pick([null, luck.pick(methodsOf(one.channel))]);
  const when = luck.pick([null, `amount > ${luck.between(1_000, 400_000)}`, "hour >= 0 && hour < 13"]);
  const common = { method, when, priority: luck.integer(20) };
  if (luck.hits(0.25)) {
    const effect = { type: "exclude", accounts: both.slice(0, 1) };
    await setRule(world, merchant, { name: "an exclusion", ...common, effect });
    world.weather.tally.add("routing", "sets an exclusion");
    return;
  }
  const strategy = luck.pick(STRATEGIES);
  const weighted = both.map((each) => ({ ...each, weight: luck.pick([0, 1, 5]) + 1 }));
  const named = strategy === "weights" && luck.hits(0.5) ? weighted : both;
  const isNamed = strategy === "ordered" || luck.hits(0.5);
  const effect = { type: "choose", strategy, ...(isNamed ? { accounts: named } : {}) };
  await setRule(world, merchant, { name: `by ${strategy}`, ...common, effect });
  world.weather.tally.add("routing", `sets a rule: ${strategy}`);
}

/** Whether the account takes no order at this instant by what was set of it. Told apart from the platform. */
export function restsAt(settings: AccountSettings, channel: ChannelName, at: number): string | null {
  const time = clockTime(at, channel);
  const within = ({ from, to }: DayTime) =>
    from < to ? from <= time && time < to : from <= time || time < to;
  for (const window of settings.windows ?? []) {
    const isOpen =
      "from" in window
        ? within(window)
        : Date.parse(window.starts_at) <= at && at < Date.parse(window.ends_at);
    if (isOpen) return window.kind;
  }
  const hours = settings.trading_hours ?? [];
  return hours.length > 0 && !hours.some(within) ? "outside trading hours" : null;
}

/** Which of a world's shops have contracts that an order could go elsewhere from. */
export function withSiblings(
  merchants: readonly Merchant[],
): readonly { merchant: Merchant; contract: Contract }[] {
  return merchants.flatMap((merchant) =>
    merchant.contracts
      .filter((contract) => siblingsOf(merchant, contract).length > 0)
      .map((contract) => ({ merchant, contract })),
  );
}
