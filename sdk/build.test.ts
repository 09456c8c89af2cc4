import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { pathToFileURL } from "node:url";
import { buildPackage } from "./build.ts";

const folder = mkdtempSync(join(tmpdir(), "tributary-sdk-"));
after(() => rmSync(folder, { recursive: true, force: true }));

test("the client is published as plain JavaScript that needs nothing else, with its types", async () => {
  buildPackage(folder);
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
  for (const name of ["index.js", "index.d.ts", "package.json", "README.md", "LICENSE"]) {
    assert.ok(files.includes(name), name);
  }
  assert.ok(!files.some((name) => name.includes(".test.")));
  for (const name of files.filter((file) => file.endsWith(".js"))) {
    for (const [, source = ""] of readFileSync(join(folder, name), "utf8").matchAll(/ from "([^"]+)"/g)) {
      assert.match(source, /^\.\/.+\.js$/, `${name} imports ${source}`);
    }
  }
  const made = (await import(pathToFileURL(join(folder, "index.js")).href)) as Record<string, unknown>;
  assert.equal(typeof made.Tributary, "function");
  assert.equal(typeof made.verifyWebhook, "function");
});
