import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { GENERATED, readDocument, writeTypes } from "./document.ts";

test("the client's types are those of the platform's API", async () => {
  const current = await writeTypes(await readDocument());
  const same = readFileSync(GENERATED, "utf8") === current;
  assert.ok(same, "a schema has changed: run node tools/openapi-types/generate.ts and commit what it writes");
});
