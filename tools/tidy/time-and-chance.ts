import type { Node } from "oxc-parser";
import { finding, nodesOf, type Source, spelledOut, stringsOf } from "./source.ts";
import { type File, type Finding, isTest, lineOf } from "./tree.ts";

const calls = new Set([
  "Date",
  "Date.now",
  "performance.now",
  "process.hrtime",
  "process.hrtime.bigint",
  "Math.random",
  "setTimeout",
  "setInterval",
  "setImmediate",
  "AbortSignal.timeout",
  "crypto.getRandomValues",
  "crypto.randomUUID",
]);
const modules = /^(node:)?timers(\/promises)?$/;
const chance = /^(randomBytes|randomInt|randomUUID|randomFill|randomFillSync|getRandomValues|webcrypto)$/;

/**
 * Time, timers and chance that are not handed in: only the kernel and the sandbox's clock may touch the
 * machine's.
 */
export function timeAndChance(source: Source): Finding[] {
  if (!isGoverned(source.path)) return [];
  return [...nodesOf(source.program)].flatMap((node) => {
    const used = touched(node);
    return used === null
      ? []
      : [finding(source, node, `${used} is the machine's: take a Clock or a Random instead`)];
  });
}

function isGoverned(path: string): boolean {
  if (isTest(path) || path === "server/src/main.ts" || path === "sandbox/src/clock.ts") return false;
  return (
    (path.startsWith("server/src/") && !path.startsWith("server/src/kernel/")) ||
    path.startsWith("sandbox/src/")
  );
}

function touched(node: Node): string | null {
  if (node.type === "CallExpression" && calls.has(spelledOut(node.callee).replace(/^globalThis\./, ""))) {
    return spelledOut(node.callee);
  }
  if (node.type === "NewExpression" && spelledOut(node.callee) === "Date" && node.arguments.length === 0)
    return "new Date()";
  if (node.type !== "ImportDeclaration") return null;
  if (modules.test(node.source.value)) return node.source.value;
  if (!/^(node:)?crypto$/.test(node.source.value)) return null;
  const names = node.specifiers.map((one) =>
    one.type === "ImportSpecifier" && one.imported.type === "Identifier" ? one.imported.name : "*",
  );
  return names.find((name) => chance.test(name)) ?? null;
}

const sqlTime =
  /(?<![.\w])((now|timeofday|(clock|statement|transaction)_timestamp)\s*\(|(current_|local)(date|time)\w*)/i;
const sqlChance = /(?<![.\w])(random\s*\(|gen_random_uuid\s*\(|uuidv[47]\s*\()/i;

/** SQL that asks the database for the time or for chance: instants and ids are parameters. */
export function sqlTimeAndChance(file: File | Source): Finding[] {
  if (isTest(file.path) || file.path.startsWith("server/src/kernel/postgres/")) return [];
  const texts = "program" in file ? stringsOf(file) : [{ text: withoutSqlComments(file.text), start: 0 }];
  const sql =
    "program" in file
      ? texts.filter(({ text }) => /\b(select|insert|update|delete|where|set)\s/.test(text))
      : texts;
  return sql.flatMap(({ text, start }) => {
    const hit = sqlTime.exec(text) ?? sqlChance.exec(text);
    if (hit === null) return [];
    return [
      {
        path: file.path,
        line: lineOf(file.text, start + hit.index),
        message: `${hit[0]} in SQL: pass it as a parameter`,
      },
    ];
  });
}

/** Comments are blanked, so that offsets stay. */
function withoutSqlComments(text: string): string {
  return text.replaceAll(/--[^\n]*|\/\*[\s\S]*?\*\//g, (comment) => comment.replaceAll(/[^\n]/g, " "));
}
