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

/** A longer record helps nobody and fills the table. */
const RECORD_CHARACTERS_MAX = 4_000;

/** Stripe repeats the end of a wrong key in its refusal, and a client secret in some. */
const SECRET_TEXT = /\b(?:sk|rk)_(?:test|live)_[\w*]+|\b(?:pi|seti)_\w+?_secret_\w+/g;

/** A message as people may read it: JSON text, nothing in it opens anything. */
export function record(message: unknown): string {
  const text = JSON.stringify(masked(message)).replace(SECRET_TEXT, "***");
  return text.length > RECORD_CHARACTERS_MAX ? `${text.slice(0, RECORD_CHARACTERS_MAX)}…` : text;
}

function masked(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(masked);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => !HIDDEN.has(name))
      .map(([name, part]) => [name, PARTIAL.has(name) ? ends(String(part)) : masked(part)]),
  );
}

function ends(text: string): string {
  return text.length > 8 ? `${text.slice(0, 4)}***${text.slice(-4)}` : `${text.slice(0, 1)}***`;
}
