import { type Problem, problem } from "../../kernel/errors.ts";
import { formatDecimal } from "../../kernel/money.ts";
import { putText, type RoutingRefusal } from "../../routing/index.ts";

/** What a merchant reads when no channel account can take an order. */
export function refuseRouting(refusal: RoutingRefusal, currency: string): Problem {
  switch (refusal.refused) {
    case "method_not_available":
      return problem("method_not_available", {
        field: "method",
        detail:
          refusal.available.length === 0
            ? "no channel account of this merchant is active"
            : `the available methods are ${refusal.available.join(", ")}`,
      });
    case "currency_not_supported":
      return problem("currency_not_supported", {
        field: "currency",
        detail: `the method takes ${refusal.supported.join(", ")}`,
      });
    case "no_account_available":
      return problem("no_account_available", {
        field: "method",
        detail: refusal.put.length === 0 ? "no account is left" : refusal.put.map(putText).join("; "),
      });
    case "amount_out_of_range": {
      const from = formatDecimal({ amount: refusal.amountMin, currency });
      const to = formatDecimal({ amount: refusal.amountMax, currency });
      return problem("amount_out_of_range", {
        field: "amount",
        detail:
          `the contract allows from ${refusal.amountMin} to ${refusal.amountMax} (${from} to ${to} ` +
          `${currency})`,
      });
    }
  }
}
