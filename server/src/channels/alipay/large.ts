import { openZip, type ZipPart, ZipTooLarge } from "../../kernel/zip.ts";
import type { LargeReading, Statement, StatementLine, StatementOf, UnpackedStatement } from "../port.ts";
import { orFault, StatementFault } from "../statement-fault.ts";
import { type BillHead, createBillReader, isStatement } from "./bill.ts";
import { checkWhose } from "./bill-file.ts";

// The business statement of a day, unpacked and read piece by piece.

/** What is read into memory as a whole, unpacked: about a million lines. */
const HELD_BYTES_MAX = 256 * 1_024 * 1_024;
const SETTING = "TRIBUTARY_STATEMENT_UNPACKED_MEGABYTES_MAX";
/** So much of a file shows what it is. */
const TITLE_BYTES = 256;

/** Reads an archive with what was sold, or the file that was taken out of it. */
export function readStatement(of: StatementOf, original: Buffer): Promise<Statement | StatementFault> {
  return orFault(async () => {
    const lines: StatementLine[] = [];
    const reading = scan(of, original, HELD_BYTES_MAX);
    for (let next = await reading.next(); ; next = await reading.next()) {
      if (next.done === true) return { ...next.value, lines, original };
      lines.push(next.value);
    }
  });
}

export const LARGE: LargeReading = { scan, unpacked };

async function* scan(
  of: StatementOf,
  original: Buffer,
  unpackedBytesMax: number,
): AsyncGenerator<StatementLine, BillHead> {
  const file = await unpacked(original, unpackedBytesMax);
  const reader = createBillReader();
  for await (const piece of file.chunks()) yield* reader.push(piece);
  const end = reader.end();
  checkWhose(end.of, of);
  yield* end.lines;
  return end.of;
}

async function unpacked(original: Buffer, unpackedBytesMax: number): Promise<UnpackedStatement> {
  // A person may have taken the file out of its archive before uploading it.
  if (isStatement(original)) return { bytes: original.length, chunks: () => once(original) };
  const found: ZipPart[] = [];
  for (const part of await partsOf(original, unpackedBytesMax)) {
    if (isStatement(await beginningOf(part))) found.push(part);
  }
  const [file] = found;
  if (file !== undefined && found.length === 1) {
    return { bytes: file.bytes, chunks: () => undamaged(file) };
  }
  throw new StatementFault(0, `the archive holds ${found.length} business statements`);
}

async function* once(content: Buffer): AsyncGenerator<Buffer> {
  yield content;
}

async function partsOf(archive: Buffer, unpackedBytesMax: number): Promise<ZipPart[]> {
  try {
    return await openZip(archive, unpackedBytesMax);
  } catch (error) {
    if (!(error instanceof ZipTooLarge)) throw damageOf(error);
    const remedy = unpackedBytesMax === HELD_BYTES_MAX ? "have it fetched and kept" : `raise ${SETTING}`;
    throw new StatementFault(0, `${error.message}: ${remedy}`);
  }
}

/** The first bytes; what is no statement is read to its end, so that damage shows. */
async function beginningOf(part: ZipPart): Promise<Buffer> {
  let beginning = Buffer.alloc(0);
  for await (const chunk of undamaged(part)) {
    if (beginning.length < TITLE_BYTES) beginning = Buffer.concat([beginning, chunk]);
    if (beginning.length >= TITLE_BYTES && isStatement(beginning)) break;
  }
  return beginning;
}

async function* undamaged(part: ZipPart): AsyncGenerator<Buffer> {
  try {
    yield* part.chunks();
  } catch (error) {
    throw damageOf(error);
  }
}

/** A damaged archive may come whole the next time. */
export function damageOf(error: unknown): StatementFault {
  const reason = `the archive cannot be read: ${(error as Error).message}`;
  return new StatementFault(0, reason, { isDamage: true });
}
