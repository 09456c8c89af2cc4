import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** One file of the repository, by its path from the root. */
export type File = { path: string; text: string };

/** A rule that a place breaks. */
export type Finding = { path: string; line: number; message: string };

export const root = fileURLToPath(new URL("../../", import.meta.url));

const leftOut = new Set(["node_modules", "dist", "generated", "tmp"]);
const kinds = /\.(ts|sql|md|json|css|html)$/;

/** Every file that people write here; folders whose name starts with a dot are the machine's. */
export function readTree(folder = root, prefix = ""): File[] {
  return readdirSync(join(folder, prefix), { withFileTypes: true })
    .filter((entry) => !entry.name.startsWith(".") && !leftOut.has(entry.name))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = prefix === "" ? entry.name : `${prefix}/${entry.name}`;
      if (entry.isDirectory()) return readTree(folder, path);
      return kinds.test(entry.name) ? [{ path, text: readFileSync(join(folder, path), "utf8") }] : [];
    });
}

/** Tests, and what only tests use: a contract that several test files run, helpers in a `testing` place. */
export function isTest(path: string): boolean {
  return path.endsWith(".test.ts") || /(^|\/)(test|testing|contract|fixtures)(\/|[.-])/.test(path);
}

/** A program that a person starts; its first lines may read the environment and build the house. */
export function isProgram(path: string): boolean {
  return /(^|\/)(main|build|[a-z-]+-cli)\.ts$/.test(path);
}

export function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split("\n").length;
}
