import assert from "node:assert/strict";
import { StatementFault } from "../../channels/index.ts";

/** Something that takes a seed, damages a file and judges what its reader made of it. */
export type Target = { readonly name: string; run(seed: number): Promise<"read" | "refused"> };

/** A refusal names a line and says why; nothing else counts as one. */
export function isRefusal(read: unknown, what: string): read is StatementFault {
  if (!(read instanceof StatementFault)) return false;
  assert.ok(Number.isSafeInteger(read.line) && read.line >= 0, `${what}: the line is ${read.line}`);
  assert.ok(read.reason.length >= 5, `${what}: the reason is ${JSON.stringify(read.reason)}`);
  return true;
}
