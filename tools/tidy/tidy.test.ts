import assert from "node:assert/strict";
import { test } from "node:test";
import { arrows } from "./arrows.ts";
import { deadFiles, fileNames, holesInLock } from "./files.ts";
import * as shape from "./shape.ts";
import { parse, type Source, unreadable } from "./source.ts";
import { sqlTimeAndChance, timeAndChance } from "./time-and-chance.ts";
import { type File, type Finding, readTree } from "./tree.ts";

const files = readTree();
const code = files.filter(({ path }) => /\.(ts|sql)$/.test(path));
const sources = code.filter(({ path }) => path.endsWith(".ts")).map(parse);
const migrations = code.filter(({ path }) => path.endsWith(".sql"));

const perFile = (rule: (file: File) => Finding[], over: readonly File[]) => () => over.flatMap(rule);
const perSource = (rule: (source: Source) => Finding[]) => () => sources.flatMap(rule);

const rules: Record<string, () => Finding[]> = {
  "every file can be read": perSource(unreadable),
  "imports point one way, and only at an index.ts": perSource(arrows),
  "exports have names": perSource(shape.defaultExports),
  "lines fit": perFile(shape.longLines, code),
  "the environment is read in one place": perSource(shape.environment),
  "time and chance are handed in": perSource(timeAndChance),
  "SQL asks for neither time nor chance": () => [
    ...sources.filter(({ path }) => /^(server|sandbox)\//.test(path)).flatMap(sqlTimeAndChance),
    ...migrations.flatMap(sqlTimeAndChance),
  ],
  "money is never a number": perSource(shape.moneyAsNumber),
  "files hold one concept": perFile(shape.longFiles, code),
  "functions hold one concept": perSource(shape.longFunctions),
  "nothing is left unfinished": perFile(shape.bannedWords, files),
  "every test runs": perSource(shape.skippedTests),
  "no rule is silenced": perFile(shape.silencedRules, code),
  "every file is used": () => deadFiles(sources, files),
  "every platform can install": () =>
    files.filter(({ path }) => path === "package-lock.json").flatMap(holesInLock),
  "names are in kebab-case": perFile(fileNames, files),
};

for (const [title, rule] of Object.entries(rules)) {
  test(title, () => {
    const findings = rule().map(({ path, line, message }) => `${path}:${line} ${message}`);
    assert.equal(findings.length, 0, `\n${findings.join("\n")}`);
  });
}
