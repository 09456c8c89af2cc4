/**
 * Which channel account an order goes through. One rule so far: the oldest active account that can serve it.
 */
import type { ChannelAccount, Method } from "../channels/index.ts";
import type { Currency } from "../kernel/money.ts";

/** An order as routing sees it; `amount` in minor units of `currency`. */
export type RoutingRequest = {
  readonly method: Method;
  readonly currency: Currency;
  readonly amount: bigint;
};

/**
 * The account, or why there is none. The first reason in this order of checks wins: method, currency, amount.
 */
export type RoutingDecision =
  | { readonly chosen: ChannelAccount }
  | { readonly refused: "method_not_available"; readonly available: readonly Method[] }
  | { readonly refused: "currency_not_supported"; readonly supported: readonly Currency[] }
  | { readonly refused: "amount_out_of_range"; readonly amountMin: bigint; readonly amountMax: bigint };

/**
 * Chooses among a merchant's accounts (in any state, any order). `available`, `supported` and the limits of a
 * refusal are those of all active accounts that passed the checks before; the limits are the widest.
 */
export function chooseAccount(
  candidates: readonly ChannelAccount[],
  request: RoutingRequest,
): RoutingDecision {
  const active = candidates
    .filter((account) => account.status === "active")
    .sort((a, b) => a.createdAt.getTime() - b.createdAt.getTime() || (a.id < b.id ? -1 : 1));
  const serving = active.filter((account) => account.methods.includes(request.method));
  if (serving.length === 0) {
    return {
      refused: "method_not_available",
      available: distinct(active.flatMap((account) => account.methods)),
    };
  }
  const taking = serving.filter((account) => account.currencies.includes(request.currency));
  if (taking.length === 0) {
    const supported = distinct(serving.flatMap((account) => account.currencies));
    return { refused: "currency_not_supported", supported };
  }
  const chosen = taking.find(
    (account) => account.amountMin <= request.amount && request.amount <= account.amountMax,
  );
  if (chosen !== undefined) return { chosen };
  return {
    refused: "amount_out_of_range",
    amountMin: ascending(taking.map((account) => account.amountMin)).at(0) as bigint,
    amountMax: ascending(taking.map((account) => account.amountMax)).at(-1) as bigint,
  };
}

function distinct(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)].sort();
}

function ascending(amounts: readonly bigint[]): readonly bigint[] {
  return [...amounts].sort((a, b) => (a < b ? -1 : 1));
}
