import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { DOCUMENT, writeDocument } from "./document.ts";

test("the documented states are those of the table", () => {
  const same = readFileSync(DOCUMENT, "utf8") === writeDocument();
  assert.ok(same, "the table of states has changed: run npm run generate and commit what it writes");
});
