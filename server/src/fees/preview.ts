/** What one transaction would be charged, for operators to see before and after they change a schedule. */
import { problem } from "../kernel/errors.ts";
import { faultOf } from "./faults.ts";
import { type CardType, chargeOf, ruleFor, type Terms, termsAt } from "./model.ts";
import { type Charge, quoteCost, quoteFee } from "./quote.ts";
import type { Fees } from "./service.ts";
import { divideAmong, partnersPart } from "./shares.ts";
import type { Place } from "./store.ts";
import { presentCostQuote, presentFeeQuote } from "./wire.ts";

/** Beside the place, which names the method; `terms`: instead of the schedules. */
export type Asked = {
  readonly amount: bigint;
  readonly cardType: CardType | null;
  readonly date: string | null;
  readonly terms: Terms | null;
};

/** Throws `invalid_request` naming the field. */
export async function previewFee(fees: Pick<Fees, "lookUp" | "today">, place: Place, asked: Asked) {
  const transaction = await transactionOf(fees, place, asked);
  const { merchantOrNull: merchant, schedules } = await ownersOf(fees, place);
  if (asked.terms !== null) {
    const charge = chargeBy(asked.terms, place, asked);
    const { shares } = asked.terms;
    const parts = divideAmong(partnersPart(charge.amount, shares), shares);
    return presentFeeQuote(transaction, charge, parts);
  }
  if (merchant === null) throw new Error("a fee was asked for without a merchant");
  const { fee, partners } = quoteFee(schedules, merchant, transaction);
  const shares = termsAt(schedules, { ...transaction, kind: "fee" })?.terms.shares ?? [];
  return presentFeeQuote(transaction, fee, divideAmong(partners, shares));
}

/** Throws `invalid_request` naming the field. */
export async function previewCost(fees: Pick<Fees, "lookUp" | "today">, place: Place, asked: Asked) {
  const transaction = await transactionOf(fees, place, asked);
  const { accountOrNull: account, schedules } = await ownersOf(fees, place);
  if (asked.terms !== null) return presentCostQuote(transaction, chargeBy(asked.terms, place, asked));
  if (account === null) throw new Error("a cost was asked for without an account");
  return presentCostQuote(transaction, quoteCost(schedules, account, transaction));
}

async function ownersOf(fees: Pick<Fees, "lookUp">, place: Place) {
  const found = await fees.lookUp(place);
  return {
    merchantOrNull: found.kind === "fee" ? found.merchant : null,
    accountOrNull: found.kind === "cost" ? found.account : null,
    schedules: found.schedules,
  };
}

async function transactionOf(fees: Pick<Fees, "today">, { method, currency }: Place, asked: Asked) {
  if (method === null) throw problem("invalid_request", { field: "method", detail: "name the method" });
  const { amount, cardType } = asked;
  return { method, currency, amount, cardType, date: asked.date ?? (await fees.today()) };
}

function chargeBy(terms: Terms, place: Place, { amount, cardType }: Asked): Charge {
  // A schedule of all methods may say more than one of a single method.
  const fault = faultOf(terms, { kind: place.kind, method: null });
  if (fault !== null) throw problem("invalid_request", fault);
  const charged = chargeOf(ruleFor(terms, cardType), amount);
  return { amount: charged, rule: "proposed", ruleVersion: 0, refund: terms.refund };
}
