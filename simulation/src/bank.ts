/**
 * The bank of a world: our accounts there, which the platform is told of as connections, and the accounts
 * that payouts go to; each entered by one person and approved by another.
 */
import type { Chance } from "./chance.ts";
import { payInOwnMoney } from "./closes.ts";
import { CONSOLES, make } from "./contracts.ts";
import type { FeesSet } from "./fees.ts";
import { passesUs } from "./fund-flows.ts";
import { asOperator, type Merchant } from "./merchants.ts";
import type { WorldCurrency } from "./methods.ts";
import { enterReceivers, type OwedPayee, registerPartners } from "./partners.ts";
import { approved, enterMerchant, type Hands, type MerchantPayee } from "./payees.ts";
import type { Owner } from "./scheduler.ts";
import type { Sharing } from "./sharing.ts";
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

export type Bank = {
  readonly ours: readonly OurAccount[];
  readonly payees: readonly MerchantPayee[];
  /** Partners and receivers: what they are owed is paid when finance asks for it. */
  readonly owed: readonly OwedPayee[];
  /** Tokens of two people of finance, either of whom approves what the operators propose. */
  readonly tellers: readonly [string, string];
  readonly owner: Owner;
};

/** Of the platform's own, inside the reserve: more than channels cost beyond what merchants are charged. */
const OWN_MONEY = { rich: 10_000_000, poor: 400_000 } as const;

/** Opens the accounts, in calm weather. */
export async function openBank(
  world: World,
  merchants: readonly Merchant[],
  { fees, sharing }: { readonly fees: readonly FeesSet[]; readonly sharing: Sharing },
): Promise<Bank> {
  const luck = world.chance.stream("bank");
  const owner: Owner = { name: "finance", alive: true };
  const tellers = [await hire(world, owner, "first"), await hire(world, owner, "second")] as const;
  const hands: Hands = { world, owner, approver: tellers[0] };
  const ours: OurAccount[] = [];
  const drawn = luck.hits(0.25) ? "poor" : "rich";
  // Where something lies in wait for money on its way out, it is to come by.
  const wealth = world.weather.isBadFor("payouts") ? "rich" : drawn;
  world.weather.tally.add("bank", `a ${wealth} reserve`);
  for (const currency of [...new Set(merchants.flatMap((merchant) => merchant.currencies))].sort()) {
    const reserve = { currency, holds: "reserve", opening: OWN_MONEY[wealth] } as const;
    ours.push(await connect(hands, reserve, luck));
    await payInOwnMoney(world, currency, BigInt(OWN_MONEY[wealth]));
  }
  for (const currency of ownCurrencies(merchants)) {
    ours.push(await connect(hands, { currency, holds: "own", opening: 0 }, luck));
  }
  const payees: MerchantPayee[] = [];
  for (const merchant of merchants) {
    for (const currency of merchant.currencies) {
      payees.push(
        await enterMerchant(hands, merchant, currency, luck.stream(`${merchant.name} ${currency}`)),
      );
    }
  }
  const partners = await registerPartners(hands, fees, luck.stream("partners"));
  const receivers = await enterReceivers(hands, sharing, luck.stream("receivers"));
  const owed = [...partners, ...receivers];
  return { ours, payees, owed, tellers, owner };
}

/** Of our own accounts, yuan first: commission is paid in the currency of what it is on. */
function ownCurrencies(merchants: readonly Merchant[]): readonly WorldCurrency[] {
  const past = merchants.flatMap(({ contracts }) => contracts.filter((contract) => !passesUs(contract)));
  return [...new Set(["CNY" as const, ...past.map(({ channel }) => CONSOLES[channel].currency)])];
}

async function hire(world: World, owner: Owner, name: string): Promise<string> {
  const wish = { name: `${name} teller`, roles: ["finance"] };
  return (await asOperator(world, owner, "POST", "/v1/ops/operators", wish)).token;
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
