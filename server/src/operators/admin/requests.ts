import type { Json, OptionSpec, Values } from "./model.ts";

/** Options of every list. */
export const LIST_OPTIONS = {
  limit: { type: "number", help: "Rows, 1 to 100; 20 by default" },
  cursor: { type: "text", help: "Where the previous page ended" },
} as const satisfies Readonly<Record<string, OptionSpec>>;

export function listQuery(options: Values["options"]): Record<string, Json | undefined> {
  return { limit: options.limit, cursor: options.cursor };
}

/** `/v1/ops/<kind>/<id>/<rest>`; whatever was typed as an id stays one segment of the path. */
export function under(kind: string, id: string | undefined, ...rest: readonly string[]): string {
  return ["/v1/ops", kind, encodeURIComponent(id ?? ""), ...rest].join("/");
}

/** Only the fields that were given. */
export function given(fields: Readonly<Record<string, Json | undefined>>): Record<string, Json> {
  return Object.fromEntries(
    Object.entries(fields).filter((entry): entry is [string, Json] => entry[1] !== undefined),
  );
}
