/** Parts of a message nobody reads in an exchange record: they prove or open something. */
const HIDDEN: ReadonlySet<string> = new Set([
  "ciphertext",
  "download_url",
  "sign_information",
  "sign",
  "auth_code",
  // What a refusal repeats of the request, whatever it was.
  "value",
]);

/** Parts shown by their ends alone: who the buyer is, and where a refund went. */
const PARTIAL: ReadonlySet<string> = new Set([
  "openid",
  "sp_openid",
  "sub_openid",
  "user_received_account",
  "payer_client_ip",
  "spbill_create_ip",
]);

/** A longer record helps nobody and fills the table. */
const RECORD_CHARACTERS_MAX = 4_000;

/** Four characters at either end; a text too short for that keeps its first. */
export function maskMiddle(text: string): string {
  return text.length > 8 ? `${text.slice(0, 4)}***${text.slice(-4)}` : `${text.slice(0, 1)}***`;
}

/** A message as people may read it: JSON text, nothing in it opens or proves anything. */
export function record(message: unknown): string {
  const text = JSON.stringify(masked(message));
  return text.length > RECORD_CHARACTERS_MAX ? `${text.slice(0, RECORD_CHARACTERS_MAX)}…` : text;
}

function masked(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(masked);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => !HIDDEN.has(name))
      .map(([name, part]) => [name, PARTIAL.has(name) ? maskMiddle(String(part)) : masked(part)]),
  );
}
