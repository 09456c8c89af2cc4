/** Whether a disk has room for what will be loaded. */
import { statfs } from "node:fs/promises";
import { UsageError } from "../arguments.ts";

/** A finished payment with its indexes, as measured; what the run itself adds is small beside it. */
const BYTES_PER_PAYMENT = 5_000;
/** The write-ahead log between two checkpoints, at most. */
const WAL_BYTES = 3 * 1_024 ** 3;

/** Throws a `UsageError` when the folder's disk is short. */
export async function refuseShortDisk(folder: string, payments: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const refusal = shortOfDisk(bavail * bsize, payments, folder);
  if (refusal !== null) throw new UsageError(refusal);
}

/** The sentence that says how much is missing, or null when there is room. */
export function shortOfDisk(freeBytes: number, payments: number, folder: string): string | null {
  const needed = payments * BYTES_PER_PAYMENT + WAL_BYTES;
  if (needed <= freeBytes) return null;
  const gb = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`;
  const fits = Math.max(0, Math.floor((freeBytes - WAL_BYTES) / BYTES_PER_PAYMENT));
  return (
    `${payments.toLocaleString("en")} payments need about ${gb(needed)} in ${folder}, where ` +
    `${gb(freeBytes)} are free: ask for at most ${fits.toLocaleString("en")} with --payments, or name ` +
    "another place with TMPDIR."
  );
}
