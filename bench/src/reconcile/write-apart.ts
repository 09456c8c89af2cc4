import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { DayFiles, DayPlace } from "./day-files.ts";

/** Writes a day's files in a process of its own, so that its memory is none of what is measured. */
export async function writeDayApart(place: DayPlace, rows: number): Promise<DayFiles> {
  const program = fileURLToPath(new URL("./day-writer.ts", import.meta.url));
  const child = fork(program, { serialization: "advanced" });
  child.send({ place, rows });
  const died = once(child, "exit").then(() =>
    Promise.reject(new Error("the process that writes a day ended")),
  );
  const [files] = (await Promise.race([once(child, "message"), died])) as [DayFiles];
  const { statementHash, movementsHash } = files;
  return { ...files, statementHash: Buffer.from(statementHash), movementsHash: Buffer.from(movementsHash) };
}
