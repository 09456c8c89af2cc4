/**
 * Whom the books owe something besides merchants: partners their parts of fees, registered by name, and
 * receivers their shares. Some have terms, most an account.
 */
import type { Chance } from "./chance.ts";
import type { FeesSet } from "./fees.ts";
import { approved, COOL_DOWN_HOURS, enterAccount, type Hands, type Payee } from "./payees.ts";
import type { Sharing } from "./sharing.ts";

/** One whose payouts finance asks for, of what the books owe it. */
export type OwedPayee = Payee & {
  readonly kind: "partner" | "receiver";
  /** As lists of dues name it: a party, or `rcv_…`. */
  readonly key: string;
  /** The least that it is paid at once. */
  readonly minimum: number;
};

/** Registers the parties of schedules in calm weather; some nobody registers, and they are not paid. */
export async function registerPartners(
  hands: Hands,
  fees: readonly FeesSet[],
  luck: Chance,
): Promise<readonly OwedPayee[]> {
  const { world } = hands;
  const owed: OwedPayee[] = [];
  for (const party of distinct(fees.flatMap(({ shares }) => shares.map((share) => share.party)))) {
    const own = luck.stream(party);
    if (own.hits(0.1) && !world.weather.isBadFor("payouts")) continue;
    const path = `/v1/ops/partners/${party}`;
    const legalName = `${party} Agency Co., Ltd.`;
    await approved(hands, "PUT", path, { name: legalName });
    const earning = fees.filter(({ shares }) => shares.some((share) => share.party === party));
    for (const currency of distinct(earning.map((set) => set.currency))) {
      const place = { kind: "partner", key: party, name: party, legalName, path, currency } as const;
      owed.push(await enterOwed(hands, place, own.stream(currency)));
    }
  }
  return owed;
}

/** Gives those whose shares lie in our books terms and accounts; who comes later has none. */
export async function enterReceivers(
  hands: Hands,
  { receivers, splits }: Sharing,
  luck: Chance,
): Promise<readonly OwedPayee[]> {
  const owed: OwedPayee[] = [];
  const inBooks = splits.filter(({ mode }) => mode === "books").map(({ contract }) => contract);
  for (const { id, name } of receivers.filter(({ merchant }) =>
    merchant.contracts.some((contract) => inBooks.includes(contract)),
  )) {
    const path = `/v1/ops/receivers/${id}`;
    const place = { kind: "receiver", key: id, name, legalName: name, path, currency: "CNY" } as const;
    owed.push(await enterOwed(hands, place, luck.stream(id)));
  }
  return owed;
}

type Place = Omit<OwedPayee, "accounts" | "coolDownHours" | "minimum">;

/** Its terms, now and then, and its account. */
async function enterOwed(hands: Hands, place: Place, luck: Chance): Promise<OwedPayee> {
  const { world } = hands;
  const { kind, path, currency } = place;
  let [minimum, coolDownHours] = [0, COOL_DOWN_HOURS];
  if (luck.hits(0.4)) {
    [minimum, coolDownHours] = [luck.pick([0, 20]), luck.pick([0, COOL_DOWN_HOURS])];
    const terms = { currency, minimum, cool_down_hours: coolDownHours };
    await approved(hands, "PUT", `${path}/payout_terms`, terms);
    world.weather.tally.add("bank", `terms of a ${kind}`);
  }
  const payee: OwedPayee = { ...place, accounts: new Map(), coolDownHours, minimum };
  if (luck.hits(0.1) && !world.weather.isBadFor("payouts")) {
    world.weather.tally.add("bank", `a ${kind} without an account`);
  } else {
    await enterAccount(hands, payee, luck);
  }
  return payee;
}

function distinct<T extends string>(names: readonly T[]): readonly T[] {
  return [...new Set(names)].sort();
}
