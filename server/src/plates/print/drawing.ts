import { encode } from "uqr";

/** ISO/IEC 18004 asks for four light modules around a code. */
const QUIET_MODULES = 4;

/** The modules of a code, dark is true, with the light frame that scanners need. */
export type Drawing = { readonly size: number; readonly rows: readonly (readonly boolean[])[] };

/**
 * A plate hangs on a counter for years, is scratched, greasy, and half in the shade: level Q reads on with a
 * quarter of it lost. H would read on with 30 % and cost 8 modules more on a side, each of them smaller.
 */
const PRINTED_LEVEL = "Q";
/** On a screen nothing is scratched: M, as the cashier's codes. */
const SHOWN_LEVEL = "M";

export function drawCode(text: string, level: "M" | "Q" = PRINTED_LEVEL): Drawing {
  const { data, size } = encode(text, { ecc: level, border: QUIET_MODULES });
  return { size, rows: data };
}

/** Runs of dark modules of one row: where each begins, and how long it is. */
export function runsOf(row: readonly boolean[]): readonly (readonly [from: number, length: number])[] {
  const runs: [number, number][] = [];
  row.forEach((dark, at) => {
    const last = runs.at(-1);
    if (!dark) return;
    if (last !== undefined && last[0] + last[1] === at) last[1] += 1;
    else runs.push([at, 1]);
  });
  return runs;
}

/** A code for a screen, as a drawing within a page. */
export function codeSvg(text: string): string {
  return svgOf(drawCode(text, SHOWN_LEVEL));
}

/** Black on white, whatever the colours around it are; one path, no size of its own. */
export function svgOf({ size, rows }: Drawing): string {
  const path = rows
    .flatMap((row, y) => runsOf(row).map(([x, length]) => `M${x} ${y}h${length}v1h-${length}z`))
    .join("");
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size} ${size}" shape-rendering="crispEdges">` +
    `<rect width="${size}" height="${size}" fill="#fff"/><path d="${path}" fill="#000"/></svg>`
  );
}
