import { parseXml, type XmlDocument, XmlElement, XmlError } from "@rgrove/parse-xml";
import { StatementFault } from "../../channels/index.ts";

/** An element without its prefix, and where it stands. */
export type Xml = {
  readonly name: string;
  readonly line: number;
  /** The children of a name, in order. */
  all(name: string): readonly Xml[];
  /** The only child of a name, or null. @throws StatementFault for several */
  one(name: string): Xml | null;
  /** The text at the end of a path of only children; null where it is missing or empty. */
  text(...path: readonly string[]): string | null;
  attribute(name: string): string | null;
};

/**
 * The root element of a document. No entity is expanded and nothing is loaded: a document that has a type
 * declaration is refused, since no bank's file needs one.
 * @throws StatementFault with the line
 */
export function readXml(content: Buffer): Xml {
  const text = decode(content);
  const document = parse(text);
  const lineAt = linesOf(text);
  const doctype = document.children.find((node) => node.type === "doctype");
  if (doctype !== undefined) throw new StatementFault(lineAt(doctype.start), "has a document type (DOCTYPE)");
  const { root } = document;
  if (root === null) throw new StatementFault(1, "is an empty document");
  return elementOf(root, lineAt);
}

function decode(content: Buffer): string {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(content);
  } catch {
    throw new StatementFault(0, "has bytes that are not UTF-8");
  }
  const said = /^<\?xml[^>]*\bencoding\s*=\s*["']([^"']*)/.exec(text)?.[1];
  if (said !== undefined && !/^utf-?8$/i.test(said)) {
    throw new StatementFault(1, `says that it is in ${said}; UTF-8 is read`);
  }
  return text;
}

function parse(text: string): XmlDocument {
  try {
    return parseXml(text, { includeOffsets: true, preserveDocumentType: true });
  } catch (error) {
    if (error instanceof XmlError) {
      throw new StatementFault(error.line, (error.message.split("\n")[0] ?? "").replace(/ \(line.*$/, ""));
    }
    // A document that is nested without end uses up the stack.
    if (error instanceof RangeError) throw new StatementFault(0, "is nested too deeply");
    throw error;
  }
}

/** The number of the line in which a character stands. */
function linesOf(text: string): (at: number) => number {
  const starts = [0];
  for (let feed = text.indexOf("\n"); feed !== -1; feed = text.indexOf("\n", feed + 1)) starts.push(feed + 1);
  return (at) => {
    let [low, high] = [0, starts.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] as number) <= at) low = middle;
      else high = middle - 1;
    }
    return low + 1;
  };
}

function elementOf(element: XmlElement, lineAt: (at: number) => number): Xml {
  const line = lineAt(element.start);
  const all = (name: string) =>
    element.children
      .filter((child): child is XmlElement => child instanceof XmlElement && bare(child.name) === name)
      .map((child) => elementOf(child, lineAt));
  const one = (name: string): Xml | null => {
    const [found, second] = all(name);
    if (second !== undefined) throw new StatementFault(second.line, `${name} is there twice`);
    return found ?? null;
  };
  return {
    name: bare(element.name),
    line,
    all,
    one,
    text: (...path) => {
      if (path.length === 0) return element.text.trim() || null;
      const [next = "", ...rest] = path;
      return one(next)?.text(...rest) ?? null;
    },
    attribute: (name) => element.attributes[name]?.trim() || null,
  };
}

function bare(name: string): string {
  return name.slice(name.indexOf(":") + 1);
}
