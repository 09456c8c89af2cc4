import type { NamedIds } from "../ledger/index.ts";

const ABOUT_PAYMENTS = /^(payment|surplus|refund|dispute|break|resolution)_|^reversed_by_channel$/;
const CAUSED_BY_REFUNDS = /^refund_|^surplus_refund_/;
/** Their cause is a break, and of one kind the report of a channel or a refund that was held for failed. */
const CAUSED_BY_EITHER = /^(break|resolution)_/;

/**
 * Whose ids the journals of payments, refunds and disputes name, so that the ledger shows them as they are
 * known everywhere else.
 */
export const idsInJournals: NamedIds = (kind) => {
  if (kind.startsWith("share_return")) return { source: "shb", subject: "pay" };
  if (kind.startsWith("share_")) return { source: "shr", subject: "pay" };
  if (!ABOUT_PAYMENTS.test(kind)) return { source: null, subject: null };
  if (CAUSED_BY_EITHER.test(kind)) return { source: null, subject: "pay" };
  if (kind.startsWith("dispute_")) return { source: "dsp", subject: "pay" };
  return { source: CAUSED_BY_REFUNDS.test(kind) ? "rfd" : "att", subject: "pay" };
};
