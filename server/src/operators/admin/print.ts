import type { Column, Json, JsonObject, View } from "./model.ts";

const CELL_CHARACTERS_MAX = 120;

/** An answer as a person reads it. */
export function show(view: View, answer: JsonObject): string {
  return view.kind === "card" ? card(view, answer) : table(view.columns, rowsOf(answer), view.empty);
}

/** The rows of a list's answer. */
export function rowsOf(answer: JsonObject): readonly JsonObject[] {
  return Array.isArray(answer.data) ? (answer.data as JsonObject[]) : [];
}

/** Columns as wide as their widest value, two spaces between. */
export function table(columns: readonly Column[], rows: readonly JsonObject[], empty: string): string {
  if (rows.length === 0) return empty;
  const cells = [
    columns.map(([heading]) => heading),
    ...rows.map((row) => columns.map(([, path]) => shortened(text(at(row, path))))),
  ];
  const widths = columns.map((_, column) => Math.max(...cells.map((line) => width(line[column] as string))));
  return cells
    .map((line) =>
      line
        .map((cell, column) => pad(cell, widths[column] as number))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

function card(view: Extract<View, { kind: "card" }>, answer: JsonObject): string {
  const fields = view.fields
    .map(([heading, path]) => [heading, at(answer, path)] as const)
    .filter(([, value]) => value !== undefined && value !== null);
  const widest = Math.max(0, ...fields.map(([heading]) => heading.length));
  const lines = fields.map(([heading, value]) => `  ${heading.padEnd(widest)}  ${text(value)}`);
  const secret = answer.secret ?? answer.token;
  const warnings = Array.isArray(answer.warnings) ? answer.warnings.map((each) => `  ! ${text(each)}`) : [];
  return [
    view.title,
    ...lines,
    ...warnings,
    ...(typeof secret === "string" ? ["", `  ${secret}`, "", "  Keep it now: it is not shown again."] : []),
  ].join("\n");
}

/** The value at a path of names, such as `operator.name`. */
function at(value: Json | undefined, path: string): Json | undefined {
  return path
    .split(".")
    .reduce<Json | undefined>(
      (found, name) =>
        typeof found === "object" && found !== null ? (found as JsonObject)[name] : undefined,
      value,
    );
}

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/;

function text(value: Json | undefined): string {
  if (value === undefined || value === null) return "–";
  if (typeof value === "string") return INSTANT.test(value) ? value.slice(0, 19).replace("T", " ") : value;
  if (Array.isArray(value)) return value.map(item).join(", ");
  if (typeof value !== "object") return String(value);
  return Object.entries(value as JsonObject)
    .map(([name, inner]) => `${name}=${text(inner)}`)
    .join(" ");
}

/** One of a list: its names are clear from the list's own. */
function item(value: Json): string {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return text(value);
  return Object.values(value as JsonObject)
    .map(text)
    .join(" ");
}

/** A table stays readable; `--json` shows everything. */
function shortened(cell: string): string {
  return cell.length > CELL_CHARACTERS_MAX ? `${cell.slice(0, CELL_CHARACTERS_MAX - 1)}…` : cell;
}

/** Chinese characters take two columns of a terminal. */
function width(cell: string): number {
  return [...cell].reduce(
    (sum, character) =>
      sum +
      (/[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\uffe0-\uffe6]/.test(
        character,
      )
        ? 2
        : 1),
    0,
  );
}

function pad(cell: string, to: number): string {
  return cell + " ".repeat(Math.max(0, to - width(cell)));
}
