// The channels write instants as Beijing wall-clock time; China has no daylight saving time.

const beijingOffsetMs = 8 * 3_600_000;
export const minuteMs = 60_000;
export const hourMs = 60 * minuteMs;
export const dayMs = 24 * hourMs;

/** "2026-11-20 09:30:07" */
export function formatBeijing(instant: Date): string {
  return new Date(instant.getTime() + beijingOffsetMs).toISOString().slice(0, 19).replace("T", " ");
}

/** "2026-11-20" */
export function beijingDate(instant: Date): string {
  return formatBeijing(instant).slice(0, 10);
}

/** The instant of "2026-11-20 09:30:07" (seconds may be left out); undefined when it is not a real time. */
export function parseBeijing(text: unknown): Date | undefined {
  if (typeof text !== "string") return undefined;
  const match = /^(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2})(:\d{2})?$/.exec(text);
  if (!match) return undefined;
  const instant = new Date(`${match[1]}T${match[2]}${match[3] ?? ":00"}+08:00`);
  if (Number.isNaN(instant.getTime())) return undefined;
  return formatBeijing(instant).startsWith(text) ? instant : undefined;
}

/** Midnight in Beijing at which the given date begins; undefined when there is no such date. */
export function beijingDayStart(date: string): Date | undefined {
  return parseBeijing(`${date} 00:00:00`);
}
