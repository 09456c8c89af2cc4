/**
 * Rules and settings made ready for decisions: conditions compiled, rules under their equality keys, and of
 * one merchant's accounts those that serve a method and currency. Rebuilt when any of it changes.
 */
import type { ChannelAccount } from "../channels/index.ts";
import type { Schedule } from "../fees/index.ts";
import { formatId, type Id } from "../kernel/ids.ts";
import type { Currency } from "../kernel/money.ts";
import type { Condition, Conditions } from "./expression.ts";
import { DEFAULT_SETTINGS, type KeptSettings, type Rule, type Settings } from "./model.ts";

export type CompiledRule = Rule & {
  readonly test: Condition | null;
  /** The accounts that it names, to be looked up. */
  readonly named: ReadonlySet<Id>;
};

/** The rules that are asked about an order, each kind in the order in which it is asked. */
export type RulesFor = {
  readonly exclusions: readonly CompiledRule[];
  readonly choices: readonly CompiledRule[];
};

/** Everything that operators have set, as of one revision of the platform schema. */
export type Snapshot = {
  /** Active rules of a merchant, method and currency, those for any included. */
  rulesFor(merchantId: Id, method: string, currency: Currency): RulesFor;
  settingsOf(accountId: Id): Settings;
};

const ANY = "*";

export function createSnapshot(
  rules: readonly Rule[],
  settings: readonly KeptSettings[],
  conditions: Conditions,
): Snapshot {
  const index = new Map<string, CompiledRule[]>();
  for (const rule of rules) {
    if (rule.status !== "active") continue;
    const key = keyOf(rule.merchantId ?? ANY, rule.method ?? ANY, rule.currency ?? ANY);
    const under = index.get(key) ?? [];
    const named = new Set(rule.effect.accounts ?? []);
    under.push({ ...rule, test: compiled(rule, conditions), named });
    index.set(key, under);
  }
  const settingsById = new Map(settings.map((kept) => [kept.channelAccountId, kept.settings]));
  return {
    rulesFor: (merchantId, method, currency) => {
      const rules = keysOf(merchantId, method, currency)
        .flatMap((one) => index.get(one) ?? [])
        .sort(byPriority);
      return {
        exclusions: rules.filter(({ effect }) => effect.kind === "exclude"),
        choices: rules.filter(({ effect }) => effect.kind === "choose"),
      };
    },
    settingsOf: (accountId) => settingsById.get(accountId) ?? DEFAULT_SETTINGS,
  };
}

/** A rule that no longer compiles (its language moved on) never matches; saving would refuse it. */
function compiled(rule: Rule, conditions: Conditions): Condition | null {
  if (rule.condition === null) return null;
  const checked = conditions.check(rule.condition);
  return checked.ok ? checked.condition : () => false;
}

function keysOf(merchantId: Id, method: string, currency: Currency): string[] {
  return [merchantId, ANY].flatMap((merchant) =>
    [method, ANY].flatMap((way) => [currency, ANY].map((money) => keyOf(merchant, way, money))),
  );
}

function keyOf(merchant: string, method: string, currency: string): string {
  return `${merchant}/${method}/${currency}`;
}

/** The highest priority first; of equals the older rule. */
function byPriority(a: Rule, b: Rule): number {
  return b.priority - a.priority || (a.id < b.id ? -1 : 1);
}

export type Candidate = {
  readonly account: ChannelAccount;
  readonly settings: Settings;
  readonly timeZone: string;
  /** Of its costs; none: its one rate. */
  readonly schedules: readonly Schedule[];
  /** Whether its settings depend on the time of day or on what was used. */
  readonly hasClock: boolean;
  readonly hasQuota: boolean;
};

/** What is asked about orders of one method and currency. */
export type Section = {
  /** Active accounts that serve the method, the oldest first. */
  readonly serving: readonly Candidate[];
  /** Of those, the ones that take the currency. */
  readonly taking: readonly Candidate[];
  readonly rules: RulesFor;
};

/** Of one merchant's accounts, what decisions ask of them. */
export type Plan = {
  readonly merchant: string;
  readonly active: readonly Candidate[];
  section(method: string, currency: Currency): Section;
};

export function createPlan(
  snapshot: Snapshot,
  merchantId: Id,
  accounts: readonly ChannelAccount[],
  timeZoneOf: (channel: string) => string,
  schedulesOf: (account: ChannelAccount) => readonly Schedule[] = () => [],
): Plan {
  const active = accounts
    .filter((account) => account.status === "active")
    .sort((a, b) => a.createdAt.getTime() - b.createdAt.getTime() || (a.id < b.id ? -1 : 1))
    .map((account) => {
      const schedules = schedulesOf(account);
      return {
        ...candidateOf(account, snapshot.settingsOf(account.id), timeZoneOf(account.channel)),
        schedules,
      };
    });
  const sections = new Map<string, Map<Currency, Section>>();
  const make = (method: string, currency: Currency): Section => {
    const serving = active.filter(({ account }) => account.methods.includes(method));
    const taking = serving.filter(({ account }) => account.currencies.includes(currency));
    return { serving, taking, rules: snapshot.rulesFor(merchantId, method, currency) };
  };
  return {
    merchant: formatId("mch", merchantId),
    active,
    section: (method, currency) => {
      const known = sections.get(method)?.get(currency);
      if (known !== undefined) return known;
      const section = make(method, currency);
      // A method that no account serves is any text: it is not remembered.
      if (section.serving.length === 0) return section;
      const ofMethod = sections.get(method) ?? new Map<Currency, Section>();
      sections.set(method, ofMethod.set(currency, section));
      return section;
    },
  };
}

function candidateOf(
  account: ChannelAccount,
  settings: Settings,
  timeZone: string,
): Omit<Candidate, "schedules"> {
  const { windows, tradingHours, dayAmountMax, dayCountMax, monthAmountMax, monthCountMax } = settings;
  const limits = [dayAmountMax, dayCountMax, monthAmountMax, monthCountMax];
  return {
    account,
    settings,
    timeZone,
    hasClock: windows.length > 0 || tradingHours.length > 0,
    hasQuota: limits.some((limit) => limit !== null) || settings.coolDownSeconds > 0,
  };
}
