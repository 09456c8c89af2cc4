/**
 * The engine's own process: it compares what the files of a job hold and writes what it found to files. It
 * lives as long as the channel to whoever started it.
 */
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import type { AnyJob, Job, PackJob, Reply } from "./job.ts";
import { Irregular, type LargeStatement, placesOf, widenLines } from "./large/large.ts";
import { loading, rules } from "./rules.ts";

type Places = Readonly<Record<string, string>>;

async function compare(connection: DuckDBConnection, job: Job): Promise<void> {
  const { inputs, small, large, ours, results } = loading();
  const places = placesOfFiles(job.files);
  const run = async (statements: readonly string[], at: Places) => {
    for (const statement of statements) await connection.run(placed(statement, at));
  };
  await run(inputs, places);
  if (job.large === null) await run(small, places);
  else {
    const parts = await widenLines(job.large, job.folder, job.threads);
    await regular(run(large, { ...places, ...placesOf(job.large.frame, parts) }));
    await check(connection, job.large);
  }
  await run([...ours, ...rules(), ...results], places);
}

/** What is wrong with a large file is for the strict reader to say; what is wrong with the engine is not. */
async function regular<T>(step: Promise<T>): Promise<T> {
  try {
    return await step;
  } catch (error) {
    const said = String(error);
    if (/CSV Error|Conversion Error|Invalid Input Error/.test(said)) throw new Irregular(said);
    throw error;
  }
}

/** As many lines as the trailer says, and the same sums. */
async function check(connection: DuckDBConnection, { frame }: LargeStatement): Promise<void> {
  const [[irregular]] = (await connection.runAndReadAll("select n from large_irregular")).getRows() as [
    [bigint],
  ];
  if (irregular !== 0n) throw new Irregular(`${irregular} lines are not of the usual form`);
  const rows = (
    await connection.runAndReadAll("select kind, n, settle, discount from large_totals")
  ).getRows();
  for (const [kind, n, settle, discount] of rows as ["payment" | "refund", bigint, bigint, bigint][]) {
    const said = frame.totals[kind];
    if (n === said.count && settle === said.settled && discount === said.discount) continue;
    throw new Irregular(
      `the trailer says ${said.count} ${kind}s of ${said.settled}, the lines ${n} of ${settle}`,
    );
  }
}

async function pack(connection: DuckDBConnection, { from, to }: PackJob): Promise<void> {
  const [inputs] = [loading().inputs.find((statement) => statement.includes("movements_in"))];
  if (inputs === undefined) throw new Error("nothing reads extracts");
  await connection.run(inputs);
  const options = "format parquet, compression zstd, row_group_size 122880";
  await connection.run(`copy (select * from movements_in([${quoted(from)}])) to ${quoted(to)} (${options})`);
}

async function carryOut(job: AnyJob): Promise<void> {
  const instance = await DuckDBInstance.create(":memory:", {
    memory_limit: `${job.memoryMbMax}MB`,
    threads: String(job.threads),
    ...(job.task === "compare" ? { temp_directory: job.folder } : {}),
    preserve_insertion_order: "false",
    // Nothing is fetched from anywhere.
    autoinstall_known_extensions: "false",
    autoload_known_extensions: "false",
  });
  const connection = await instance.connect();
  try {
    await (job.task === "pack" ? pack(connection, job) : compare(connection, job));
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

function quoted(path: string): string {
  return `'${path.replaceAll("'", "''")}'`;
}

function placesOfFiles({ movements, ...files }: Job["files"]): Places {
  const isPacked = (path: string) => path.endsWith(".parquet");
  const list = (paths: readonly string[]) => `[${paths.map(quoted).join(", ")}]`;
  const [packed, plain] = [movements.filter(isPacked), movements.filter((path) => !isPacked(path))];
  const sources = [
    ...(plain.length > 0 ? [`select * from movements_in(${list(plain)})`] : []),
    ...(packed.length > 0 ? [`select * from read_parquet(${list(packed)})`] : []),
  ];
  const paths = Object.entries(files).map(([name, path]) => [name, quoted(path)] as const);
  return { ...Object.fromEntries(paths), movements: `(${sources.join(" union all ")})` };
}

/** The statement with what belongs in the place of each of its `{names}`. */
function placed(statement: string, places: Places): string {
  return statement.replaceAll(/\{([a-z]+)\}/g, (place, name: string) => places[name] ?? place);
}

process.on("message", (job: AnyJob) => {
  const reply = (message: Reply) => process.send?.(message);
  const { id } = job;
  carryOut(job).then(
    () => reply({ id, end: "done" }),
    (error: unknown) => {
      const reason = String(error);
      reply(error instanceof Irregular ? { id, end: "irregular", reason } : { id, end: "failed", reason });
    },
  );
});
process.on("disconnect", () => process.exit(0));
