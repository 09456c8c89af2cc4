/** What partners are owed, by merchant, and its payouts. */
import type { Share } from "../../fees/index.ts";
import { problem } from "../../kernel/errors.ts";
import { formatId, type Id } from "../../kernel/ids.ts";
import { type Currency, formatDecimal } from "../../kernel/money.ts";
import type { Actor } from "../../operators/index.ts";
import type { PayoutsDeps } from "../deps.ts";
import type { Payout } from "../model.ts";
import { getPartner } from "../payees/partners.ts";
import { getPayee } from "../payees/payee.ts";
import { type Partner, partnersByParties } from "../payees/store.ts";
import { ownMoney } from "../statement/own-money.ts";
import { divideEntries, NOBODY, type PartnerEntry } from "./divide.ts";
import { type Division, divide } from "./division.ts";
import {
  keepPartnersLeft,
  PAYING_KINDS,
  type PartnerRow,
  partnerEntries,
  partnersLeftOf,
} from "./entries.ts";
import { type PayOwed, payOwed } from "./pay.ts";
import { type Due, keepDues, listDues, listOwed, type OwedRow, takenByPayees } from "./store.ts";

/** Divides what partners earned, in all merchants' books, on days that are over. Safe to repeat. */
export function dividePartners(deps: PayoutsDeps, goOn: () => Promise<void>): Promise<void> {
  return divide(deps, partnersDivision(deps), goOn);
}

function partnersDivision(deps: PayoutsDeps): Division<PartnerRow> {
  // By rule and version, which never change.
  const known = new Map<string, readonly Share[]>();
  return {
    code: "partner_payable",
    rows: (account, today, limit) => partnerEntries(deps.cell.db, account, today, limit),
    prepare: async (rows) => {
      const shares = await sharesOf(deps, rows, known);
      const refunded = rows.flatMap(({ kind, attemptId }) =>
        attemptId !== null && kind !== "payment_success" ? [attemptId] : [],
      );
      return async (tx, account, _, upTo) => {
        const left = await partnersLeftOf(tx, [...new Set(refunded)]);
        const divided = divideEntries(rows.map(entryOf), (id) => shares.get(id) ?? [], left);
        await keepPartnersLeft(tx, divided.left);
        await keepDues(tx, "partner", account, divided.dues, upTo);
      };
    },
  };
}

/** By the success that the fee was taken of. */
async function sharesOf(
  { fees }: PayoutsDeps,
  rows: readonly PartnerRow[],
  known: Map<string, readonly Share[]>,
): Promise<Map<Id, readonly Share[]>> {
  const shares = new Map<Id, readonly Share[]>();
  for (const { attemptId, feeRule, feeRuleVersion } of rows) {
    if (attemptId === null || feeRule === null || feeRuleVersion === null) continue;
    const key = `${feeRule}/${feeRuleVersion}`;
    const found = known.get(key) ?? (await fees.sharesOf(feeRule, feeRuleVersion));
    known.set(key, found);
    shares.set(attemptId, found);
  }
  return shares;
}

function entryOf({ seq, amount, kind, attemptId, partnerAmount }: PartnerRow): PartnerEntry {
  const isPayouts = PAYING_KINDS.some((one) => one === kind);
  return { seq, amount, isPayouts, attemptId, partnerAmount, isSuccess: kind === "payment_success" };
}

/**
 * Makes a payout of what a partner is owed for days that are over, from all merchants' books. Throws
 * `not_found` for a party that nobody has registered, `conflict` while client money has paid for the platform
 * in the currency (its share is the platform's to pay), and as `payOwed`.
 */
export async function payPartner(
  deps: PayoutsDeps,
  actor: Actor,
  party: string,
  wanted: PayOwed,
): Promise<{ payout: Payout; isNew: boolean }> {
  const { id: payeeId } = await getPartner(deps, party);
  const payee = await getPayee(deps, { payeeKind: "partner", payeeId });
  const creditor = { kind: "partner", payee: party, payeeId } as const;
  const prepare = async () => {
    await refuseOfClients(deps, wanted.currency);
    await dividePartners(deps, async () => undefined);
  };
  return payOwed(deps, actor, { payee, creditor, prepare }, wanted);
}

async function refuseOfClients({ cell }: PayoutsDeps, currency: Currency): Promise<void> {
  const { positions } = await ownMoney(cell.db);
  const missing = positions.find((position) => position.currency === currency)?.missing ?? 0n;
  if (missing === 0n) return;
  const shown = formatDecimal({ amount: missing, currency });
  throw problem("conflict", {
    field: "currency",
    detail: `${shown} ${currency} of client money has paid for the platform: pay that in first`,
    members: { missing: Number(missing) },
  });
}

export type OwedToPartner = Due & { readonly partner: Partner | null; readonly owed: bigint };

/** What is owed by party and currency, as far as it is divided. */
export async function owedToPartners(
  deps: PayoutsDeps,
  after: readonly string[] | null,
  limit: number,
): Promise<OwedToPartner[]> {
  const dues = await listDues(deps.cell.db, "partner", after, limit);
  const partners = await partnersByParties(deps.platform.db, [...new Set(dues.map(({ payee }) => payee))]);
  const taken = await takenByPayees(
    deps.cell.db,
    partners.map(({ id }) => id),
  );
  return dues.map((due) => {
    const partner = partners.find(({ party }) => party === due.payee) ?? null;
    const paid = taken.find((one) => one.payeeId === partner?.id && one.currency === due.currency);
    return { ...due, partner, owed: due.earned - (paid?.amount ?? 0n) };
  });
}

/** A page of what merchants' books owe a party. */
export async function owedByMerchants(
  deps: PayoutsDeps,
  of: { readonly party: string; readonly currency: Currency },
  after: Id | null,
  limit: number,
): Promise<OwedRow[]> {
  const [partner] = await partnersByParties(deps.platform.db, [of.party]);
  const creditor = { kind: "partner", payee: of.party, payeeId: partner?.id ?? null } as const;
  return listOwed(deps.cell.db, creditor, of.currency, after, limit);
}

export function presentOwed({ payee, currency, merchants, earned, partner, owed }: OwedToPartner) {
  return {
    party: payee === NOBODY ? null : payee,
    partner: partner === null ? null : formatId("prt", partner.id),
    name: partner?.legalName ?? null,
    currency,
    merchants,
    earned: Number(earned),
    owed: Number(owed),
  };
}
