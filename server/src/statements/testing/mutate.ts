import type { Chance } from "./chance.ts";

/**
 * Damages that a file meets on its way, or in a spreadsheet: what was done, in a word, and the text after it.
 */
export function mutateText(text: string, chance: Chance): { readonly what: string; readonly text: string } {
  const feed = text.includes("\r\n") ? "\r\n" : "\n";
  const lines = text.split(feed);
  const at = chance.upTo(lines.length);
  const line = lines[at] ?? "";
  const joined = (some: readonly string[]) => some.join(feed);
  const withLine = (changed: string) => joined(lines.with(at, changed));
  const spot = chance.upTo(Math.max(1, line.length));
  switch (chance.upTo(10)) {
    case 0:
      return { what: `line ${at + 1} dropped`, text: joined(lines.toSpliced(at, 1)) };
    case 1:
      return { what: `line ${at + 1} doubled`, text: joined(lines.toSpliced(at, 0, line)) };
    case 2: {
      const other = chance.upTo(lines.length);
      return {
        what: `lines ${at + 1} and ${other + 1} swapped`,
        text: joined(lines.with(at, lines[other] ?? "").with(other, line)),
      };
    }
    case 3:
      return { what: "cut off", text: text.slice(0, chance.upTo(text.length)) };
    case 4: {
      const digit = String(chance.upTo(10));
      const changed = replaceDigit(line, chance, digit);
      return { what: `a digit of line ${at + 1} is ${digit}`, text: withLine(changed) };
    }
    case 5: {
      const cells = line.split(",");
      const [one, other] = [chance.upTo(cells.length), chance.upTo(cells.length)];
      const swapped = cells.with(one, cells[other] ?? "").with(other, cells[one] ?? "");
      return {
        what: `cells ${one + 1} and ${other + 1} of line ${at + 1} swapped`,
        text: withLine(swapped.join(",")),
      };
    }
    case 6: {
      const cells = line.split(",");
      const cell = chance.upTo(cells.length);
      const emptied = cells.with(cell, "").join(",");
      return { what: `cell ${cell + 1} of line ${at + 1} emptied`, text: withLine(emptied) };
    }
    case 7: {
      const extra = chance.pick([",", "`", '"', "-", " ", "\t", "#", "<", "&", "元", "9", ".", "\0", feed]);
      const put = line.slice(0, spot) + extra + line.slice(spot);
      return { what: `${JSON.stringify(extra)} put into line ${at + 1}`, text: withLine(put) };
    }
    case 8:
      return {
        what: `character ${spot + 1} of line ${at + 1} lost`,
        text: withLine(line.slice(0, spot) + line.slice(spot + 1)),
      };
    default: {
      const sign = line.includes("-") ? line.replace("-", "") : line.replace(/(\d+\.\d)/, "-$1");
      return { what: `a sign of line ${at + 1} changed`, text: withLine(sign) };
    }
  }
}

function replaceDigit(line: string, chance: Chance, digit: string): string {
  const places = [...line.matchAll(/\d/g)].map((found) => found.index);
  if (places.length === 0) return line;
  const place = chance.pick(places);
  return line.slice(0, place) + digit + line.slice(place + 1);
}

/** Damages to bytes. */
export function mutateBytes(
  bytes: Buffer,
  chance: Chance,
): { readonly what: string; readonly bytes: Buffer } {
  const at = chance.upTo(Math.max(1, bytes.length));
  switch (chance.upTo(4)) {
    case 0: {
      const copy = Buffer.from(bytes);
      const bit = 1 << chance.upTo(8);
      copy[at] = (copy[at] ?? 0) ^ bit;
      return { what: `bit ${bit} of byte ${at} flipped`, bytes: copy };
    }
    case 1:
      return { what: `cut off at byte ${at}`, bytes: bytes.subarray(0, at) };
    case 2: {
      const end = Math.min(bytes.length, at + 1 + chance.upTo(40));
      return {
        what: `bytes ${at} to ${end} lost`,
        bytes: Buffer.concat([bytes.subarray(0, at), bytes.subarray(end)]),
      };
    }
    default: {
      const noise = Buffer.from([0x80 + chance.upTo(0x80), chance.upTo(0x100)]);
      return {
        what: `${noise.toString("hex")} put at byte ${at}`,
        bytes: Buffer.concat([bytes.subarray(0, at), noise, bytes.subarray(at)]),
      };
    }
  }
}
