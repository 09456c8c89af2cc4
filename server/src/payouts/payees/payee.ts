/** Who may be paid, and in which name its bank account must be. */
import { problem } from "../../kernel/errors.ts";
import { formatId, type Id, type IdPrefix, parseId } from "../../kernel/ids.ts";
import { type Currency, isCurrency } from "../../kernel/money.ts";
import { type Merchant, settlesIn } from "../../merchants/index.ts";
import type { PayoutsDeps } from "../deps.ts";
import { PAYEE_KINDS, type Payee, type PayeeKind } from "../model.ts";
import { partnerById } from "./store.ts";

const PREFIXES = { merchant: "mch", partner: "prt", receiver: "rcv" } as const satisfies Record<
  PayeeKind,
  IdPrefix
>;

export type KnownPayee = Payee & {
  readonly registeredName: string;
  /** Itself, or the one whose shares a receiver gets; null of a partner. */
  readonly merchant: Merchant | null;
};

/** As it stands now; null: there is none, or a receiver whom nobody has approved. */
export async function findPayee(deps: PayoutsDeps, payee: Payee): Promise<KnownPayee | null> {
  const { payeeKind, payeeId } = payee;
  switch (payeeKind) {
    case "merchant": {
      const merchant = await deps.merchants.get(payeeId);
      return merchant && { payeeKind, payeeId, registeredName: merchant.legalName, merchant };
    }
    case "partner": {
      const partner = await partnerById(deps.platform.db, payeeId);
      return partner && { payeeKind, payeeId, registeredName: partner.legalName, merchant: null };
    }
    case "receiver": {
      const receiver = await deps.receivers.one(payeeId);
      if (receiver === null || receiver.state === "proposed" || receiver.state === "rejected") return null;
      const merchant = await deps.merchants.get(receiver.merchantId);
      const registeredName = await deps.receivers.nameOf(receiver);
      return { payeeKind, payeeId, registeredName, merchant };
    }
  }
}

/** Throws `not_found`. */
export async function getPayee(deps: PayoutsDeps, payee: Payee): Promise<KnownPayee> {
  const known = await findPayee(deps, payee);
  if (known === null) throw problem("not_found");
  return known;
}

/** Throws `currency_not_supported` for one that the payee, or a receiver's merchant, does not settle in. */
export function requireCurrency({ merchant }: Pick<KnownPayee, "merchant">, currency: Currency): void {
  if (isCurrency(currency) && (merchant === null || settlesIn(merchant, currency))) return;
  const own = merchant?.currencies.map((held) => held.currency).join(", ");
  throw problem("currency_not_supported", {
    field: "currency",
    detail: own === undefined ? "the currency is not known here" : `the merchant settles in ${own}`,
  });
}

/** As people and programs name it: `mch_…`, `prt_…`, `rcv_…`. */
export function formatPayee({ payeeKind, payeeId }: Payee): string {
  return formatId(PREFIXES[payeeKind], payeeId);
}

/** The payee that a text names, or null. */
export function parsePayee(text: string): Payee | null {
  for (const payeeKind of PAYEE_KINDS) {
    const payeeId: Id | null = parseId(PREFIXES[payeeKind], text);
    if (payeeId !== null) return { payeeKind, payeeId };
  }
  return null;
}

/** The merchant among payees, for answers that name one; null for any other. */
export function merchantOf({ payeeKind, payeeId }: Payee): string | null {
  return payeeKind === "merchant" ? formatId("mch", payeeId) : null;
}
