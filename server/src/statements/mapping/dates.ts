/** Reads a wall-clock time written in one form; null: it is not in that form, or no real time. */
export type ReadDate = (text: string) => Date | null;

const PARTS = {
  yyyy: ["year", "\\d{4}"],
  MM: ["month", "\\d{2}"],
  M: ["month", "\\d{1,2}"],
  dd: ["day", "\\d{2}"],
  d: ["day", "\\d{1,2}"],
  HH: ["hour", "\\d{2}"],
  H: ["hour", "\\d{1,2}"],
  mm: ["minute", "\\d{2}"],
  ss: ["second", "\\d{2}"],
} as const;
type Part = (typeof PARTS)[keyof typeof PARTS][0];
const NEEDED: readonly Part[] = ["year", "month", "day"];

/**
 * A form such as `yyyy-MM-dd HH:mm:ss` or `yyyy年M月d日`: what it reads is a time as if it were UTC. Null: the
 * form does not tell year, month and day, or tells a part twice.
 */
export function compileDateFormat(format: string): ReadDate | null {
  const parts: Part[] = [];
  const pattern = format.replace(/yyyy|MM?|dd?|HH?|mm|ss|[\s\S]/g, (token) => {
    const known = PARTS[token as keyof typeof PARTS];
    if (known === undefined) return token.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
    parts.push(known[0]);
    return `(${known[1]})`;
  });
  if (new Set(parts).size !== parts.length || !NEEDED.every((part) => parts.includes(part))) return null;
  const form = new RegExp(`^${pattern}$`);
  return (text) => {
    const found = form.exec(text);
    if (found === null) return null;
    const value = (part: Part) => Number(found[parts.indexOf(part) + 1] ?? 0);
    const wanted = [value("year"), value("month") - 1, value("day"), ...timeOf(parts, value)] as const;
    const at = new Date(Date.UTC(...wanted));
    const shown = [at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate(), at.getUTCHours()];
    // Date rolls 30 February over to March; reading it back shows that.
    const isReal = shown.every((part, index) => part === wanted[index]) && at.getUTCMinutes() === wanted[4];
    return isReal && at.getUTCSeconds() === wanted[5] ? at : null;
  };
}

function timeOf(parts: readonly Part[], value: (part: Part) => number): [number, number, number] {
  const time = (part: Part) => (parts.includes(part) ? value(part) : 0);
  return [time("hour"), time("minute"), time("second")];
}
