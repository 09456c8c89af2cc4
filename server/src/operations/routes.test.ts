import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { createTestDatabase } from "../../../tools/testing/database.ts";
import { type Json, startTestPlatform, type TestPlatform } from "../../../tools/testing/platform.ts";
import { ERRORS } from "../kernel/errors.ts";
import { startProxy } from "../kernel/testing/proxy.ts";

let platform: TestPlatform;
before(async () => {
  platform = await startTestPlatform();
});
after(() => platform.stop());

const get = (path: string) => fetch(platform.baseUrl + path);

describe("health", () => {
  it("and readiness are told to anybody, in one word", async () => {
    const health = await platform.api("GET", "/health", undefined, null);
    assert.deepEqual([health.status, health.body], [200, { status: "ok" }]);
    const ready = await platform.api("GET", "/ready", undefined, null);
    assert.deepEqual([ready.status, ready.body], [200, { status: "ready" }]);
    assert.equal(ready.headers.get("cache-control"), "no-store");
  });

  it("stays when the database is gone; readiness does not, and says when to ask again", async (t) => {
    const database = await createTestDatabase();
    const proxy = await startProxy(database.url);
    const other = await startTestPlatform({ databaseUrl: proxy.url });
    t.after(async () => {
      await other.stop();
      await database.drop();
    });
    assert.equal((await other.api("GET", "/ready")).status, 200);
    await proxy.close();
    const ready = await other.api("GET", "/ready");
    assert.deepEqual([ready.status, ready.body.code], [503, "database_unavailable"]);
    assert.ok(Number(ready.headers.get("retry-after")) > 0);
    assert.equal((await other.api("GET", "/health")).status, 200);
    const payment = await other.pay();
    assert.deepEqual([payment.status, payment.body.code], [503, "database_unavailable"]);
  });
});

/** The samples of a metric as Prometheus reads them: labels → value. */
function samples(text: string, name: string): Map<string, number> {
  const lines = text.split("\n").filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
  return new Map(
    lines.map((line) => {
      const space = line.lastIndexOf(" ");
      return [line.slice(name.length, space), Number(line.slice(space + 1))];
    }),
  );
}

describe("metrics", () => {
  const read = async () => {
    const answer = await get("/metrics");
    assert.equal(answer.status, 200);
    assert.match(answer.headers.get("content-type") ?? "", /^text\/plain; version=0\.0\.4/);
    return answer.text();
  };

  it("count what was carried out, in a form that Prometheus reads", async () => {
    const creations = '{batcher="creations"}';
    const earlier = samples(await read(), "tributary_batch_commands").get(creations) ?? Number.NaN;
    for (let n = 0; n < 3; n += 1) assert.equal((await platform.pay()).status, 201);
    const text = await read();
    assert.equal(samples(text, "tributary_batch_commands").get(creations), earlier + 3);
    assert.equal(samples(text, "tributary_batch_queue").get(creations), 0);
    assert.ok((samples(text, "tributary_batches").get(creations) ?? 0) > 0);
    for (const line of text.split("\n").filter(Boolean)) {
      assert.match(line, /^(# (HELP|TYPE) [a-z0-9_]+ .+|[a-z0-9_]+(\{[^}]*\})? \S+)$/);
    }
  });

  it("show every worker, the deliveries, and that nothing deadlocked", async () => {
    const text = await read();
    const workers = samples(text, "tributary_worker_in_flight");
    assert.ok(workers.size >= 2, text);
    assert.deepEqual(new Set(samples(text, "tributary_worker_failures").values()), new Set([0]));
    assert.equal(samples(text, "tributary_webhooks").size, 6);
    assert.equal(samples(text, "tributary_database_deadlocks").get(""), 0);
    assert.ok(samples(text, "tributary_database_retries").has(""));
    assert.ok(samples(text, "process_resident_memory_bytes").has(""));
  });

  it("show what channels answered, who waits for the database, and what is due", async () => {
    const account = `channel_account="${platform.demo.channel_account_id}"`;
    const calls = async () =>
      samples(await read(), "tributary_channel_calls").get(`{${account},end="answered"}`);
    const earlier = (await calls()) ?? 0;
    assert.equal((await platform.pay({ method: "alipay.qr" })).status, 201);
    assert.equal(await calls(), earlier + 1);
    const text = await read();
    const within = samples(text, "tributary_channel_call_seconds_bucket");
    assert.equal(within.get(`{${account},le="+Inf"}`), earlier + 1);
    assert.equal(samples(text, "tributary_channel_budget_spent").get(`{${account},priority="buyer"}`), 0);
    const connections = samples(text, "tributary_database_connections");
    assert.equal(connections.size, 12);
    assert.ok((connections.get('{schema="cell",pool="writers",state="idle"}') ?? 0) > 0);
    assert.deepEqual(
      [...samples(text, "tributary_due").keys()].sort(),
      [
        "attempts",
        "channel_costs",
        "channel_payouts",
        "channel_payouts_told",
        "commission_receipts",
        "commissions",
        "deliveries",
        "disputes",
        "payments",
        "payout_batches",
        "payouts",
        "refunds",
      ].map((kind) => `{kind="${kind}"}`),
    );
    assert.ok([...samples(text, "tributary_due_oldest_seconds").values()].every((age) => age >= 0));
  });

  it("hold no secret and no merchant", async () => {
    const text = await read();
    for (const part of [platform.demo.secret_key, platform.demo.merchant_id, "postgres://"]) {
      assert.ok(!text.includes(part));
    }
  });
});

describe("the pages for people", () => {
  it("of the reference open with everything that they need, from this server alone", async () => {
    const answer = await get("/docs");
    const html = await answer.text();
    assert.equal(answer.status, 200);
    assert.match(html, /<title>Tributary API<\/title>/);
    const parts = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, link]) => link as string);
    assert.ok(parts.length > 3);
    for (const link of parts) {
      const address = new URL(link, answer.url.endsWith("/") ? answer.url : `${answer.url}/`);
      assert.equal(address.origin, new URL(platform.baseUrl).origin, link);
      assert.equal((await fetch(address)).status, 200, link);
    }
    assert.match(answer.headers.get("content-security-policy") ?? "", /default-src 'self'/);
  });

  it("are where the bare address leads", async () => {
    const answer = await fetch(`${platform.baseUrl}/`, { redirect: "manual" });
    assert.deepEqual([answer.status, answer.headers.get("location")], [302, "/docs"]);
  });

  it("list every error where its problem document points to", async () => {
    const answer = await get("/docs/errors");
    const html = await answer.text();
    assert.equal(answer.headers.get("content-type"), "text/html; charset=utf-8");
    assert.match(answer.headers.get("content-security-policy") ?? "", /default-src 'none'/);
    for (const [code, { status, title }] of Object.entries(ERRORS)) {
      const row = html.split("\n").find((line) => line.includes(`id="${code}"`)) ?? "";
      assert.ok(row.includes(`<td>${status}</td>`), code);
      assert.ok(row.includes(title.replaceAll("'", "&#39;")) || row.includes(title), code);
    }
    const refused = await platform.api("GET", "/v1/payments", undefined, null);
    const [page, code] = String(refused.body.type).split("#");
    assert.equal(page, "/docs/errors");
    assert.ok(html.includes(`id="${code}"`));
  });
});

const METHODS = ["get", "post", "put", "patch", "delete"];
type Operation = { readonly name: string; readonly method: string; readonly path: string; readonly it: Json };

describe("the description of the API", () => {
  let document: Json;
  let operations: Operation[] = [];
  before(async () => {
    const answer = await get("/openapi.json");
    assert.equal(answer.status, 200);
    assert.match(answer.headers.get("content-type") ?? "", /^application\/json/);
    // Tools in a browser read it from elsewhere; it holds nothing secret.
    assert.equal(answer.headers.get("access-control-allow-origin"), "*");
    document = await answer.json();
    operations = Object.entries<Json>(document.paths).flatMap(([path, methods]) =>
      Object.entries<Json>(methods).map(([method, operation]) => {
        return { name: `${method.toUpperCase()} ${path}`, method, path, it: operation };
      }),
    );
  });

  /** Asserts of every operation, naming all that fail. */
  const everywhere = (holds: (operation: Operation) => boolean) => {
    assert.ok(operations.length > 50);
    assert.deepEqual(
      operations.filter((operation) => !holds(operation)).map(({ name }) => name),
      [],
    );
  };

  it("is OpenAPI 3.1 with a title, a version, a server and the two kinds of keys", () => {
    assert.equal(document.openapi, "3.1.0");
    assert.match(document.info.version, /^\d+\.\d+\.\d+$/);
    assert.ok(document.info.title.length > 0);
    assert.equal(document.servers.length, 1);
    assert.deepEqual(Object.keys(document.components.securitySchemes), ["merchant", "operator"]);
  });

  it("names every operation once, in camelCase, so that generated clients have a name for it", () => {
    everywhere(({ it: { operationId } }) => /^[a-z]+([A-Z][a-z]+)*$/.test(operationId ?? ""));
    const names = operations.map(({ it: { operationId } }) => operationId);
    assert.deepEqual(
      names.filter((name, at) => names.indexOf(name) !== at),
      [],
    );
  });

  it("says in a phrase what every operation does, and in which chapter it stands", () => {
    everywhere(({ it: { summary } }) => /^[A-Z][^\n]{3,110}[^.\n]$/.test(summary ?? ""));
    everywhere(({ it: { tags } }) => Array.isArray(tags) && tags.length === 1);
  });

  it("says whose key every operation takes: operators' under /v1/ops, merchants' under /v1", () => {
    everywhere(({ path, it: { security } }) => {
      const kind = path.startsWith("/v1/ops/") ? "operator" : "merchant";
      const expected = path.startsWith("/v1/") ? [{ [kind]: [] }] : [];
      return JSON.stringify(security) === JSON.stringify(expected);
    });
  });

  it("declares every parameter of every path, as required", () => {
    everywhere(({ path, it: { parameters = [] } }) => {
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      const declared = parameters.filter((each: Json) => each.in === "path");
      const names = declared.map(({ name }: Json) => name);
      return inPath.every((name) => names.includes(name)) && declared.every(({ required }: Json) => required);
    });
  });

  it("has a good answer for every operation, and problem documents for the others", () => {
    everywhere(({ it: { responses } }) => Object.keys(responses).some((status) => /^2\d\d$/.test(status)));
    everywhere(({ it: { responses } }) =>
      Object.entries<Json>(responses)
        .filter(([status]) => !status.startsWith("2"))
        .every(([, { content }]) => Object.keys(content).join() === "application/problem+json"),
    );
    everywhere(({ path, it: { responses } }) => !path.startsWith("/v1/") || "401" in responses);
  });

  it("takes JSON alone, and refuses what it does not know", () => {
    everywhere(({ method, it: { requestBody } }) => {
      if (requestBody === undefined) return true;
      return method !== "get" && Object.keys(requestBody.content).join() === "application/json";
    });
    everywhere(({ it: { requestBody } }) => {
      const schema = requestBody?.content["application/json"].schema;
      const shapes: Json[] = schema === undefined ? [] : (schema.anyOf ?? [schema]);
      return shapes.every(({ type, additionalProperties }) => {
        return type !== "object" || additionalProperties === false;
      });
    });
  });

  it("is JSON Schema 2020-12: no nullable, every reference meets, every required field exists", () => {
    const wrong: string[] = [];
    const look = (value: Json, path: string): void => {
      if (typeof value !== "object" || value === null) return;
      if (!path.endsWith("/properties")) {
        if ("nullable" in value) wrong.push(`${path} has nullable`);
        if (typeof value.$ref === "string" && resolve(value.$ref) === undefined)
          wrong.push(`${path} → ${value.$ref}`);
        if (Array.isArray(value.required) && value.properties !== undefined) {
          const missing = value.required.filter((name: string) => !(name in value.properties));
          if (missing.length > 0) wrong.push(`${path} requires ${missing.join(", ")}`);
        }
      }
      for (const [name, part] of Object.entries(value)) look(part, `${path}/${name}`);
    };
    const resolve = (ref: string) =>
      ref
        .slice(2)
        .split("/")
        .reduce((part: Json, name) => part?.[name.replaceAll("~1", "/")], document);
    look(document, "");
    assert.deepEqual(wrong, []);
    for (const { path, method } of operations) {
      assert.ok(path.startsWith("/") && METHODS.includes(method), `${method} ${path}`);
    }
  });

  it("describes what is there: every address answers, and says that a key is missing", async () => {
    for (const { name, method, path, it: operation } of operations) {
      if (!path.startsWith("/v1/")) continue;
      const answer = await fetch(platform.baseUrl + path.replaceAll(/\{\w+\}/g, "x"), {
        method: method.toUpperCase(),
        ...(operation.requestBody === undefined
          ? {}
          : { body: "{}", headers: { "content-type": "application/json" } }),
      });
      const { code } = (await answer.json()) as { code: string };
      // A body that is wrong is told before the key is looked at.
      assert.ok(code === "unauthenticated" || code === "invalid_request", `${name} answered ${code}`);
    }
  });
});
