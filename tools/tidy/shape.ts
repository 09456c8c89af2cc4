import type { Node } from "oxc-parser";
import { finding, nodesOf, type Source, spelledOut } from "./source.ts";
import { type File, type Finding, isTest, lineOf } from "./tree.ts";

export const lineLengthMax = 110;
const fileLinesMax = 400;
const functionLinesMax = 60;

/** Lines that do not fit beside another window. */
export function longLines({ path, text }: File): Finding[] {
  return text.split("\n").flatMap((line, index) => {
    const message = `the line has ${line.length} characters; ${lineLengthMax} fit`;
    return line.length > lineLengthMax ? [{ path, line: index + 1, message }] : [];
  });
}

/**
 * A file of this length hides a concept: name it and give it a file. Tests may list as many cases as they
 * like.
 */
export function longFiles({ path, text }: File): Finding[] {
  const lines = text.trimEnd().split("\n").length;
  if (isTest(path) || lines <= fileLinesMax) return [];
  return [{ path, line: 1, message: `the file has ${lines} lines; past ${fileLinesMax} it hides a concept` }];
}

const functions = new Set(["FunctionDeclaration", "FunctionExpression", "ArrowFunctionExpression"]);

/** The same for a function; what it defines inside counts for itself. */
export function longFunctions(source: Source): Finding[] {
  if (isTest(source.path)) return [];
  const all = [...nodesOf(source.program)].filter((node) => functions.has(node.type));
  return all.flatMap((node) => {
    const inside = all.filter(
      (other) => other !== node && other.start >= node.start && other.end <= node.end,
    );
    const outermost = inside.filter((one) => !inside.some((other) => other !== one && covers(other, one)));
    const inner = outermost.reduce((sum, one) => sum + span(source, one) - 1, 0);
    const lines = span(source, node) - inner;
    const message = `the function has ${lines} lines of its own; past ${functionLinesMax} it hides a concept`;
    return lines > functionLinesMax ? [finding(source, node, message)] : [];
  });
}

function covers(outer: Node, inner: Node): boolean {
  return outer.start <= inner.start && outer.end >= inner.end;
}

function span(source: Source, node: Node): number {
  return lineOf(source.text, node.end) - lineOf(source.text, node.start) + 1;
}

/** A name says what a thing is where it is used; a default export lets every importer invent another. */
export function defaultExports(source: Source): Finding[] {
  return source.program.body.flatMap((node) => {
    const byName =
      node.type === "ExportNamedDeclaration" &&
      node.specifiers.some((one) => one.exported.type === "Identifier" && one.exported.name === "default");
    if (node.type !== "ExportDefaultDeclaration" && !byName) return [];
    return [finding(source, node, "a default export: give it a name")];
  });
}

/** The environment is read in one place; programs outside the server have their own ways to be told. */
export function environment(source: Source): Finding[] {
  const { path } = source;
  if (isTest(path) || path === "server/src/config.ts") return [];
  if (!/^(server|sandbox)\//.test(path)) return [];
  return [...nodesOf(source.program)].flatMap((node) => {
    const imported =
      node.type === "ImportDeclaration" &&
      /^(node:)?process$/.test(node.source.value) &&
      node.specifiers.some((one) => one.type !== "ImportSpecifier" || one.local.name === "env");
    const read = node.type === "MemberExpression" && /^(globalThis\.)?process\.env$/.test(spelledOut(node));
    return imported || read || takesEnvOut(node)
      ? [finding(source, node, "the environment is read by config.ts alone")]
      : [];
  });
}

/** `const { env } = process` */
function takesEnvOut(node: Node): boolean {
  if (node.type !== "VariableDeclarator" || node.init === null || spelledOut(node.init) !== "process")
    return false;
  return node.id.type === "ObjectPattern";
}

const moneyWord = /^(amount|fee|fees|cost|costs|balance|balances)$/;
const countedWord = /^(millionths|rate|count|digits|length|index|ms|lines|scale|exponent)$/;

/**
 * Money is bigint minor units: a number rounds from 2^53 on, unseen. Tests read it from JSON, as merchants
 * do.
 */
export function moneyAsNumber(source: Source): Finding[] {
  if (!/^(server|sandbox)\//.test(source.path) || isTest(source.path)) return [];
  return [...nodesOf(source.program)].flatMap((node) => {
    const name = typedName(node);
    if (name === null) return [];
    const words = name
      .replaceAll(/([A-Z])/g, "_$1")
      .toLowerCase()
      .split("_");
    if (!words.some((word) => moneyWord.test(word)) || countedWord.test(words.at(-1) ?? "")) return [];
    return [finding(source, node, `${name} is money and a number: make it bigint`)];
  });
}

/** The name of a property, parameter or variable whose declared type has `number` in it. */
function typedName(node: Node): string | null {
  const named =
    node.type === "TSPropertySignature" || node.type === "PropertyDefinition"
      ? node.key
      : node.type === "Identifier"
        ? node
        : null;
  if (named?.type !== "Identifier") return null;
  const annotation = (node as { typeAnnotation?: { typeAnnotation: Node } | null }).typeAnnotation
    ?.typeAnnotation;
  if (annotation === undefined) return null;
  const parts = annotation.type === "TSUnionType" ? annotation.types : [annotation];
  return parts.some((part) => part.type === "TSNumberKeyword") ? named.name : null;
}

const tools = /^(test|it|describe|suite)$/;
const ways = /^(skip|only|todo)$/;

/** A test that does not run keeps nothing from breaking. */
export function skippedTests(source: Source): Finding[] {
  if (!isTest(source.path)) return [];
  return [...nodesOf(source.program)].flatMap((node) => {
    if (node.type !== "CallExpression") return [];
    const [tool = "", way = ""] = spelledOut(node.callee).split(".");
    const byName = (tools.test(tool) || tool === "t" || tool === "context") && ways.test(way);
    return byName || (tools.test(tool) && hasSkippingOption(node.arguments))
      ? [finding(source, node, "a test that does not run")]
      : [];
  });
}

function hasSkippingOption(args: readonly Node[]): boolean {
  return args.some(
    (arg) =>
      arg.type === "ObjectExpression" &&
      arg.properties.some(
        (one) => one.type === "Property" && one.key.type === "Identifier" && ways.test(one.key.name),
      ),
  );
}

// Spelled apart, so that this file does not break its own rule.
const unfinished = new RegExp(
  `(?<!["'])\\b(${["TO" + "DO", "FIX" + "ME", "X" + "XX", "HA" + "CK"].join("|")})\\b`,
);

/** What is left for later is an issue, not a comment. */
export function bannedWords({ path, text }: File): Finding[] {
  return text.split("\n").flatMap((line, index) => {
    const word = unfinished.exec(line)?.[0];
    return word === undefined
      ? []
      : [{ path, line: index + 1, message: `${word}: finish it, or open an issue` }];
  });
}

const silencers = /@ts-(ignore|nocheck|expect-error)|(biome|oxlint|eslint)-(ignore|disable)\S*/;

/**
 * A rule that can be switched off where it hurts protects nobody; tests may show that a type refuses
 * something.
 */
export function silencedRules({ path, text }: File): Finding[] {
  return text.split("\n").flatMap((line, index) => {
    const hit = silencers.exec(line)?.[0];
    if (hit === undefined || (isTest(path) && hit === "@ts-expect-error") || path.startsWith("tools/tidy/"))
      return [];
    return [{ path, line: index + 1, message: `${hit} silences a rule: mend the code or change the rule` }];
  });
}
