/**
 * Bytes of GBK widened as if they were Latin-1, so that a reader of UTF-8 takes any of them; a pair that GBK
 * does not have is refused with its line. No second byte of GBK is a comma, a quote or a line feed.
 */
import { closeSync, openSync, readSync, writeSync } from "node:fs";

/** A part of a file that ends with a line. */
export type WidenTask = {
  readonly from: string;
  readonly start: number;
  readonly end: number;
  readonly to: string;
};

export type Widened =
  | { readonly end: "widened" }
  /** `line` counts from the beginning of the file, from 1. */
  | { readonly end: "impossible"; readonly line: number };

const CHUNK_BYTES = 4_194_304;
const WORD_BYTES = 4;
const NOT_ASCII = 0x80808080;
const FIRST_NOT_ASCII = 0x80;
const FEED = 0x0a;

/** Reads the bytes from `start` up to `end` and writes them widened. */
export function widen({ from, start, end, to }: WidenTask): Widened {
  const known = pairs();
  const [source, target] = [openSync(from, "r"), openSync(to, "w")];
  const memory = new ArrayBuffer(CHUNK_BYTES);
  const [chunk, words] = [Buffer.from(memory), new Int32Array(memory)];
  const wide = Buffer.allocUnsafe(2 * CHUNK_BYTES);
  try {
    let lead = 0;
    for (let at = start; at < end; ) {
      const read = readSync(source, chunk, 0, Math.min(CHUNK_BYTES, end - at), at);
      lead = read === 0 ? -1 : leadAfter(chunk, words, read, lead, known);
      if (lead < 0) return { end: "impossible", line: lineAt(source, at - lead - 1) };
      writeSync(target, wide, 0, wide.write(chunk.toString("latin1", 0, read), 0, "utf8"));
      at += read;
    }
    return lead === 0 ? { end: "widened" } : { end: "impossible", line: lineAt(source, end - 1) };
  } finally {
    closeSync(source);
    closeSync(target);
  }
}

/**
 * The byte that waits for its second one after so many bytes of a chunk, or 0; below 0: the place, less one,
 * of a pair that is none. Four bytes of ASCII are passed over at once, and a pair is looked at as one.
 */
function leadAfter(
  chunk: Buffer,
  words: Int32Array,
  bytes: number,
  leadBefore: number,
  known: Uint8Array,
): number {
  const wordsEnd = Math.floor(bytes / WORD_BYTES);
  let at = 0;
  if (leadBefore !== 0) {
    if (known[(leadBefore << 8) | (chunk[0] as number)] !== 1) return -1;
    at = 1;
  }
  while (at < bytes) {
    if (at % WORD_BYTES === 0) {
      let word = at / WORD_BYTES;
      while (word < wordsEnd && ((words[word] as number) & NOT_ASCII) === 0) word += 1;
      at = word * WORD_BYTES;
      if (at === bytes) return 0;
    }
    const byte = chunk[at] as number;
    if (byte < FIRST_NOT_ASCII) at += 1;
    else if (at + 1 === bytes) return byte;
    else if (known[(byte << 8) | (chunk[at + 1] as number)] !== 1) return -(at + 1) - 1;
    else at += 2;
  }
  return 0;
}

function lineAt(source: number, position: number): number {
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  let line = 1;
  for (let at = 0; at < position; at += chunk.length) {
    const read = readSync(source, chunk, 0, Math.min(chunk.length, position - at), at);
    for (
      let index = chunk.indexOf(FEED);
      index !== -1 && index < read;
      index = chunk.indexOf(FEED, index + 1)
    ) {
      line += 1;
    }
  }
  return line;
}

/**
 * Which pairs the strict reader's own decoder knows. The four bytes of GB 18030 are none of GBK: a file that
 * has them is left to the strict reader.
 */
function pairs(): Uint8Array {
  const known = new Uint8Array(65_536);
  const decoder = new TextDecoder("gbk", { fatal: true });
  const canDecode = (...bytes: number[]) => {
    try {
      decoder.decode(Uint8Array.from(bytes));
      return true;
    } catch {
      return false;
    }
  };
  for (let lead = 0x81; lead <= 0xff; lead += 1) {
    for (let trail = 0x40; trail <= 0xff; trail += 1) {
      if (canDecode(lead, trail)) known[(lead << 8) | trail] = 1;
    }
  }
  return known;
}
