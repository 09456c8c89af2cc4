import assert from "node:assert/strict";
import { test } from "node:test";
import { testConfig } from "../../tools/testing/config.ts";
import { createTestDatabase } from "../../tools/testing/database.ts";
import { buildApp, type Edges } from "./app.ts";
import { systemClock, systemRandom } from "./kernel/clock.ts";
import { fastifyCompilers } from "./kernel/http-compilers.ts";
import { silentLog } from "./kernel/log.ts";

type Factory = (schemas: unknown, options: unknown) => (route: unknown) => unknown;

// A process compiles a schema when it first needs it: all are compiled here, so that none is broken then.
test("every schema of every route becomes a function", async () => {
  const { buildValidator, buildSerializer } = fastifyCompilers();
  let made = 0;
  const counting = (factory: unknown) => (schemas: unknown, options: unknown) => {
    const compile = (factory as Factory)(schemas, options);
    return (route: { readonly httpPart?: string; readonly url: string }) => {
      made += 1;
      assert.notEqual(route.httpPart, "headers", `${route.url}: names of headers must be in small letters`);
      return compile(route);
    };
  };
  const compilers = {
    buildValidator: counting(buildValidator),
    buildSerializer: counting(buildSerializer),
  } as unknown as Edges["compilers"];
  const database = await createTestDatabase();
  const app = await buildApp({
    config: testConfig(),
    databaseUrl: database.url,
    clock: systemClock,
    random: systemRandom,
    log: silentLog(),
    edges: { compilers },
  });
  try {
    await app.http.ready();
    assert.ok(made > 1_000, `${made} schemas`);
  } finally {
    await app.stop();
    await database.drop();
  }
});
