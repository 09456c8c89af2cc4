/** Which accounts a book starts with, so that nothing is opened on the way of a payment. */
import type { Id } from "../kernel/ids.ts";
import type { Currency } from "../kernel/money.ts";
import { ACCOUNT_CODES, type AccountCode, CHART, isPerChannelAccount } from "./chart.ts";
import type { AccountSpec, FundFlow } from "./model.ts";

const MERCHANT_CODES: readonly AccountCode[] = [
  "channel_receivable",
  "merchant_pending",
  "merchant_available",
  "merchant_reserve",
  "merchant_receivable",
  "receiver_pending",
  "receiver_available",
  "partner_payable",
  "refund_clearing",
  "payout_clearing",
  "suspense_surplus",
  "suspense_shortage",
  "fee_income",
  "other_income",
  "channel_cost",
  "marketing_expense",
  "loss",
  "channel_cost_payable",
  "sponsor_receivable",
  "campaign_fund",
  "interbook",
];

const MEMORANDUM_CODES: readonly AccountCode[] = [
  ...ACCOUNT_CODES.filter((code) => CHART[code].class === "memorandum"),
  "commission_receivable",
  "fee_income",
  "interbook",
];

const PLATFORM_CODES: readonly AccountCode[] = [
  "bank_reserve",
  "bank_own",
  "bank_in_transit",
  "own_capital",
  "suspense_surplus",
  "suspense_shortage",
  "other_income",
  "channel_cost",
  "marketing_expense",
  "loss",
  "interbook",
];

export type BookNeeds = { readonly bookId: Id; readonly currency: Currency } & (
  | { readonly kind: "merchant"; readonly channelAccountId: Id | null; readonly fundFlow: FundFlow }
  | { readonly kind: "platform" }
);

/**
 * The accounts that a book's postings may touch, per currency: for a merchant per fund flow too, those kept
 * per channel account only when one is named.
 */
export function standardAccounts(needs: BookNeeds): AccountSpec[] {
  const { bookId, currency } = needs;
  if (needs.kind === "platform") {
    return PLATFORM_CODES.map((code) => ({ bookId, code, currency, channelAccountId: null }));
  }
  const codes = needs.fundFlow === "through_platform" ? MERCHANT_CODES : MEMORANDUM_CODES;
  const specs = codes.map((code) => {
    const channelAccountId = isPerChannelAccount(code) ? needs.channelAccountId : null;
    return { bookId, code, currency, channelAccountId };
  });
  return specs.filter((spec) => !isPerChannelAccount(spec.code) || spec.channelAccountId !== null);
}
