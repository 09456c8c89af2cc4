/**
 * The bank of a world: our accounts there, which the platform is told of as connections, and the accounts of
 * merchants that payouts go to; each entered by one person and approved by another.
 */
import type { Chance } from "./chance.ts";
import { payInOwnMoney } from "./closes.ts";
import { CONSOLES, make } from "./contracts.ts";
import { passesUs } from "./fund-flows.ts";
import { asOperator, type Merchant } from "./merchants.ts";
import type { WorldCurrency } from "./methods.ts";
import type { Owner } from "./scheduler.ts";
import type { World } from "./world.ts";

/** An account of ours. */
export type OurAccount = {
  readonly name: string;
  readonly number: string;
  readonly currency: WorldCurrency;
  readonly holds: "reserve" | "own";
  /** What was on it before the platform came, in minor units. */
  readonly opening: number;
};

/** Where a merchant's payouts in one currency go. */
export type Payee = {
  readonly merchant: Merchant;
  readonly currency: WorldCurrency;
  /** Its accounts by the platform's ids, in the order of their verification; none: none was ever verified. */
  readonly accounts: Map<string, PayeeAccount>;
  /** How long one waits that takes the place of another. */
  readonly coolDownHours: number;
  readonly isAutomatic: boolean;
};

export type PayeeAccount = {
  readonly number: string;
  /** When its verification was asked for and answered; payouts go to it from its cool-down after it. */
  readonly verified: { readonly after: Date; readonly before: Date };
};

export type Bank = {
  readonly ours: readonly OurAccount[];
  readonly payees: readonly Payee[];
  /** Tokens of two people of finance, either of whom approves what the operators propose. */
  readonly tellers: readonly [string, string];
  readonly owner: Owner;
};

const MINUTE_MS = 60_000;
const BEIJING_MS = 480 * MINUTE_MS;
/** Of the platform's own, inside the reserve: more than channels cost beyond what merchants are charged. */
const OWN_MONEY = { rich: 10_000_000, poor: 400_000 } as const;

/** Opens the accounts, in calm weather. */
export async function openBank(world: World, merchants: readonly Merchant[]): Promise<Bank> {
  const luck = world.chance.stream("bank");
  const owner: Owner = { name: "finance", alive: true };
  const tellers = [await hire(world, owner, "first"), await hire(world, owner, "second")] as const;
  const hands: Hands = { world, owner, approver: tellers[0] };
  const ours: OurAccount[] = [];
  const drawn = luck.hits(0.25) ? "poor" : "rich";
  // Where something lies in wait for money on its way out, it is to come by.
  const wealth = world.weather.isBadForPayouts ? "rich" : drawn;
  world.weather.tally.add("bank", `a ${wealth} reserve`);
  for (const currency of [...new Set(merchants.flatMap((merchant) => merchant.currencies))].sort()) {
    const reserve = { currency, holds: "reserve", opening: OWN_MONEY[wealth] } as const;
    ours.push(await connect(hands, reserve, luck));
    await payInOwnMoney(world, currency, BigInt(OWN_MONEY[wealth]));
  }
  for (const currency of ownCurrencies(merchants)) {
    ours.push(await connect(hands, { currency, holds: "own", opening: 0 }, luck));
  }
  const payees: Payee[] = [];
  for (const merchant of merchants) {
    for (const currency of merchant.currencies) {
      payees.push(await enterPayee(hands, merchant, currency, luck.stream(`${merchant.name} ${currency}`)));
    }
  }
  return { ours, payees, tellers, owner };
}

/** Of our own accounts, yuan first: commission is paid in the currency of what it is on. */
function ownCurrencies(merchants: readonly Merchant[]): readonly WorldCurrency[] {
  const past = merchants.flatMap(({ contracts }) => contracts.filter((contract) => !passesUs(contract)));
  return [...new Set(["CNY" as const, ...past.map(({ channel }) => CONSOLES[channel].currency)])];
}

type Hands = { readonly world: World; readonly owner: Owner; readonly approver: string };

async function hire(world: World, owner: Owner, name: string): Promise<string> {
  const wish = { name: `${name} teller`, roles: ["finance"] };
  return (await asOperator(world, owner, "POST", "/v1/ops/operators", wish)).token;
}

async function approved(
  { world, owner, approver }: Hands,
  method: "POST" | "PUT",
  path: string,
  body: object,
): Promise<void> {
  const { id } = await asOperator(world, owner, method, path, body);
  await asOperator(world, owner, "POST", `/v1/ops/approvals/${id}/approve`, undefined, approver);
}

const NAME_AT_THE_BANK = "Tributary Ltd.";

async function connect(
  hands: Hands,
  { currency, holds, opening }: Pick<OurAccount, "currency" | "holds" | "opening">,
  luck: Chance,
): Promise<OurAccount> {
  const name = `${holds}-${currency.toLowerCase()}`;
  const number = `${holds === "own" ? "41" : "31"}${currency}000000000001`;
  const removesDoubles = luck.hits(0.5);
  const account = await make(hands.world, "/bank/accounts", {
    number,
    name: NAME_AT_THE_BANK,
    currency,
    opening,
    removes_doubles: removesDoubles,
  });
  await approved(hands, "PUT", `/v1/ops/bank_connections/${name}`, {
    url: account.url,
    account_number: number,
    holder_name: NAME_AT_THE_BANK,
    bank_code: "105100000017",
    currency,
    holds,
    removes_doubles: removesDoubles,
    timeout_ms: luck.pick([5_000, 20_000]),
  });
  return { name, number, currency, holds, opening };
}

async function enterPayee(
  hands: Hands,
  merchant: Merchant,
  currency: WorldCurrency,
  luck: Chance,
): Promise<Payee> {
  const { world, owner } = hands;
  const isAutomatic = luck.hits(0.55);
  if (!isAutomatic || luck.hits(0.3)) await setPolicy(hands, merchant, currency, isAutomatic, luck);
  let coolDownHours = COOL_DOWN_HOURS;
  if (luck.hits(0.5)) {
    coolDownHours = luck.pick([0, COOL_DOWN_HOURS]);
    await approved(hands, "PUT", `/v1/ops/merchants/${merchant.id}/payout_terms`, {
      currency,
      fee: luck.pick([0, 100, 500]),
      cool_down_hours: coolDownHours,
    });
  }
  const payee: Payee = { merchant, currency, accounts: new Map(), isAutomatic, coolDownHours };
  if (luck.hits(0.1) && !world.weather.isBadForPayouts) {
    world.weather.tally.add("bank", "a merchant without an account");
    return payee;
  }
  const wish = newAccount(payee, luck);
  const path = `/v1/ops/merchants/${merchant.id}/bank_accounts`;
  const account = await asOperator(world, owner, "POST", path, wish);
  const after = world.scheduler.now();
  await approved(hands, "POST", `/v1/ops/bank_accounts/${account.id}/verify`, OPENING_LETTER);
  const verified = { after, before: world.scheduler.now() };
  payee.accounts.set(account.id, { number: wish.number, verified });
  return payee;
}

/** Of a merchant for whom nothing else was set. */
const COOL_DOWN_HOURS = 24;

export const OPENING_LETTER = { evidence: "The bank's opening letter, in the file" };

/** What an operator enters of a merchant's account. */
export function newAccount({ merchant, currency }: Payee, luck: Chance) {
  return {
    currency,
    holder_name: `${merchant.name} trading co ltd`,
    number: `6222${String(luck.integer(10 ** 12)).padStart(12, "0")}`,
    bank_code: "102100099996",
  };
}

const NO_RESERVE = { reserve_rate_millionths: 0, reserve_days: 0 };

/** When the merchant's money settles, and whether it is paid out by itself. */
async function setPolicy(
  hands: Hands,
  merchant: Merchant,
  currency: WorldCurrency,
  isAutomatic: boolean,
  luck: Chance,
): Promise<void> {
  // Some worlds begin shortly before midnight: approved after it, a version from the day before is too late.
  const soon = hands.world.scheduler.now().getTime() + BEIJING_MS + MINUTE_MS;
  await approved(hands, "POST", "/v1/ops/settlement_policies", {
    merchant_id: merchant.id,
    currency,
    effective_from: new Date(soon).toISOString().slice(0, 10),
    basis: hands.world.weather.isBadForPayouts
      ? "on_success"
      : luck.weighed({ on_success: 4, on_reconciled: 3, on_funds_received: 1 }),
    days: 1,
    day_kind: "calendar",
    calendar: null,
    minimum_amount: luck.pick([0, 0, 500]),
    ...luck.pick([NO_RESERVE, NO_RESERVE, { reserve_rate_millionths: 100_000, reserve_days: 7 }]),
    payout: isAutomatic ? "automatic" : "on_request",
    person_above: null,
    reason: "the merchant's contract",
  });
}
