/** What a partner is owed, and its payouts. */
import { formatId } from "../../kernel/ids.ts";
import type { Actor } from "../../operators/index.ts";
import type { PayoutsDeps } from "../deps.ts";
import type { Payout } from "../model.ts";
import { getPartner } from "../payees/partners.ts";
import { getPayee } from "../payees/payee.ts";
import { type Partner, partnersByParties } from "../payees/store.ts";
import { NOBODY } from "./divide.ts";
import { dividePartners } from "./partners.ts";
import {
  listDues,
  listPartnerOwed,
  lockDues,
  type PartnerDue,
  type PartnerOwedRow,
  partnerOwed,
  takenByPayees,
} from "./partners-store.ts";
import { type PayOwed, payOwed } from "./pay.ts";

/**
 * Makes a payout of what a partner is owed for days that are over, from all merchants' books. Throws
 * `not_found` for a party that nobody has registered, and as `payOwed`.
 */
export async function payPartner(
  deps: PayoutsDeps,
  actor: Actor,
  party: string,
  wanted: PayOwed,
): Promise<{ payout: Payout; isNew: boolean }> {
  const { id: partnerId } = await getPartner(deps, party);
  const known = await getPayee(deps, { payeeKind: "partner", payeeId: partnerId });
  await dividePartners(deps, async () => undefined);
  const { currency } = wanted;
  return payOwed(deps, actor, { ...known, payeeKind: "partner" }, wanted, async (tx) => {
    await lockDues(tx, party, currency);
    // By a statement that starts after the lock is held, so that it sees the payouts of whoever had it
    // before.
    return partnerOwed(tx, { party, partnerId }, currency);
  });
}

export type OwedToPartner = PartnerDue & { readonly partner: Partner | null; readonly owed: bigint };

/** What is owed by party and currency; the party is null for what no share explains. */
export async function owedToPartners(
  deps: PayoutsDeps,
  after: readonly string[] | null,
  limit: number,
): Promise<OwedToPartner[]> {
  const dues = await listDues(deps.cell.db, after, limit);
  const partners = await partnersByParties(deps.platform.db, [...new Set(dues.map(({ party }) => party))]);
  const taken = await takenByPayees(
    deps.cell.db,
    partners.map(({ id }) => id),
  );
  return dues.map((due) => {
    const partner = partners.find(({ party }) => party === due.party) ?? null;
    const paid = taken.find((one) => one.payeeId === partner?.id && one.currency === due.currency);
    return { ...due, partner, owed: due.earned - (paid?.amount ?? 0n) };
  });
}

/** A page of what merchants' books owe a party. */
export async function owedByMerchants(
  deps: PayoutsDeps,
  of: { readonly party: string; readonly currency: string },
  after: string | null,
  limit: number,
): Promise<PartnerOwedRow[]> {
  const [partner] = await partnersByParties(deps.platform.db, [of.party]);
  return listPartnerOwed(deps.cell.db, { ...of, partnerId: partner?.id ?? null }, after, limit);
}

export function presentOwed({ party, currency, merchants, earned, partner, owed }: OwedToPartner) {
  return {
    party: party === NOBODY ? null : party,
    partner: partner === null ? null : formatId("prt", partner.id),
    name: partner?.legalName ?? null,
    currency,
    merchants,
    earned: Number(earned),
    owed: Number(owed),
  };
}
