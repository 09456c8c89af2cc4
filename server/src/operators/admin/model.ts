/**
 * The administrator's command line.
 *
 * - Command: words (`merchants create`), arguments in order, options by name; it becomes one request to the
 *   platform's API,
 *   so that it can do nothing that the API does not allow, and every change is an audit row.
 * - View: how an answer is shown to a person; `--json` shows it as it came.
 */

/** Answers of the API, as they came. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };
export type JsonObject = { readonly [name: string]: Json };

export type OptionSpec = {
  /** `flag`: there or not; `file`: the path of a JSON file, or `-` for standard input. */
  readonly type: "text" | "number" | "flag" | "texts" | "file";
  readonly help: string;
  readonly required?: boolean;
};

export type Values = {
  /** The positional arguments, by name. */
  readonly args: Readonly<Record<string, string>>;
  readonly options: Readonly<Record<string, Json | undefined>>;
};

export type ApiRequest = {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  readonly path: string;
  readonly query?: Readonly<Record<string, Json | undefined>>;
  readonly body?: JsonObject;
};

/** A column: its heading and where its value stands (`operator.name`). */
export type Column = readonly [heading: string, path: string];

export type View =
  | { readonly kind: "table"; readonly columns: readonly Column[]; readonly empty: string }
  /** One resource; `title` says in a sentence what happened to it. */
  | { readonly kind: "card"; readonly title: string; readonly fields: readonly Column[] };

export type Command = {
  readonly words: readonly [string, string];
  readonly args: readonly string[];
  readonly options: Readonly<Record<string, OptionSpec>>;
  readonly summary: string;
  readonly request: (values: Values) => ApiRequest;
  readonly view: View;
  /** Rows arrive newest first and are shown oldest first; `--follow` goes on. */
  readonly tail?: true;
};

/** Options that every command takes. */
export const COMMON_OPTIONS = {
  url: { type: "text", help: "The platform's address; by default that of the one that runs here" },
  token: { type: "text", help: "An operator's token; by default the one in the data folder" },
  json: { type: "flag", help: "Print the answer as JSON" },
  help: { type: "flag", help: "Explain the command" },
} as const satisfies Readonly<Record<string, OptionSpec>>;
