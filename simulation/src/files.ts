/** Statements of a world, in its memory: what a process has kept is there for the next one. */
import { createHash } from "node:crypto";
import type { StatementFiles } from "../../server/src/statements/index.ts";

export function createFiles(): StatementFiles {
  const kept = new Map<string, Buffer>();
  const nameOf = (hash: Buffer) => hash.toString("hex");
  return {
    pathOf: nameOf,
    keep: async (content) => {
      const hash = createHash("sha256").update(content).digest();
      kept.set(nameOf(hash), content);
      return hash;
    },
    read: async (hash) => {
      const content = kept.get(nameOf(hash));
      if (content === undefined) throw new Error(`nobody kept the file ${nameOf(hash)}`);
      return content;
    },
  };
}
