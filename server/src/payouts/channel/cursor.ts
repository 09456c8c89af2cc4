import { problem } from "../../kernel/errors.ts";
import { decodeCursor } from "../../kernel/pages.ts";

const DATE = /^[1-9]\d{3}-\d{2}-\d{2}$/;

/** Where a list by date goes on. Throws `cursor_invalid`. */
export function dateAndKeyOf(cursor: string | undefined): readonly [date: string, key: string] | null {
  const parts = decodeCursor(cursor, 2);
  if (parts === null) return null;
  const [date = "", key = ""] = parts;
  if (!DATE.test(date) || Number.isNaN(Date.parse(date)))
    throw problem("cursor_invalid", { field: "query.cursor" });
  return [date, key];
}
