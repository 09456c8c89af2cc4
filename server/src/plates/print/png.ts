import { crc32, deflateSync } from "node:zlib";
import type { Drawing } from "./drawing.ts";

// PNG (ISO/IEC 15948) of one bit per pixel: what a QR code is. An image library would bring decoders, colour
// spaces and filters for a picture that has none of them.

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
/** A code of version 4 is then some 1,000 pixels wide: 8 cm at 300 dots per inch. */
const PIXELS_PER_MODULE = 24;

export function pngOf({ size, rows }: Drawing): Buffer {
  const pixels = size * PIXELS_PER_MODULE;
  const lines = rows.map((row) => {
    const line = lineOf(row, pixels);
    return Buffer.concat(Array.from({ length: PIXELS_PER_MODULE }, () => line));
  });
  const header = Buffer.alloc(13);
  header.writeUInt32BE(pixels, 0);
  header.writeUInt32BE(pixels, 4);
  // One bit of grey; deflate, no filter choice, not interlaced.
  header.set([1, 0, 0, 0, 0], 8);
  const image = deflateSync(Buffer.concat(lines));
  return Buffer.concat([
    SIGNATURE,
    chunk("IHDR", header),
    chunk("IDAT", image),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

/** A filter byte of none, then eight pixels to a byte: a bit that is set is white. */
function lineOf(row: readonly boolean[], pixels: number): Buffer {
  const line = Buffer.alloc(1 + Math.ceil(pixels / 8));
  for (let x = 0; x < pixels; x += 1) {
    if (row[Math.floor(x / PIXELS_PER_MODULE)]) continue;
    const at = 1 + (x >> 3);
    line[at] = (line[at] ?? 0) | (0x80 >> (x & 7));
  }
  return line;
}

function chunk(type: string, data: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const framed = Buffer.alloc(named.length + 8);
  framed.writeUInt32BE(data.length, 0);
  named.copy(framed, 4);
  framed.writeUInt32BE(crc32(named), named.length + 4);
  return framed;
}
