/** How far a piece of work is, in what it counts. */
export type Progress = {
  readonly done: bigint;
  /** Null: not known. */
  readonly left: bigint | null;
};

/** Awaited between short pieces of work; what it throws ends the work there. */
export type GoOn = (progress?: Progress) => Promise<void>;

/** @param total as counted at the beginning; more may have come since */
export function progressOf(done: bigint | number, total: bigint | number): Progress {
  const left = BigInt(total) - BigInt(done);
  return { done: BigInt(done), left: left < 0n ? 0n : left };
}
