import { crc32, deflateRawSync } from "node:zlib";

// The channels' archives name their entries in GBK without saying so (general purpose bit 11 is not set).
// Archive libraries insist on UTF-8 names, so the few headers of a ZIP file are written here.

export type ZipEntry = { name: Buffer; content: Buffer };

const versionNeeded = 20;
const deflated = 8;

/** A ZIP archive with the entries' names exactly as given, byte for byte. */
export function zip(entries: ZipEntry[], modified: { dosDate: number; dosTime: number }): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, content } of entries) {
    const packed = deflateRawSync(content);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(versionNeeded, 0);
    common.writeUInt16LE(0, 2);
    common.writeUInt16LE(deflated, 4);
    common.writeUInt16LE(modified.dosTime, 6);
    common.writeUInt16LE(modified.dosDate, 8);
    common.writeUInt32LE(crc32(content), 10);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(content.length, 18);
    common.writeUInt16LE(name.length, 22);
    const local = Buffer.concat([signature(0x04034b50), common, name, packed]);
    // Comment length, disk, internal and external attributes: all zero.
    const place = Buffer.alloc(14);
    place.writeUInt32LE(offset, 10);
    directory.push(signature(0x02014b50), uint16(versionNeeded), common, place, name);
    parts.push(local);
    offset += local.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(entries.length, 4);
  end.writeUInt16LE(entries.length, 6);
  end.writeUInt32LE(central.length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...parts, central, signature(0x06054b50), end]);
}

/** "2026-11-20 09:30:07" as MS-DOS keeps it. */
export function dosTimestamp(text: string): { dosDate: number; dosTime: number } {
  const [year, month, day, hour, minute, second] = text.split(/[- :]/).map(Number);
  return {
    dosDate: ((year! - 1980) << 9) | (month! << 5) | day!,
    dosTime: (hour! << 11) | (minute! << 5) | (second! >> 1),
  };
}

function signature(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}
