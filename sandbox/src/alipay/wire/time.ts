import { beijingDate, beijingDayStart, dayMs, hourMs, minuteMs } from "../../china/beijing.ts";

const relativePattern = /^(\d{1,5})(m|h|d)$/;
const relativeUnitMs = { m: minuteMs, h: hourMs, d: dayMs };
const relativeMaxMs = 15 * dayMs;

/**
 * The end of "30m", "2h", "15d" or "1c" (the end of the day) from `start`; undefined when malformed or not in
 * 1m–15d.
 */
export function parseTimeoutExpress(text: unknown, start: Date): Date | undefined {
  if (typeof text !== "string") return undefined;
  if (text === "1c") return new Date(beijingDayStart(beijingDate(start))!.getTime() + dayMs);
  const match = relativePattern.exec(text);
  if (!match) return undefined;
  const ms = Number(match[1]) * relativeUnitMs[match[2] as keyof typeof relativeUnitMs];
  return ms >= minuteMs && ms <= relativeMaxMs ? new Date(start.getTime() + ms) : undefined;
}
