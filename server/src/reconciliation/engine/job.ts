/** What is said between the engine and its process. */
import type { LargeStatement } from "./large/large.ts";

export type JobFiles = {
  readonly scopes: string;
  readonly theirs: string;
  /** Extracts, at least one. */
  readonly movements: readonly string[];
  readonly carried: string;
  /** What the job writes. */
  readonly found: string;
  readonly totals: string;
  readonly adjusted: string;
  readonly counts: string;
};

export type Job = {
  readonly id: number;
  /** Where whatever does not fit into memory goes; removed by whoever made it. */
  readonly folder: string;
  readonly memoryMbMax: number;
  readonly threads: number;
  readonly files: JobFiles;
  /** An Alipay statement of the only scope, which is read here; its lines are not in the file of theirs. */
  readonly large: LargeStatement | null;
};

/** An extract made quicker to read. */
export type PackJob = { readonly id: number; readonly from: string; readonly to: string };

export type AnyJob =
  | ({ readonly task: "compare" } & Job)
  | ({ readonly task: "pack"; readonly memoryMbMax: number; readonly threads: number } & PackJob);

export type Reply =
  | { readonly id: number; readonly end: "done" }
  /** The large statement is not as regular as it must be to be read so. */
  | { readonly id: number; readonly end: "irregular"; readonly reason: string }
  | { readonly id: number; readonly end: "failed"; readonly reason: string };
