import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { join } from "node:path";
import { test } from "node:test";
import { mutated, ROOT } from "./apply.ts";
import { MUTANTS } from "./mutants.ts";

for (const mutant of MUTANTS) {
  test(`the mistake ${mutant.name} can still be made`, () => {
    const source = readFileSync(join(ROOT, mutant.file), "utf8");
    const changed = mutated(mutant, source);
    assert.notEqual(changed, source);
    assert.doesNotThrow(() => stripTypeScriptTypes(changed), "what it makes is no program");
  });
}

test("whoever should find a mistake is there", () => {
  for (const { name, catchers } of MUTANTS) {
    assert.ok(catchers.length > 0, `${name} has no catcher`);
    for (const catcher of catchers)
      if (catcher.by === "test") assert.ok(existsSync(join(ROOT, catcher.file)));
  }
  assert.equal(new Set(MUTANTS.map(({ name }) => name)).size, MUTANTS.length, "two mistakes have one name");
});
