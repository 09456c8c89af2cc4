/**
 * Text that could be read but not kept: PostgreSQL stores no NUL, and half a surrogate pair is no character.
 */
import type { FastifyRequest } from "fastify";
import { problem } from "./errors.ts";
import type { Http } from "./http.ts";

/** Refuses such text in bodies and queries, naming the field. Added before the routes that it shall guard. */
export function refuseUnwritableText(http: Http): void {
  http.addHook("preValidation", async (request: FastifyRequest) => {
    const found = unwritableIn(request.body, "") ?? unwritableIn(request.query, "query");
    if (found === null) return;
    const field = found === "" ? "body" : found;
    throw problem("invalid_request", {
      field,
      detail: `${field} holds a character that cannot be kept: U+0000, or half of a pair`,
    });
  });
}

/** No request of ours is nested deeper; one that is would use up the stack. */
const DEPTH_MAX = 32;

/** The path of the first such text in a parsed value, names of fields included; null: none. */
function unwritableIn(value: unknown, path: string, depth = 0): string | null {
  if (typeof value === "string") return isWritable(value) ? null : path;
  if (typeof value !== "object" || value === null || Buffer.isBuffer(value)) return null;
  if (depth === DEPTH_MAX) {
    throw problem("invalid_request", {
      field: "body",
      detail: `the body is nested deeper than ${DEPTH_MAX}`,
    });
  }
  for (const [name, part] of Object.entries(value)) {
    if (!isWritable(name)) return path;
    const found = unwritableIn(part, path === "" ? name : `${path}.${name}`, depth + 1);
    if (found !== null) return found;
  }
  return null;
}

function isWritable(text: string): boolean {
  return text.isWellFormed() && !text.includes("\0");
}
