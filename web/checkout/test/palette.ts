// Pictures for the docs are drawings with few colours: with a palette they take a third of the room.

import { crc32, deflateSync, inflateSync } from "node:zlib";

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const COLOURS_MAX = 256;

/** A PNG of at most 256 colours from a browser's, which has 8 bits a channel and no interlacing. */
export function withPalette(png: Buffer): Buffer {
  const { width, height, channels, rows } = pixels(png);
  const counts = new Map<number, number>();
  const colourAt = (row: Buffer, x: number) => row.readUIntBE(x * channels, 3);
  for (const row of rows) {
    for (let x = 0; x < width; x += 1) {
      const colour = colourAt(row, x);
      counts.set(colour, (counts.get(colour) ?? 0) + 1);
    }
  }
  const kept = [...counts].sort((a, b) => b[1] - a[1]).slice(0, COLOURS_MAX);
  const palette = kept.map(([colour]) => colour);
  const indexes = new Map(palette.map((colour, index) => [colour, index]));
  const indexOf = (colour: number): number => {
    const known = indexes.get(colour);
    if (known !== undefined) return known;
    const nearest = nearestOf(palette, colour);
    indexes.set(colour, nearest);
    return nearest;
  };
  const data = Buffer.alloc(height * (width + 1));
  rows.forEach((row, y) => {
    for (let x = 0; x < width; x += 1) data[y * (width + 1) + 1 + x] = indexOf(colourAt(row, x));
  });
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 3, 0, 0, 0], 8);
  const colours = Buffer.from(palette.flatMap((colour) => [colour >> 16, (colour >> 8) & 255, colour & 255]));
  return Buffer.concat([
    SIGNATURE,
    chunk("IHDR", head),
    chunk("PLTE", colours),
    chunk("IDAT", deflateSync(data, { level: 9 })),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

function nearestOf(palette: readonly number[], colour: number): number {
  let best = 0;
  let bestDistance = Number.POSITIVE_INFINITY;
  palette.forEach((other, index) => {
    const distance = [16, 8, 0].reduce(
      (sum, shift) => sum + (((colour >> shift) & 255) - ((other >> shift) & 255)) ** 2,
      0,
    );
    if (distance < bestDistance) [best, bestDistance] = [index, distance];
  });
  return best;
}

function pixels(png: Buffer) {
  if (!png.subarray(0, 8).equals(SIGNATURE)) throw new Error("not a PNG");
  const parts: Buffer[] = [];
  for (let at = 8; at < png.length; ) {
    const length = png.readUInt32BE(at);
    if (png.toString("latin1", at + 4, at + 8) === "IDAT") parts.push(png.subarray(at + 8, at + 8 + length));
    at += length + 12;
  }
  const [width, height, kind] = [png.readUInt32BE(16), png.readUInt32BE(20), png[25]];
  const channels = kind === 6 ? 4 : 3;
  if (png[24] !== 8 || (kind !== 2 && kind !== 6) || png[28] !== 0) throw new Error("not a browser's PNG");
  const raw = inflateSync(Buffer.concat(parts));
  const stride = width * channels;
  const rows: Buffer[] = [];
  for (let y = 0; y < height; y += 1) {
    const at = y * (stride + 1);
    const row = Buffer.from(raw.subarray(at + 1, at + 1 + stride));
    unfilter(row, rows[y - 1] ?? Buffer.alloc(stride), raw[at] as number, channels);
    rows.push(row);
  }
  return { width, height, channels, rows };
}

/** Undoes one of the filters of the PNG specification, section 9, in place. */
function unfilter(row: Buffer, above: Buffer, filter: number, channels: number): void {
  for (let at = 0; at < row.length; at += 1) {
    const left = at < channels ? 0 : (row[at - channels] as number);
    const up = above[at] as number;
    const corner = at < channels ? 0 : (above[at - channels] as number);
    const predicted = [0, left, up, (left + up) >> 1, paeth(left, up, corner)][filter] as number;
    row[at] = ((row[at] as number) + predicted) & 255;
  }
}

function paeth(left: number, up: number, corner: number): number {
  const guess = left + up - corner;
  const [byLeft, byUp, byCorner] = [left, up, corner].map((value) => Math.abs(guess - value)) as [
    number,
    number,
    number,
  ];
  if (byLeft <= byUp && byLeft <= byCorner) return left;
  return byUp <= byCorner ? up : corner;
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const frame = Buffer.alloc(body.length + 8);
  frame.writeUInt32BE(data.length, 0);
  body.copy(frame, 4);
  frame.writeUInt32BE(crc32(body), body.length + 4);
  return frame;
}
