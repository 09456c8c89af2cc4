/** Where a large statement is while the engine reads it. */
import { mkdir, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { DAY } from "../../kernel/clock.ts";
import type { Id } from "../../kernel/ids.ts";
import type { AlipayFile } from "./plan.ts";

/** Has a file written for as long as the work lasts; those that a killed process left behind are removed. */
export async function withLargeFile<T>(
  { folder, id }: { readonly folder: string; readonly id: Id },
  file: AlipayFile,
  work: (path: string) => Promise<T>,
): Promise<T> {
  const own = join(folder, "large");
  const path = join(own, `${id}.csv`);
  await mkdir(own, { recursive: true });
  try {
    await file.writeTo(path);
    await removeOld(own, (await stat(path)).ctimeMs);
    return await work(path);
  } finally {
    await rm(path, { force: true });
  }
}

/** Of one clock, the file system's, which several machines may share. */
async function removeOld(folder: string, now: number): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const found = await stat(path).catch(() => null);
    if (found !== null && now - found.ctimeMs > DAY) await rm(path, { force: true });
  }
}
