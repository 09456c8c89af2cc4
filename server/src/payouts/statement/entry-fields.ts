import { Type } from "typebox";

/** How a request names an entry of a bank's statement. */
export const ENTRY_FIELDS = {
  connection: Type.String({ minLength: 1, maxLength: 40 }),
  entry_ref: Type.String({ minLength: 1, maxLength: 100, description: "The bank's reference of the entry" }),
};
