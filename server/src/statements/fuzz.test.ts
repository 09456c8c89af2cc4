import assert from "node:assert/strict";
import { test } from "node:test";
import { fuzz, targets } from "./testing/fuzz.ts";

test("a damaged statement of any form is read exactly or refused with line and reason", async () => {
  const results = await fuzz(1_000, 1);
  assert.equal(Object.keys(results).length, targets.length);
  for (const [name, { read, refused }] of Object.entries(results)) {
    assert.ok(read > 0 && refused > 0, `${name}: ${read} read, ${refused} refused`);
  }
});
