import { crc32 } from "node:zlib";
import { type Entry, fromBufferPromise } from "yauzl";

export type ZipEntry = { readonly name: string; readonly content: Buffer };

/** A channel's statement has two entries, a workbook some more than its sheets. */
const ENTRIES_MAX = 256;

/**
 * About a million lines; a bomb ends here, because what an entry unpacks to is checked against what it
 * announces.
 */
const UNPACKED_BYTES_MAX = 256 * 1_024 * 1_024;

/** The archive is whole, and larger than is allowed. */
export class ZipTooLarge extends Error {}

/** A file of an archive. */
export type ZipPart = {
  readonly name: string;
  /** Unpacked, as the archive says. */
  readonly bytes: number;
  /** Its content; throws, at its end at the latest, where that is not what the archive says it is. */
  chunks(): AsyncIterable<Buffer>;
};

/**
 * The files of a zip archive in memory, to be unpacked piece by piece. Names are read as GBK, which Alipay
 * writes without saying so.
 * @throws Error with the reason when the archive is damaged, encrypted or says it is larger than the limits.
 */
export async function openZip(archive: Buffer, unpackedBytesMax: number): Promise<ZipPart[]> {
  const zip = await fromBufferPromise(archive, { decodeStrings: false, validateEntrySizes: true });
  const parts: ZipPart[] = [];
  const names = new TextDecoder("gbk");
  let unpacked = 0;
  for await (const entry of zip.eachEntry()) {
    unpacked += entry.uncompressedSize;
    if (parts.length >= ENTRIES_MAX) throw new Error(`the archive has more than ${ENTRIES_MAX} entries`);
    if (unpacked > unpackedBytesMax) {
      throw new ZipTooLarge(`the archive unpacks to more than ${unpackedBytesMax} bytes`);
    }
    requireOneName(archive, entry);
    const chunks = async function* (): AsyncGenerator<Buffer> {
      let sum = 0;
      for await (const chunk of await zip.openReadStreamPromise(entry)) {
        sum = crc32(chunk as Buffer, sum);
        yield chunk as Buffer;
      }
      if (sum !== entry.crc32) throw new Error("an entry's checksum is wrong");
    };
    parts.push({ name: names.decode(entry.fileNameRaw), bytes: entry.uncompressedSize, chunks });
  }
  return parts;
}

const NAME_LENGTH_AT = 26;
const NAME_AT = 30;

/**
 * No checksum covers the name that says what an entry is, but it stands twice: at the end of the archive, and
 * before the content.
 */
function requireOneName(
  archive: Buffer,
  {
    relativeOffsetOfLocalHeader: at,
    fileNameRaw,
  }: Pick<Entry, "relativeOffsetOfLocalHeader" | "fileNameRaw">,
): void {
  const length = at + NAME_AT <= archive.length ? archive.readUInt16LE(at + NAME_LENGTH_AT) : 0;
  const name = archive.subarray(at + NAME_AT, at + NAME_AT + length);
  if (!name.equals(fileNameRaw)) throw new Error("an entry has one name in the list and another before it");
}

/**
 * The files of a zip archive in memory, CRC and sizes checked; `openZip` for those that memory does not hold.
 * @throws Error with the reason when the archive is damaged, encrypted or larger than the limits.
 */
export async function unzip(archive: Buffer): Promise<ZipEntry[]> {
  const entries: ZipEntry[] = [];
  for (const { name, chunks } of await openZip(archive, UNPACKED_BYTES_MAX)) {
    const content: Buffer[] = [];
    for await (const chunk of chunks()) content.push(chunk);
    entries.push({ name, content: Buffer.concat(content) });
  }
  return entries;
}
