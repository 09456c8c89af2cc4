import { problem } from "../kernel/errors.ts";
import { isDate } from "./business-days/model.ts";

/** A calendar date that a field names. Throws `invalid_request` naming the field. */
export function readDate(text: string, field: string): string {
  if (isDate(text)) return text;
  throw problem("invalid_request", { field, detail: `${field} is a date: yyyy-mm-dd` });
}
