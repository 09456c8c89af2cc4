import { posix } from "node:path";
import { importsOf, type Source, stringsOf } from "./source.ts";
import { type File, type Finding, isProgram, isTest } from "./tree.ts";

const kebab = /^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+(-[a-z0-9]+)*)*$/;
const capitals = /^[A-Z]+(\.md)?$/;

/** Names in kebab-case, but for the pages that every repository has, such as README.md. */
export function fileNames({ path }: File): Finding[] {
  return path
    .split("/")
    .filter((name) => !kebab.test(name) && !capitals.test(name))
    .map((name) => ({ path, line: 1, message: `${name} is not kebab-case` }));
}

/**
 * Files that no program reaches, by imports or by paths in strings (a build's entry, a script of
 * package.json). Tests keep their own helpers and the tools alive, but not a part of the program that only
 * its own test calls.
 * `others` are the package.json files.
 */
export function deadFiles(sources: readonly Source[], others: readonly File[]): Finding[] {
  const byPath = new Map(sources.map((source) => [source.path, source]));
  const alive = new Set<string>();
  const waiting = sources.filter(
    ({ path }) =>
      isProgram(path) || /\.(test|d)\.ts$/.test(path) || others.some((other) => names(other, path)),
  );
  for (let source = waiting.pop(); source !== undefined; source = waiting.pop()) {
    if (alive.has(source.path)) continue;
    alive.add(source.path);
    for (const path of namedBy(source)) {
      const target = byPath.get(path);
      if (target !== undefined && (!isSupport(source.path) || isSupport(path))) waiting.push(target);
    }
  }
  return sources
    .filter(({ path }) => !alive.has(path))
    .map(({ path }) => ({ path, line: 1, message: "no program imports this file" }));
}

function isSupport(path: string): boolean {
  return isTest(path) || path.startsWith("tools/");
}

function namedBy(source: Source): string[] {
  const folder = posix.dirname(source.path);
  const imported = importsOf(source).map(({ module }) => {
    const workspace = /^@tributary\/([a-z-]+)$/.exec(module)?.[1];
    return workspace === undefined ? posix.join(folder, module) : `${workspace}/src/index.ts`;
  });
  const spelled = stringsOf(source)
    .filter(({ text }) => /^[./\w-]+\.ts$/.test(text))
    .map(({ text }) => posix.join(folder, text));
  return [...imported, ...spelled];
}

/** Whether a package.json names this file, by its path from there. */
function names(other: File, path: string): boolean {
  if (!other.path.endsWith("package.json")) return false;
  const folder = posix.dirname(other.path);
  const relative = folder === "." ? path : posix.relative(folder, path);
  return !relative.startsWith("..") && other.text.includes(relative);
}

type Lock = { packages: Record<string, { optionalDependencies?: Record<string, string> }> };

/**
 * Platform packages that package-lock.json names as optional but does not hold. npm leaves them out when it
 * cannot fetch them, and then refuses `npm ci` on every machine.
 */
export function holesInLock({ path, text }: File): Finding[] {
  const { packages } = JSON.parse(text) as Lock;
  return Object.entries(packages).flatMap(([from, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies)
      .filter((name) => !isHeld(packages, from, name))
      .map((name) => ({ path, line: 1, message: `${name}, which ${from} names, is missing` })),
  );
}

/** A package is looked for beside its user and then in each folder above. */
function isHeld(packages: Lock["packages"], from: string, name: string): boolean {
  for (let folder = from; ; folder = folder.slice(0, Math.max(folder.lastIndexOf("/node_modules/"), 0))) {
    if (packages[posix.join(folder, "node_modules", name)] !== undefined) return true;
    if (folder === "") return false;
  }
}
