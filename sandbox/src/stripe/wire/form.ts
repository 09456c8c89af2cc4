// Parameters as Stripe reads them: form-encoded, nested by brackets, lists by `[]` or by numbers.

/** A parameter's value: a text, or parameters inside it (a list's have the names "0", "1", …). */
export type Value = string | Tree;
export type Tree = Map<string, Value>;

const pairsMax = 1_000;
const depthMax = 6;

/** The parameters in a body or a query; undefined when the text cannot be read as such. */
export function parseForm(text: string): Tree | undefined {
  const tree: Tree = new Map();
  let pairs = 0;
  for (const [name, value] of new URLSearchParams(text)) {
    pairs += 1;
    const path = pathOf(name);
    if (!path || pairs > pairsMax || !put(tree, path, value)) return undefined;
  }
  return tree;
}

/** The tree as one text that is the same for the same parameters in whatever order they came. */
export function canonical(value: Value): string {
  if (typeof value === "string") return JSON.stringify(value);
  const inner = [...value].sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${inner.map(([name, one]) => `${JSON.stringify(name)}:${canonical(one)}`).join(",")}}`;
}

/** `a[b][]` is a, b and the next number. */
function pathOf(name: string): string[] | undefined {
  const match = /^([^[\]]+)((?:\[[^[\]]*\])*)$/.exec(name);
  if (!match) return undefined;
  const inner = [...match[2]!.matchAll(/\[([^[\]]*)\]/g)].map((one) => one[1]!);
  return inner.length < depthMax ? [match[1]!, ...inner] : undefined;
}

function put(tree: Tree, path: string[], value: string): boolean {
  let at = tree;
  for (const [index, step] of path.entries()) {
    const name = step === "" ? String(at.size) : step;
    if (index === path.length - 1) {
      at.set(name, value);
      return true;
    }
    const inner = at.get(name) ?? new Map<string, Value>();
    if (typeof inner === "string") return false;
    at.set(name, inner);
    at = inner;
  }
  return false;
}
