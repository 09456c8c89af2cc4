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

/** A longer record helps nobody and fills the table. */
const RECORD_CHARACTERS_MAX = 4_000;

/** Four characters at either end; a text too short for that keeps its first. */
export function maskMiddle(text: string): string {
  return text.length > 8 ? `${text.slice(0, 4)}***${text.slice(-4)}` : `${text.slice(0, 1)}***`;
}

/** A message as people may read it: JSON text, nothing in it opens or proves anything. */
export function record(fields: Fields): string {
  const shown = Object.entries(fields)
    .filter(([name]) => !HIDDEN.has(name))
    .map(([name, value]) => [name, PARTIAL.has(name) ? maskMiddle(value) : value]);
  const text = JSON.stringify(Object.fromEntries(shown));
  return text.length > RECORD_CHARACTERS_MAX ? `${text.slice(0, RECORD_CHARACTERS_MAX)}…` : text;
}
