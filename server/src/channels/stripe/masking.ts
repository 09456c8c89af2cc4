import { recordOf } from "../masking.ts";

/** Parts of a message nobody reads in an exchange record: they open something, or tell who the buyer is. */
const HIDDEN: ReadonlySet<string> = new Set([
  "client_secret",
  "customer_details",
  "customer_email",
  "billing_details",
  "shipping",
  "shipping_details",
  "collected_information",
  "receipt_email",
  "receipt_url",
  "evidence",
  "sources",
]);

/** Parts shown by their ends alone: the buyer's card by what Stripe calls it. */
const PARTIAL: ReadonlySet<string> = new Set(["fingerprint", "network_transaction_id"]);

/** Stripe repeats the end of a wrong key in its refusal, and a client secret in some. */
const SECRET_TEXT = /\b(?:sk|rk)_(?:test|live)_[\w*]+|\b(?:pi|seti)_\w+?_secret_\w+/g;

/** A message as people may read it: JSON text, nothing in it opens anything. */
export function record(message: unknown): string {
  return recordOf(message, {
    hidden: HIDDEN,
    partial: PARTIAL,
    text: (text) => text.replace(SECRET_TEXT, "***"),
  });
}
