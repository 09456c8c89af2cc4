// Alipay writes instants as Beijing wall-clock text without a zone. China has had no daylight saving time
// since 1991.

const BEIJING_OFFSET_MS = 8 * 3_600_000;

/** `2026-11-20 09:30:07`, fractions of a second cut off. */
export function beijingTime(at: Date): string {
  return new Date(at.getTime() + BEIJING_OFFSET_MS).toISOString().slice(0, 19).replace("T", " ");
}

/** The channel's business date of an instant: `2026-11-20`. Alipay changes day at 00:00 Beijing time. */
export function beijingDate(at: Date): string {
  return beijingTime(at).slice(0, 10);
}

/**
 * The instant of `2026-11-20 09:30:07` (a fraction of a second is ignored), or null when it is no real time.
 */
export function parseBeijingTime(text: unknown): Date | null {
  if (typeof text !== "string") return null;
  const match = /^(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}:\d{2})(?:\.\d{1,9})?$/.exec(text);
  if (match === null) return null;
  const at = new Date(`${match[1]}T${match[2]}+08:00`);
  // Date rolls 30 February over to March; writing it back shows that.
  return !Number.isNaN(at.getTime()) && beijingTime(at) === `${match[1]} ${match[2]}` ? at : null;
}
