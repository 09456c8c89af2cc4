// What UnionPay's two-character codes mean, of a message (`respCode`) and of a transaction (`origRespCode`)
// alike. Groups: 01–09 under way or the platform's trouble, 10–29 the message, 30–59 the merchant's side,
// 60–89 the card and its bank, 90–99 not specified.

/**
 * `open`: under way. `rate`: too many calls, nothing was looked at. `no_file`: of a statement.
 * `unknown`: nobody knows; only asking tells, which is what a code of no known meaning means too.
 */
export type Meaning =
  | "success"
  | "open"
  | "duplicate"
  | "not_found"
  | "rate"
  | "no_file"
  | "refused"
  | "unknown";

export type Side = "channel" | "order" | "buyer";

const MEANINGS: Readonly<Record<string, Meaning>> = {
  "00": "success",
  // Done with a flaw that does not touch the money.
  A6: "success",
  "01": "refused",
  "03": "open",
  "04": "open",
  "05": "open",
  "06": "unknown",
  "12": "duplicate",
  "34": "not_found",
  "37": "rate",
  "98": "no_file",
};

/** Of the merchant's side, but for what was asked: the amount, the transaction. */
const ABOUT_THE_ORDER: ReadonlySet<string> = new Set(["01", "34", "36", "39"]);

export function meaningOf(code: string | undefined): Meaning {
  if (code === undefined) return "unknown";
  const known = MEANINGS[code];
  if (known !== undefined) return known;
  return /^[1-8]\d$/.test(code) ? "refused" : "unknown";
}

/** Whose reason a refusal is: the contract's, the order's, or the buyer's and his bank's. */
export function sideOf(code: string): Side {
  if (ABOUT_THE_ORDER.has(code)) return "order";
  return /^[6-8]\d$/.test(code) ? "buyer" : "channel";
}
