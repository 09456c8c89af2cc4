/** Which parts of a channel's messages, by name, an exchange record does not show. */
export type Masking = {
  /** Parts that prove or open something. */
  readonly hidden: ReadonlySet<string>;
  /** Parts shown by their ends alone: who the buyer is, and what he pays with. */
  readonly partial: ReadonlySet<string>;
  /** What is left of any text. */
  readonly text?: (text: string) => string;
};

/** A longer record helps nobody and fills the table. */
const RECORD_CHARACTERS_MAX = 4_000;

/** Four characters at either end; a text too short for that keeps its first. */
export function maskMiddle(text: string): string {
  return text.length > 8 ? `${text.slice(0, 4)}***${text.slice(-4)}` : `${text.slice(0, 1)}***`;
}

/** A message as people may read it: JSON text that opens and proves nothing, cut where it is long. */
export function recordOf(message: unknown, masking: Masking): string {
  return shortened(JSON.stringify(masked(message, masking)));
}

/** A text that has nothing to hide, cut where it is long. */
export function shortened(text: string): string {
  return text.length > RECORD_CHARACTERS_MAX ? `${text.slice(0, RECORD_CHARACTERS_MAX)}…` : text;
}

function masked(value: unknown, masking: Masking): unknown {
  if (typeof value === "string") return masking.text?.(value) ?? value;
  if (Array.isArray(value)) return value.map((one) => masked(one, masking));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => !masking.hidden.has(name))
      .map(([name, part]) => [
        name,
        masking.partial.has(name) ? maskMiddle(String(part)) : masked(part, masking),
      ]),
  );
}
