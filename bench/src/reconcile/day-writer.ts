/** Writes a day's files when it is told where, tells what they are, and ends. */
import { type DayPlace, writeDay } from "./day-files.ts";

process.once("message", ({ place, rows }: { place: DayPlace; rows: number }) => {
  process.send?.(writeDay(place, rows), () => process.disconnect());
});
