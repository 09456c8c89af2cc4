/** A picture as SVG text: elements, and the frame that every chart has. Readable on light and dark pages. */

export type Attributes = Readonly<Record<string, string | number>>;

export function element(name: string, attributes: Attributes, content = ""): string {
  const written = Object.entries(attributes).map(([key, value]) => ` ${key}="${escaped(String(value))}"`);
  return content === ""
    ? `<${name}${written.join("")}/>`
    : `<${name}${written.join("")}>${content}</${name}>`;
}

export function label(text: string, attributes: Attributes): string {
  return element("text", attributes, escaped(text));
}

function escaped(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

/** Colours that keep their contrast on white and on black; a page's own scheme decides. */
const STYLE = `
  text { font-family: system-ui, sans-serif; font-size: 13px; fill: #24292f }
  .title { font-size: 17px; font-weight: 600 }
  .quiet { fill: #57606a; font-size: 12px }
  .grid { stroke: #d0d7de; stroke-width: 1 }
  .bar { fill: #8c959f }
  .bar.main { fill: #0969da }
  .mark { stroke: #cf222e; stroke-width: 1.5; stroke-dasharray: 5 4 }
  .line { fill: none; stroke-width: 2 }
  .s0 { stroke: #8c959f } .s1 { stroke: #0969da } .s2 { stroke: #1a7f37 } .s3 { stroke: #cf222e }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 }
    .quiet { fill: #9198a1 }
    .grid { stroke: #3d444d }
    .bar { fill: #6e7681 }
    .bar.main { fill: #4493f8 }
    .mark { stroke: #f85149 }
    .s0 { stroke: #6e7681 } .s1 { stroke: #4493f8 } .s2 { stroke: #3fb950 } .s3 { stroke: #f85149 }
  }`;

export const WIDTH = 760;
export const LEFT = 24;

export type Frame = { readonly title: string; readonly subtitle: string; readonly height: number };

/** @param parts drawn below the titles, which take the first 56 pixels */
export function picture({ title, subtitle, height }: Frame, parts: readonly string[]): string {
  const head = [
    element("title", {}, escaped(`${title}. ${subtitle}`)),
    element("style", {}, STYLE),
    label(title, { x: LEFT, y: 28, class: "title" }),
    label(subtitle, { x: LEFT, y: 47, class: "quiet" }),
  ];
  const size = { width: WIDTH, height, viewBox: `0 0 ${WIDTH} ${height}` };
  const frame = { xmlns: "http://www.w3.org/2000/svg", role: "img", ...size };
  return `${element("svg", frame, `\n${[...head, ...parts].join("\n")}\n`)}\n`;
}

/** Round steps from 0 that reach `top`: about five of them. */
export function ticks(top: number): readonly number[] {
  if (!(top > 0)) return [0, 1];
  const rough = top / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 2.5, 5].find((factor) => factor * power >= rough) ?? 10) * power;
  const count = Math.ceil(top / step - 1e-9);
  return Array.from({ length: count + 1 }, (_, index) => index * step);
}

export function written(value: number): string {
  return value.toLocaleString("en", { maximumFractionDigits: value < 10 ? 1 : 0 });
}
