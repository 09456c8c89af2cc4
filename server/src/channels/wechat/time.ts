// The API writes instants by RFC 3339, the statement as Beijing wall-clock text without a zone. China has had
// no daylight saving time since 1991.

const BEIJING_OFFSET_MS = 8 * 3_600_000;

/** `2026-11-20T09:30:07+08:00`, fractions of a second cut off. */
export function rfc3339(at: Date): string {
  return `${beijingText(at)}+08:00`;
}

/** The channel's business date of an instant: `2026-11-20`. WeChat Pay changes day at 00:00 Beijing time. */
export function beijingDate(at: Date): string {
  return beijingText(at).slice(0, 10);
}

/** The instant of `2026-11-20T09:30:07+08:00`, or null when it is none. */
export function parseRfc3339(text: unknown): Date | null {
  if (typeof text !== "string") return null;
  const match = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/.exec(text);
  if (match === null) return null;
  const at = new Date(`${match[1]}${match[2]}`);
  return Number.isNaN(at.getTime()) || !isReal(match[1] as string) ? null : at;
}

/** The instant of the statement's `2026-11-20 09:30:07`, or null when it is none. */
export function parseBeijingTime(text: string): Date | null {
  const match = /^(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}:\d{2})$/.exec(text);
  return match === null ? null : parseRfc3339(`${match[1]}T${match[2]}+08:00`);
}

/** `20261120093007`, as v2 writes instants. */
export function compactBeijingTime(at: Date): string {
  return beijingText(at).replace(/\D/g, "");
}

/** The instant of v2's `20261120093007`, or null when it is none. */
export function parseCompactBeijingTime(text: unknown): Date | null {
  if (typeof text !== "string") return null;
  const match = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(text);
  if (match === null) return null;
  const [, year, month, day, hour, minute, second] = match;
  return parseBeijingTime(`${year}-${month}-${day} ${hour}:${minute}:${second}`);
}

/** Date rolls 30 February over to March; writing it back shows that. */
function isReal(wallClock: string): boolean {
  const at = new Date(`${wallClock}Z`);
  return !Number.isNaN(at.getTime()) && at.toISOString().startsWith(wallClock);
}

function beijingText(at: Date): string {
  return new Date(at.getTime() + BEIJING_OFFSET_MS).toISOString().slice(0, 19);
}
