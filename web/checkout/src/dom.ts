// Elements without a framework. Texts go in as text nodes only, so nobody's words can become markup.

type Child = Node | string | null;

interface Props {
  readonly class?: string;
  readonly onclick?: () => void;
  readonly [attribute: string]: string | (() => void) | undefined;
}

export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  props: Props = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const node = document.createElement(tag);
  for (const name of Object.keys(props)) {
    const value = props[name];
    if (typeof value === "function") node.addEventListener(name.slice(2), value);
    else if (value !== undefined) node.setAttribute(name, value);
  }
  for (const child of children) if (child !== null) node.append(child);
  return node;
}

export function byId(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page lacks #${id}`);
  return found;
}

/** Puts `children` in the place of whatever a node holds. */
export function fill(node: HTMLElement, children: readonly Node[]): void {
  node.textContent = "";
  for (const child of children) node.append(child);
}

const SVG = "http://www.w3.org/2000/svg";

export function svg(
  tag: string,
  attributes: Readonly<Record<string, string>>,
  ...children: Element[]
): Element {
  const node = document.createElementNS(SVG, tag);
  for (const name of Object.keys(attributes)) node.setAttribute(name, attributes[name] as string);
  node.append(...children);
  return node;
}
