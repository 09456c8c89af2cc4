/**
 * Which picture some bytes are, by their first ones. Pictures made of pixels only: an SVG is a document and
 * may carry a script.
 */
export type ImageType = "image/png" | "image/jpeg" | "image/webp";

export type Image = { readonly type: ImageType; readonly width: number; readonly height: number };

const PNG = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** The type and size of a PNG, JPEG or WebP; null for anything else. */
export function readImage(bytes: Buffer): Image | null {
  if (bytes.length < 32) return null;
  if (bytes.subarray(0, 8).equals(PNG)) return png(bytes);
  if (bytes.readUInt16BE(0) === 0xffd8) return jpeg(bytes);
  const isWebp = bytes.toString("latin1", 0, 4) === "RIFF" && bytes.toString("latin1", 8, 12) === "WEBP";
  return isWebp ? webp(bytes) : null;
}

function png(bytes: Buffer): Image | null {
  if (bytes.toString("latin1", 12, 16) !== "IHDR") return null;
  return { type: "image/png", width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20) };
}

/** A JPEG is a row of segments; the frame header (C0 to CF, but three of them) holds the size. */
function jpeg(bytes: Buffer): Image | null {
  for (let at = 2; at + 9 < bytes.length; ) {
    if (bytes[at] !== 0xff) return null;
    const marker = bytes[at + 1] as number;
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) {
      return { type: "image/jpeg", width: bytes.readUInt16BE(at + 7), height: bytes.readUInt16BE(at + 5) };
    }
    at += 2 + bytes.readUInt16BE(at + 2);
  }
  return null;
}

/** RFC 9649: lossy, lossless and extended files say their size in three ways. */
function webp(bytes: Buffer): Image | null {
  const type = "image/webp";
  switch (bytes.toString("latin1", 12, 16)) {
    case "VP8 ":
      return { type, width: bytes.readUInt16LE(26) & 0x3fff, height: bytes.readUInt16LE(28) & 0x3fff };
    case "VP8L": {
      const bits = bytes.readUInt32LE(21);
      return { type, width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
    }
    case "VP8X":
      return { type, width: bytes.readUIntLE(24, 3) + 1, height: bytes.readUIntLE(27, 3) + 1 };
    default:
      return null;
  }
}
