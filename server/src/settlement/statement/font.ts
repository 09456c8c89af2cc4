/**
 * Noto Sans SC for PDF. The font comes as a hundred files of some characters each, packed as woff2; those
 * that a text needs are unpacked when it does, as the PDF writer reads TrueType alone.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const PACKAGE = "@fontsource-variable/noto-sans-sc";

export type FontFile = { readonly name: string; covers(codePoint: number): boolean };

/** The font's files, those of Latin letters first. */
export function fontFiles(): readonly FontFile[] {
  const unicode = JSON.parse(readFileSync(join(folder(), "unicode.json"), "utf8")) as Record<string, string>;
  return Object.entries(unicode)
    .map(([key, text]) => {
      const ranges = text.split(",").map(rangeOf);
      return {
        name: key.replaceAll(/[[\]]/g, ""),
        covers: (codePoint: number) => ranges.some(([from, to]) => codePoint >= from && codePoint <= to),
      };
    })
    .sort((a, b) => Number(b.name === "latin") - Number(a.name === "latin"));
}

/** One of the files as TrueType. */
export async function trueType(name: string): Promise<Buffer> {
  const packed = readFileSync(join(folder(), "files", `noto-sans-sc-${name}-wght-normal.woff2`));
  const { decompress } = await import("wawoff2");
  return Buffer.from(await decompress(packed));
}

function folder(): string {
  return dirname(createRequire(import.meta.url).resolve(`${PACKAGE}/package.json`));
}

function rangeOf(text: string): [number, number] {
  const [from = "", to = from] = text.trim().replace(/^U\+/i, "").split("-");
  return [Number.parseInt(from, 16), Number.parseInt(to, 16)];
}
