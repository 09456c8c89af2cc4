import { type Node, type Program, parseSync, visitorKeys } from "oxc-parser";
import { type File, type Finding, lineOf } from "./tree.ts";

/** A TypeScript file and its syntax tree: rules see code, so a comment can neither trip nor silence one. */
export type Source = File & { program: Program; errors: readonly string[] };

export function parse(file: File): Source {
  const { program, errors } = parseSync(file.path, file.text);
  return { ...file, program, errors: errors.map(({ message }) => message) };
}

/** What the rules cannot read, they would pass over. */
export function unreadable({ path, errors }: Source): Finding[] {
  return errors.map((message) => ({ path, line: 1, message }));
}

/** Every node of the file, each before what is in it. */
export function* nodesOf(node: unknown): Generator<Node> {
  if (Array.isArray(node)) {
    for (const item of node) yield* nodesOf(item);
    return;
  }
  if (!isNode(node)) return;
  yield node;
  for (const key of visitorKeys[node.type] ?? [])
    yield* nodesOf((node as unknown as Record<string, unknown>)[key]);
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "type" in value;
}

export function finding(source: File, node: { start: number }, message: string): Finding {
  return { path: source.path, line: lineOf(source.text, node.start), message };
}

/** The path of names that an expression spells out, such as `process.env`; empty for anything else. */
export function spelledOut(node: Node): string {
  if (node.type === "Identifier") return node.name;
  if (node.type === "MetaProperty") return `${node.meta.name}.${node.property.name}`;
  if (node.type !== "MemberExpression") return "";
  const object = spelledOut(node.object);
  if (object === "") return "";
  if (!node.computed) return `${object}.${node.property.type === "Identifier" ? node.property.name : ""}`;
  return node.property.type === "Literal" ? `${object}.${String(node.property.value)}` : "";
}

/** A module that a file names; `asPath`: not imported, but to be run on its own. */
export type Named = { module: string; start: number; asPath: boolean };

/**
 * The modules that a file names: imports, re-exports, `import()`, and paths given as `new URL("./x.ts", …)`.
 */
export function importsOf(source: Source): Named[] {
  const found: Named[] = [];
  for (const node of nodesOf(source.program)) {
    const named =
      node.type === "ImportDeclaration" ||
      node.type === "ExportAllDeclaration" ||
      node.type === "ExportNamedDeclaration" ||
      node.type === "ImportExpression" ||
      node.type === "TSImportType"
        ? node.source
        : node.type === "NewExpression" && spelledOut(node.callee) === "URL"
          ? node.arguments[0]
          : null;
    if (named?.type !== "Literal" || typeof named.value !== "string") continue;
    if (node.type === "NewExpression" && !/^\.{1,2}\/.*\.ts$/.test(named.value)) continue;
    found.push({ module: named.value, start: node.start, asPath: node.type === "NewExpression" });
  }
  return found;
}

/** The text of every string and template in the file; what a template inserts is left out. */
export function stringsOf(source: Source): { text: string; start: number }[] {
  const found: { text: string; start: number }[] = [];
  for (const node of nodesOf(source.program)) {
    if (node.type === "Literal" && typeof node.value === "string")
      found.push({ text: node.value, start: node.start });
    if (node.type === "TemplateElement") found.push({ text: node.value.raw, start: node.start });
  }
  return found;
}
