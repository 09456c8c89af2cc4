/** Parts of a message nobody reads in an exchange record: they prove or open something. */
const HIDDEN: ReadonlySet<string> = new Set(["sign", "app_auth_token", "auth_token", "bill_download_url"]);

/** Parts shown by their ends alone: a payment code, and who the buyer is. */
const PARTIAL: ReadonlySet<string> = new Set([
  "auth_code",
  "buyer_email",
  "buyer_id",
  "buyer_logon_id",
  "buyer_open_id",
  "buyer_user_id",
  "buyer_user_name",
  "seller_email",
]);

/** A longer record helps nobody and fills the table. */
const RECORD_CHARACTERS_MAX = 4_000;

/** Four characters at either end; a text too short for that keeps its first. */
export function maskMiddle(text: string): string {
  return text.length > 8 ? `${text.slice(0, 4)}***${text.slice(-4)}` : `${text.slice(0, 1)}***`;
}

/** A message as people may read it: JSON text, nothing in it opens or proves anything. */
export function record(message: unknown): string {
  const text = typeof message === "string" ? message : JSON.stringify(masked(message));
  return text.length > RECORD_CHARACTERS_MAX ? `${text.slice(0, RECORD_CHARACTERS_MAX)}…` : text;
}

/** To a wrong signature Alipay answers with the text it checked, which holds tokens and payment codes. */
export function withoutSigningText(sentence: string): string {
  return sentence.replace(/(验签字符串为：?).*/s, "$1…");
}

function masked(value: unknown): unknown {
  if (typeof value === "string") return withoutSigningText(value);
  if (Array.isArray(value)) return value.map(masked);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => !HIDDEN.has(name))
      .map(([name, part]) => [name, PARTIAL.has(name) ? maskMiddle(String(part)) : masked(part)]),
  );
}
