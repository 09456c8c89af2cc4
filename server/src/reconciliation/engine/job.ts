/** What is said between the engine and its process. */
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
};

export type Reply =
  | { readonly id: number; readonly end: "done" }
  | { readonly id: number; readonly end: "failed"; readonly reason: string };
