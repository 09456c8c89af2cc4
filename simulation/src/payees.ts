/** Who is paid by the bank: where its payouts go, entered by one person and verified by another. */
import type { Chance } from "./chance.ts";
import { asOperator, type Merchant } from "./merchants.ts";
import type { WorldCurrency } from "./methods.ts";
import type { Owner } from "./scheduler.ts";
import type { World } from "./world.ts";

/** Where somebody's payouts in one currency go. */
export type Payee = {
  readonly name: string;
  readonly legalName: string;
  /** Where operators enter its accounts and its terms. */
  readonly path: string;
  readonly currency: WorldCurrency;
  /** Its accounts by the platform's ids, in the order of their verification; none: none was ever verified. */
  readonly accounts: Map<string, PayeeAccount>;
  /** How long one waits that takes the place of another. */
  readonly coolDownHours: number;
};

export type MerchantPayee = Payee & {
  readonly merchant: Merchant;
  readonly isAutomatic: boolean;
};

export type PayeeAccount = {
  readonly number: string;
  /** When its verification was asked for and answered; payouts go to it from its cool-down after it. */
  readonly verified: { readonly after: Date; readonly before: Date };
};

const MINUTE_MS = 60_000;
const BEIJING_MS = 480 * MINUTE_MS;

/** Who enters, and who approves. */
export type Hands = { readonly world: World; readonly owner: Owner; readonly approver: string };

/** One proposes it and another approves. */
export async function approved(
  { world, owner, approver }: Hands,
  method: "POST" | "PUT",
  path: string,
  body: object,
): Promise<void> {
  const { id } = await asOperator(world, owner, method, path, body);
  await asOperator(world, owner, "POST", `/v1/ops/approvals/${id}/approve`, undefined, approver);
}

export async function enterMerchant(
  hands: Hands,
  merchant: Merchant,
  currency: WorldCurrency,
  luck: Chance,
): Promise<MerchantPayee> {
  const { world } = hands;
  const path = `/v1/ops/merchants/${merchant.id}`;
  const isAutomatic = luck.hits(0.55);
  if (!isAutomatic || world.hasSameDay || luck.hits(0.3))
    await setPolicy(hands, merchant, currency, isAutomatic, luck);
  let coolDownHours = COOL_DOWN_HOURS;
  if (luck.hits(0.5)) {
    coolDownHours = luck.pick([0, COOL_DOWN_HOURS]);
    const terms = { currency, fee: luck.pick([0, 100, 500]), cool_down_hours: coolDownHours };
    await approved(hands, "PUT", `${path}/payout_terms`, terms);
  }
  const { name } = merchant;
  const own = { name, legalName: `${name} trading co ltd`, path, currency, coolDownHours };
  const payee: MerchantPayee = { ...own, merchant, accounts: new Map(), isAutomatic };
  if (luck.hits(0.1) && !world.weather.isBadFor("payouts")) {
    world.weather.tally.add("bank", "a merchant without an account");
  } else {
    await enterAccount(hands, payee, luck);
  }
  return payee;
}

/** Its first account, in calm weather. */
export async function enterAccount(hands: Hands, payee: Payee, luck: Chance): Promise<void> {
  const { world, owner } = hands;
  const wish = newAccount(payee, luck);
  const account = await asOperator(world, owner, "POST", `${payee.path}/bank_accounts`, wish);
  const after = world.scheduler.now();
  await approved(hands, "POST", `/v1/ops/bank_accounts/${account.id}/verify`, OPENING_LETTER);
  const verified = { after, before: world.scheduler.now() };
  payee.accounts.set(account.id, { number: wish.number, verified });
}

/** Of a payee for whom nothing else was set. */
export const COOL_DOWN_HOURS = 24;

export const OPENING_LETTER = { evidence: "The bank's opening letter, in the file" };

/** What an operator enters of a payee's account. */
export function newAccount({ legalName, currency }: Payee, luck: Chance) {
  return {
    currency,
    holder_name: legalName,
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
    basis:
      hands.world.weather.isBadFor("payouts") || hands.world.hasSameDay
        ? "on_success"
        : luck.weighed({ on_success: 4, on_reconciled: 3, on_funds_received: 1 }),
    days: hands.world.hasSameDay ? 0 : 1,
    day_kind: "calendar",
    calendar: null,
    minimum_amount: luck.pick([0, 0, 500]),
    ...luck.pick([NO_RESERVE, NO_RESERVE, { reserve_rate_millionths: 100_000, reserve_days: 7 }]),
    payout: isAutomatic ? "automatic" : "on_request",
    person_above: null,
    reason: "the merchant's contract",
  });
}
