import assert from "node:assert/strict";
import { registerHooks } from "node:module";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import pg from "pg";
import { isProgram, isTest, readTree, root } from "../tidy/tree.ts";
import { createTestDatabase, type TestDatabase } from "./database.ts";
import { recorded } from "./statement-recorder.ts";

/**
 * Statements are declared where their module is loaded; a room's statements run in the schema it belongs to.
 */
const schemas = ["platform", "cell_0"];
const nameLengthMax = 63;

let database: TestDatabase;
let client: pg.Client;

before(async () => {
  registerHooks({
    resolve: (specifier, context, next) => {
      const found = next(specifier, context);
      const declared = found.url.endsWith("/server/src/kernel/database.ts");
      if (!declared || context.parentURL?.endsWith("/statement-recorder.ts")) return found;
      return next("./statement-recorder.ts", { ...context, parentURL: import.meta.url });
    },
  });
  const modules = readTree().filter(
    ({ path, text }) =>
      path.startsWith("server/src/") &&
      text.includes("sql(") &&
      path.endsWith(".ts") &&
      !isTest(path) &&
      !isProgram(path),
  );
  for (const { path } of modules) await import(pathToFileURL(join(root, path)).href);
  database = await createTestDatabase();
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
});

after(async () => {
  await client.end();
  await database.drop();
});

test("every statement of the server is one that PostgreSQL can prepare", async () => {
  assert.ok(recorded.length > 0, "no statement was found");
  const failures: string[] = [];
  for (const { name, text } of recorded) {
    const reasons: (string | null)[] = [];
    for (const schema of schemas) reasons.push(await whyNot(schema, text));
    if (reasons.every((reason) => reason !== null))
      failures.push(`${name}: ${[...new Set(reasons)].join("; ")}`);
  }
  assert.equal(failures.length, 0, `\n${failures.join("\n")}`);
});

test("a statement that names no such column is found", async () => {
  assert.match(
    (await whyNot("platform", "select nonsense from merchants where id = $1")) ?? "",
    /does not exist/,
  );
});

test("each statement has a name of its own: one connection prepares it once under that name", () => {
  const names = recorded.map(({ name }) => name);
  const twice = names.filter((name, index) => names.indexOf(name) !== index);
  assert.deepEqual(twice, []);
  // PostgreSQL cuts longer names, and two of them may then be the same.
  assert.deepEqual(
    names.filter((name) => Buffer.byteLength(name) > nameLengthMax),
    [],
  );
});

async function whyNot(schema: string, text: string): Promise<string | null> {
  await client.query(`set search_path = ${schema}`);
  try {
    await client.query(`prepare checked as ${text}`);
    await client.query("deallocate checked");
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}
