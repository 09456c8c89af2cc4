import { buffer } from "node:stream/consumers";
import { crc32 } from "node:zlib";
import { fromBufferPromise } from "yauzl";

export type ZipEntry = { readonly name: string; readonly content: Buffer };

/** A channel's statement has two entries, a workbook some more than its sheets. */
const ENTRIES_MAX = 256;

/**
 * About a million lines; a bomb ends here, because what an entry unpacks to is checked against what it
 * announces.
 */
const UNPACKED_BYTES_MAX = 256 * 1_024 * 1_024;

/**
 * The files of a zip archive in memory, CRC and sizes checked. Names are read as GBK, which Alipay writes
 * without saying so.
 * @throws Error with the reason when the archive is damaged, encrypted or larger than the limits.
 */
export async function unzip(archive: Buffer): Promise<ZipEntry[]> {
  const zip = await fromBufferPromise(archive, { decodeStrings: false, validateEntrySizes: true });
  const entries: ZipEntry[] = [];
  const names = new TextDecoder("gbk");
  let unpacked = 0;
  for await (const entry of zip.eachEntry()) {
    unpacked += entry.uncompressedSize;
    if (entries.length >= ENTRIES_MAX) throw new Error(`the archive has more than ${ENTRIES_MAX} entries`);
    if (unpacked > UNPACKED_BYTES_MAX) {
      throw new Error(`the archive unpacks to more than ${UNPACKED_BYTES_MAX} bytes`);
    }
    const content = await buffer(await zip.openReadStreamPromise(entry));
    if (crc32(content) !== entry.crc32) throw new Error("an entry's checksum is wrong");
    entries.push({ name: names.decode(entry.fileNameRaw), content });
  }
  return entries;
}
