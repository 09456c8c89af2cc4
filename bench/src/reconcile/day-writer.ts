/** Writes a day's files when it is told where, tells what they are, and ends. */
import { readFileSync, writeFileSync } from "node:fs";
import { zipOf } from "../../../server/src/statements/testing/zip-of.ts";
import { type DayPlace, writeDay } from "./day-files.ts";

process.once("message", ({ place, rows }: { place: DayPlace; rows: number }) => {
  const files = writeDay(place, rows);
  const { archive, statement } = place;
  if (archive !== undefined) {
    writeFileSync(archive, zipOf([[Buffer.from("20880000000000010156.csv"), readFileSync(statement)]]));
  }
  process.send?.(files, () => process.disconnect());
});
