/** Objects of a two-digit tag, a two-digit length in characters, and a value. */

/** Where a code is wrong: `62.07` is field 07 inside object 62; the offset counts characters from 0. */
export type EmvcoFault = { readonly tag: string; readonly offset: number; readonly detail: string };

/** Carries a fault out of the depth of a code; never leaves the module that reads it. */
export class FaultAt extends Error {
  readonly fault: EmvcoFault;

  constructor(tag: string, offset: number, detail: string) {
    super(detail);
    this.fault = { tag, offset, detail };
  }
}

export function faultOf(error: unknown): EmvcoFault {
  if (error instanceof FaultAt) return error.fault;
  throw error;
}

/** One object and where it begins in the whole code. */
export type Node = { readonly tag: string; readonly value: string; readonly offset: number };

const VALUE_LENGTH_MAX = 99;

/**
 * The objects of a text given by its characters. Throws `FaultAt`.
 *
 * @param start where the text begins in the whole code. @param prefix what is said before its tags.
 */
export function split(characters: readonly string[], start: number, prefix = ""): readonly Node[] {
  const nodes: Node[] = [];
  const seen = new Set<string>();
  let at = 0;
  while (at < characters.length) {
    const offset = start + at;
    const head = characters.slice(at, at + 4).join("");
    const tag = head.slice(0, 2);
    if (!/^\d{2}$/.test(tag)) throw new FaultAt(prefix + tag, offset, "a tag is two digits");
    if (!/^\d{4}$/.test(head)) throw new FaultAt(prefix + tag, offset, "a length is two digits");
    const length = Number(head.slice(2));
    const value = characters.slice(at + 4, at + 4 + length);
    if (length === 0) throw new FaultAt(prefix + tag, offset, "has no value");
    if (value.length < length) {
      throw new FaultAt(prefix + tag, offset, `says ${length} characters, and ${value.length} follow`);
    }
    if (seen.has(tag)) throw new FaultAt(prefix + tag, offset, "stands there twice");
    seen.add(tag);
    nodes.push({ tag, value: value.join(""), offset });
    at += 4 + length;
  }
  return nodes;
}

/** The text of objects in the order given. Throws `FaultAt` for a value that no length can tell. */
export function join(objects: readonly (readonly [tag: string, value: string])[], prefix = ""): string {
  let text = "";
  for (const [tag, value] of objects) {
    const { length } = [...value];
    if (length === 0 || length > VALUE_LENGTH_MAX) {
      const detail = `has ${length} characters; an object has 1 to ${VALUE_LENGTH_MAX}`;
      throw new FaultAt(prefix + tag, [...text].length, detail);
    }
    text += `${tag}${String(length).padStart(2, "0")}${value}`;
  }
  return text;
}
