/** The originals: files that are named by the SHA-256 of what they hold, so that they never change. */
import { type FileHandle, mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { sha256 } from "../kernel/crypto.ts";

export type StatementFiles = {
  /**
   * Keeps a file and gives its hash. When it returns, the file survives a loss of power: it is safe to write
   * a row that names it. The same content is kept once.
   */
  keep(content: Buffer): Promise<Buffer>;
  /** A kept file. Throws when it is missing, or no longer what its name says. */
  read(hash: Buffer): Promise<Buffer>;
  /** Where a kept file lies, for a program that reads it itself. */
  pathOf(hash: Buffer): string;
};

/**
 * @param folder several machines may share it; made when the first file comes. @param unique a new text each
 * time
 */
export function createStatementFiles(folder: string, unique: () => string): StatementFiles {
  const pathOf = (hash: Buffer) => join(folder, hash.toString("hex"));
  return {
    pathOf,
    keep: async (content) => {
      const hash = sha256(content);
      if ((await readIfWhole(pathOf(hash), hash)) === null) {
        await mkdir(folder, { recursive: true, mode: 0o700 });
        await writeDurably(pathOf(hash), `${pathOf(hash)}.${unique()}`, content);
      }
      // Whoever put it there may have died before its name was safe.
      await syncFolder(folder);
      return hash;
    },
    read: async (hash) => {
      const content = await readIfWhole(pathOf(hash), hash);
      if (content === null) {
        throw new Error(`the statement file ${pathOf(hash)} is missing or damaged; restore it from a backup`);
      }
      return content;
    },
  };
}

async function readIfWhole(path: string, hash: Buffer): Promise<Buffer | null> {
  try {
    const content = await readFile(path);
    return sha256(content).equals(hash) ? content : null;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

/** Written beside and put into place whole: nobody ever reads a part of it under its name. */
async function writeDurably(path: string, draft: string, content: Buffer): Promise<void> {
  try {
    await withFile(draft, "wx", async (file) => {
      await file.writeFile(content);
      await file.sync();
    });
    await rename(draft, path);
  } finally {
    await rm(draft, { force: true });
  }
}

async function syncFolder(folder: string): Promise<void> {
  await withFile(folder, "r", (file) => file.sync());
}

async function withFile(
  path: string,
  flags: string,
  work: (file: FileHandle) => Promise<void>,
): Promise<void> {
  const file = await open(path, flags, 0o600);
  try {
    await work(file);
  } finally {
    await file.close();
  }
}
