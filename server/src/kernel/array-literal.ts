/**
 * PostgreSQL's text form of an array (https://www.postgresql.org/docs/18/arrays.html#ARRAYS-IO). A batch is
 * mostly arrays of ids and amounts, which need no quoting: writing them here costs a fifth of what the driver
 * takes, which treats every element as text that could hold anything.
 */

/**
 * Letters, digits and a few signs stand as they are; anything else, and the word that means null, is quoted.
 */
const PLAIN = /^[A-Za-z0-9_.:+-]+$/;

/** `{…}` of any nesting; Dates in UTC, Buffers as bytea. Throws a TypeError for what has no text form. */
export function arrayLiteral(values: readonly unknown[]): string {
  let text = "{";
  for (let at = 0; at < values.length; at += 1) {
    if (at > 0) text += ",";
    text += elementText(values[at]);
  }
  return `${text}}`;
}

/**
 * One column of many rows as an array. Where every value is null it is the empty array: `unnest` of several
 * arrays fills the shorter ones up with nulls, so a column that nobody uses costs nothing on its way.
 */
export function columnLiteral<Row>(rows: readonly Row[], key: keyof Row): string {
  let text = "";
  let isUsed = false;
  // Neighbours often hold the very same value: an instant, a currency, a state.
  let last: unknown = null;
  let lastText = "NULL";
  for (let at = 0; at < rows.length; at += 1) {
    const value = (rows[at] as Row)[key] ?? null;
    if (value !== last) {
      last = value;
      lastText = elementText(value);
    }
    if (value !== null) isUsed = true;
    text += at > 0 ? `,${lastText}` : lastText;
  }
  return isUsed ? `{${text}}` : "{}";
}

function elementText(value: unknown): string {
  switch (typeof value) {
    case "string":
      return PLAIN.test(value) && value.toLowerCase() !== "null" ? value : quoted(value);
    case "bigint":
    case "number":
    case "boolean":
      return String(value);
    case "undefined":
      return "NULL";
    default:
  }
  if (value === null) return "NULL";
  if (Array.isArray(value)) return arrayLiteral(value);
  if (value instanceof Date) return `"${value.toISOString()}"`;
  if (Buffer.isBuffer(value)) return `"\\\\x${value.toString("hex")}"`;
  throw new TypeError(`an array for PostgreSQL cannot hold a ${typeof value}`);
}

function quoted(text: string): string {
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}
