import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Mutant } from "./mutants.ts";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** The source with the mistake in it. Throws when its text does not stand exactly once in the file. */
export function mutated({ file, text, instead }: Mutant, source: string): string {
  const times = source.split(text).length - 1;
  if (times !== 1) throw new Error(`${file} has ${times} times what is to be replaced: ${text}`);
  return source.replace(text, () => instead);
}

const LEFT_OUT: readonly string[] = ["node_modules", ".git", ".data"];

/** A copy of the tree with the mistake in it; `remove` takes it away again. */
export function plant(mutant: Mutant): { readonly folder: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), "tributary-test-mutant-"));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  process.once("exit", remove);
  cpSync(ROOT, folder, { recursive: true, filter: (path) => !LEFT_OUT.includes(basename(path)) });
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"), "dir");
  const path = join(folder, mutant.file);
  writeFileSync(path, mutated(mutant, readFileSync(path, "utf8")));
  return {
    folder,
    remove: () => {
      process.removeListener("exit", remove);
      remove();
    },
  };
}
