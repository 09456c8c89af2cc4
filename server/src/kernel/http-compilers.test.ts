import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { Type } from "typebox";
import { systemRandom } from "./clock.ts";
import { createHttp, strictObject } from "./http.ts";
import { compiledWhenUsed, fastifyCompilers, type SchemaCompilers } from "./http-compilers.ts";
import { silentLog } from "./log.ts";

/** Fastify's own, which note what they are asked for. */
function noting(asked: string[]): SchemaCompilers {
  const { buildValidator, buildSerializer } = fastifyCompilers();
  const watch = (factory: unknown) => (schemas: unknown, options: unknown) => {
    const compile = (factory as typeof buildValidator)(schemas as never, options as never);
    return (route: { readonly url: string; readonly httpPart?: string; readonly httpStatus?: string }) => {
      asked.push(`${route.url} ${route.httpPart ?? route.httpStatus}`);
      return (compile as (route: unknown) => unknown)(route);
    };
  };
  return {
    buildValidator: watch(buildValidator),
    buildSerializer: watch(buildSerializer),
  } as unknown as SchemaCompilers;
}

describe("schemas become functions when they are first needed", async () => {
  const asked: string[] = [];
  const http = await createHttp({
    log: silentLog(),
    random: systemRandom,
    version: "1.2.3",
    publicUrl: "/",
    trustProxy: false,
    compilers: compiledWhenUsed(noting(asked)),
  });
  const body = strictObject({ count: Type.Integer({ minimum: 1 }) });
  const response = { 200: Type.Object({ count: Type.Integer() }) };
  http.post("/used", { schema: { body, response } }, ({ body: given }) => ({
    ...(given as object),
    more: 1,
  }));
  http.post("/unused", { schema: { body, response } }, () => ({}));
  http.post("/broken", { schema: { body: { type: "no such type" } } }, () => ({}));
  await http.ready();
  after(() => http.close());
  const post = (url: string, payload: object) => http.inject({ method: "POST", url, payload });

  it("none by the start, each once by its first use", async () => {
    assert.deepEqual(asked, []);
    for (const count of [1, 2, 3]) {
      const answer = await post("/used", { count });
      assert.deepEqual([answer.statusCode, answer.json()], [200, { count }]);
    }
    assert.deepEqual(asked, ["/used body", "/used 200"]);
  });

  it("a fault is told as ever, the second of another field too", async () => {
    const faults = [
      [{ count: 0 }, "count"],
      [{ count: 1, other: 1 }, "other"],
    ] as const;
    for (const [payload, field] of faults) {
      const answer = await post("/used", payload);
      assert.deepEqual([answer.statusCode, answer.json().field], [400, field]);
    }
    assert.equal((await post("/used", { count: 4 })).statusCode, 200);
  });

  it("a schema that is none fails the request that needs it, each time", async () => {
    assert.equal((await post("/broken", { count: 1 })).statusCode, 500);
    assert.equal((await post("/broken", { count: 1 })).statusCode, 500);
  });
});
