/**
 * The engine's own process: it compares what the files of a job hold and writes what it found to files. It
 * lives as long as the channel to whoever started it.
 */
import { DuckDBInstance } from "@duckdb/node-api";
import type { Job, Reply } from "./job.ts";
import { loading, rules } from "./rules.ts";

async function carryOut({ files, memoryMbMax, threads, folder }: Job): Promise<void> {
  const instance = await DuckDBInstance.create(":memory:", {
    memory_limit: `${memoryMbMax}MB`,
    threads: String(threads),
    temp_directory: folder,
    preserve_insertion_order: "false",
    // Nothing is fetched from anywhere.
    autoinstall_known_extensions: "false",
    autoload_known_extensions: "false",
  });
  const connection = await instance.connect();
  const { inputs, results } = loading();
  try {
    for (const statement of [...inputs, ...rules(), ...results]) {
      await connection.run(placed(statement, files));
    }
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** The statement with its `{names}` as quoted paths. */
function placed(statement: string, files: Job["files"]): string {
  return statement.replaceAll(/\{([a-z]+)\}/g, (_, name: keyof Job["files"]) => {
    const file = files[name];
    const quoted = (path: string) => `'${path.replaceAll("'", "''")}'`;
    return typeof file === "string" ? quoted(file) : `[${file.map(quoted).join(", ")}]`;
  });
}

process.on("message", (job: Job) => {
  const reply = (message: Reply) => process.send?.(message);
  carryOut(job).then(
    () => reply({ id: job.id, end: "done" }),
    (error: unknown) => reply({ id: job.id, end: "failed", reason: String(error) }),
  );
});
process.on("disconnect", () => process.exit(0));
