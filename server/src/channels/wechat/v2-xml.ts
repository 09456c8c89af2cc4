// API v2 speaks flat documents: <xml><name>text</name>…</xml>, texts plain or in CDATA.

export type V2Fields = Readonly<Record<string, string>>;

const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

const DECLARATION = /^\uFEFF?\s*(?:<\?xml [^?<>]*\?>)?\s*/;
const DOCUMENT = /^<xml>(.*)<\/xml>\s*$/s;
const OPENING = /\s*<([A-Za-z_][A-Za-z0-9_]*)(\/?)>/y;
const CDATA = "<![CDATA[";
const CDATA_END = "]]>";

/**
 * The fields of a document, or null for anything but a flat one: a document type, an entity beyond the five,
 * an element within an element, a field that is there twice.
 */
export function readXml(text: string): V2Fields | null {
  const content = DOCUMENT.exec(text.replace(DECLARATION, ""))?.[1];
  if (content === undefined) return null;
  const fields = new Map<string, string>();
  const opening = new RegExp(OPENING);
  let at = 0;
  for (let match = opening.exec(content); match !== null; match = opening.exec(content)) {
    const [, name = "", empty] = match;
    const read = empty === "" ? textUntil(content, opening.lastIndex, `</${name}>`) : null;
    if (fields.has(name) || (empty === "" && read === null)) return null;
    fields.set(name, read?.text ?? "");
    at = read?.end ?? opening.lastIndex;
    opening.lastIndex = at;
  }
  return content.slice(at).trim() === "" ? Object.fromEntries(fields) : null;
}

/** The document of these fields. */
export function writeXml(fields: V2Fields): string {
  const parts = Object.entries(fields).map(([name, value]) => `<${name}>${shielded(value)}</${name}>`);
  return `<xml>${parts.join("")}</xml>`;
}

/** The text from `start` to the closing tag, and where that ends; null where other markup comes first. */
function textUntil(content: string, start: number, closing: string): { text: string; end: number } | null {
  let text = "";
  let at = start;
  while (!content.startsWith(closing, at)) {
    const isCdata = content.startsWith(CDATA, at);
    const from = isCdata ? at + CDATA.length : at;
    const to = content.indexOf(isCdata ? CDATA_END : "<", from);
    if (to === -1 || (to === from && !isCdata)) return null;
    const piece = isCdata ? content.slice(from, to) : unescaped(content.slice(from, to));
    if (piece === null) return null;
    text += piece;
    at = isCdata ? to + CDATA_END.length : to;
  }
  return { text, end: at + closing.length };
}

function unescaped(text: string): string | null {
  let known = true;
  const plain = text.replace(/&([^;&]*);?/g, (whole, name: string) => {
    const character = whole.endsWith(";") && Object.hasOwn(ENTITIES, name) ? ENTITIES[name] : undefined;
    if (character === undefined) known = false;
    return character ?? "";
  });
  return known ? plain : null;
}

/** CDATA where a character means something; what would end it is cut in two. */
function shielded(value: string): string {
  if (!/[<>&'"\]]/.test(value)) return value;
  return `${CDATA}${value.replaceAll(CDATA_END, `]]${CDATA_END}${CDATA}>`)}${CDATA_END}`;
}
