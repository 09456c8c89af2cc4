import { Type } from "typebox";
import { problem } from "./errors.ts";

/**
 * Cursor pagination, newest first: `{ data, next_cursor }`. A cursor is opaque to its reader and says where
 * to go on.
 */
export type Page<T> = { readonly data: readonly T[]; readonly next_cursor: string | null };

export const PAGE_SIZE = 20;
export const PAGE_SIZE_MAX = 100;

/** The query parameters that every list takes. Numbers arrive as text: nothing is coerced. */
export const PageQuery = {
  limit: Type.Optional(
    Type.String({
      pattern: "^[0-9]{1,3}$",
      description: `Rows per page, 1 to ${PAGE_SIZE_MAX}; ${PAGE_SIZE} by default`,
    }),
  ),
  cursor: Type.Optional(Type.String({ maxLength: 500, description: "next_cursor of the previous page" })),
};

/** Reads `limit`. Throws `invalid_request` outside 1 to 100. */
export function readLimit(text: string | undefined): number {
  if (text === undefined) return PAGE_SIZE;
  const limit = Number(text);
  if (!Number.isInteger(limit) || limit < 1 || limit > PAGE_SIZE_MAX) {
    throw problem("invalid_request", {
      field: "query.limit",
      detail: `limit is an integer from 1 to ${PAGE_SIZE_MAX}`,
    });
  }
  return limit;
}

/** Packs the place after a page's last row. */
export function encodeCursor(parts: readonly string[]): string {
  return Buffer.from(JSON.stringify(parts)).toString("base64url");
}

/**
 * Unpacks a cursor of `length` parts; null when there is none. Throws `cursor_invalid` for anything not made
 * here.
 */
export function decodeCursor(text: string | undefined, length: number): string[] | null {
  if (text === undefined) return null;
  try {
    const parts: unknown = JSON.parse(Buffer.from(text, "base64url").toString("utf8"));
    if (isTexts(parts) && parts.length === length && encodeCursor(parts) === text) return parts;
  } catch {
    // Falls through: a cursor that cannot be read is as wrong as one of another list.
  }
  throw problem("cursor_invalid", { field: "query.cursor" });
}

function isTexts(parts: unknown): parts is string[] {
  return Array.isArray(parts) && parts.every((part) => typeof part === "string");
}

/**
 * Makes a page of `limit` from rows that were read with `limit + 1`: the extra row only shows that there is
 * more.
 */
export function pageOf<Row, Item>(
  rows: readonly Row[],
  limit: number,
  cursorOf: (row: Row) => readonly string[],
  present: (row: Row) => Item,
): Page<Item> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return {
    data: shown.map(present),
    next_cursor: rows.length > limit && last !== undefined ? encodeCursor(cursorOf(last)) : null,
  };
}
