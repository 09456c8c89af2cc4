import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/**
 * The version of the rules: a change of any rule makes another, and so does a reader that makes other lines
 * of the same file, so that what was compared by older ones is not taken for what these would find.
 */
export const RULES_VERSION = 2;

/** Which kind a difference has where several would fit: the first. docs/reconciliation.md says why. */
export const PRECEDENCE = [
  "unknown_merchant",
  "currency",
  "duplicate_theirs",
  "duplicate_ours",
  "status",
  "theirs_only",
  "ours_only",
  "amount",
  "fee",
] as const;

/** The rules, in their order: statements of the SQL that DuckDB, PostgreSQL and Spark share. */
export function rules(): readonly string[] {
  return statementsOf("sql");
}

/** What reads the inputs, before the rules, and what writes what they found: DuckDB's own SQL. */
export type Loading = {
  readonly inputs: readonly string[];
  /** Where every line is a row, and where a statement of millions is read. */
  readonly small: readonly string[];
  readonly large: readonly string[];
  readonly ours: readonly string[];
  readonly results: readonly string[];
};

export function loading(): Loading {
  const folder = new URL("./load/", import.meta.url);
  const read = (name: string) => cut(readFileSync(fileURLToPath(new URL(name, folder)), "utf8"));
  return {
    inputs: read("10-inputs.sql"),
    small: read("20-small.sql"),
    large: read("20-large.sql"),
    ours: read("30-ours.sql"),
    results: read("90-results.sql"),
  };
}

function statementsOf(name: string): readonly string[] {
  const folder = fileURLToPath(new URL(`./${name}/`, import.meta.url));
  const files = readdirSync(folder)
    .filter((file) => file.endsWith(".sql"))
    .sort();
  return files.flatMap((file) => cut(readFileSync(`${folder}${file}`, "utf8")));
}

/** No text in these files holds a semicolon before the end of a line. */
function cut(text: string): readonly string[] {
  const statements = text.split(/;\s*\n/).map((statement) => statement.replaceAll(/^\s*--.*$/gm, "").trim());
  return statements.filter((statement) => statement !== "");
}
