// A small reader of XML for messages that a bank gets: elements, texts, attributes dropped. No document
// types, no entities but the five and character references.

export type Element = { name: string; text: string; children: Element[] };

const depthMax = 40;
const attributes = /(?:\s+[^\s=<>/]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*/.source;
const token = new RegExp(
  [
    /<\?[^>]*\?>|<!--[\s\S]*?-->/.source,
    /<!\[CDATA\[(?<cdata>[\s\S]*?)\]\]>/.source,
    /<\/(?<closing>[^\s<>/]+)\s*>/.source,
    `<(?<opening>[^\\s<>/!?]+)${attributes}\\s*(?<empty>/?)>`,
    /(?<text>[^<]+)/.source,
  ].join("|"),
  "gy",
);
const entities: Record<string, string> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

/** The document's root, or undefined for anything that is not well-formed. */
export function readXml(document: string): Element | undefined {
  const top: Element = { name: "", text: "", children: [] };
  const open: Element[] = [top];
  const source = document.replace(/^\uFEFF/, "");
  token.lastIndex = 0;
  let at = 0;
  while (at < source.length) {
    token.lastIndex = at;
    const match = token.exec(source);
    if (!match) return undefined;
    at = token.lastIndex;
    const { cdata, closing, opening, empty, text } = match.groups!;
    const current = open.at(-1)!;
    if (cdata !== undefined) current.text += cdata;
    else if (closing !== undefined) {
      if (open.length === 1 || current.name !== local(closing)) return undefined;
      open.pop();
    } else if (opening !== undefined) {
      const element: Element = { name: local(opening), text: "", children: [] };
      current.children.push(element);
      if (!empty && open.push(element) > depthMax) return undefined;
    } else if (text !== undefined) {
      const plain = unescaped(text);
      if (plain === undefined) return undefined;
      current.text += plain;
    }
  }
  const root = top.children[0];
  return open.length === 1 && top.children.length === 1 && top.text.trim() === "" ? root : undefined;
}

/** The first element at a path below, such as "GrpHdr/MsgId". */
export function find(element: Element | undefined, path: string): Element | undefined {
  let at = element;
  for (const name of path.split("/")) at = at?.children.find((child) => child.name === name);
  return at;
}

/** The text at a path below, without spaces around it; undefined when there is none. */
export function textAt(element: Element | undefined, path: string): string | undefined {
  return find(element, path)?.text.trim() || undefined;
}

export function all(element: Element | undefined, name: string): Element[] {
  return element?.children.filter((child) => child.name === name) ?? [];
}

/** An element with a text. */
export function leaf(name: string, text: string): string {
  return `<${name}>${escaped(text)}</${name}>`;
}

/** An element with elements. */
export function branch(name: string, ...children: string[]): string {
  return `<${name}>${children.join("")}</${name}>`;
}

export function escaped(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

function local(name: string): string {
  return name.slice(name.indexOf(":") + 1);
}

function unescaped(text: string): string | undefined {
  let known = true;
  const plain = text.replace(/&([^;]{0,10});?/g, (whole, name: string) => {
    const reference = /^#(x[0-9a-fA-F]{1,6}|\d{1,7})$/.exec(name)?.[1];
    const code = reference?.startsWith("x") ? Number.parseInt(reference.slice(1), 16) : Number(reference);
    const character =
      reference === undefined ? entities[name] : code <= 0x10ffff ? String.fromCodePoint(code) : undefined;
    if (character === undefined || !whole.endsWith(";")) known = false;
    return character ?? "";
  });
  return known ? plain : undefined;
}
