import { recordOf } from "../masking.ts";
import type { Fields } from "./signing.ts";

/** Parts of a message nobody reads in an exchange record: they prove something, or are a file. */
const HIDDEN: ReadonlySet<string> = new Set([
  "signature",
  "signPubKeyCert",
  "fileContent",
  "customerInfo",
  "tokenPayData",
]);

/** Parts shown by their ends alone: a payment code, and the buyer's card. */
const PARTIAL: ReadonlySet<string> = new Set(["qrNo", "accNo", "payerInfo", "tn"]);

/** A message as people may read it: JSON text, nothing in it opens or proves anything. */
export function record(fields: Fields): string {
  return recordOf(fields, { hidden: HIDDEN, partial: PARTIAL });
}
