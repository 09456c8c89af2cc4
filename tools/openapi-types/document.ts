import { isDeepStrictEqual } from "node:util";
import openapiTS, { astToString, type OpenAPI3 } from "openapi-typescript";
import { buildApp } from "../../server/src/app.ts";
import { systemClock, systemRandom } from "../../server/src/kernel/clock.ts";
import { silentLog } from "../../server/src/kernel/log.ts";
import { testConfig } from "../testing/config.ts";
import { createTestDatabase } from "../testing/database.ts";

/** Where the client's types are kept: made here, committed, never edited. */
export const GENERATED = new URL("../../sdk/src/generated/openapi.ts", import.meta.url);

const HEAD = `// Made by tools/openapi-types/generate.ts from the platform's own /openapi.json. Never edited.

`;

/** The document that a running platform answers at /openapi.json. */
export async function readDocument(): Promise<OpenAPI3> {
  const database = await createTestDatabase();
  const config = testConfig({ roles: ["api"] });
  const deps = { clock: systemClock, random: systemRandom, log: silentLog() };
  const app = await buildApp({ config, databaseUrl: database.url, ...deps });
  try {
    const answer = await app.http.inject({ method: "GET", url: "/openapi.json" });
    if (answer.statusCode !== 200) throw new Error(`/openapi.json answered ${answer.statusCode}`);
    return answer.json<OpenAPI3>();
  } finally {
    await app.stop();
    await database.drop();
  }
}

/** The types of what a merchant's key can call, as the text of the client's file. */
export async function writeTypes(document: OpenAPI3): Promise<string> {
  const nodes = await openapiTS(
    nameSchemas(merchantPart(document as unknown as Json)) as unknown as OpenAPI3,
    {
      alphabetize: true,
      immutable: true,
    },
  );
  return HEAD + astToString(nodes);
}

type Json = { [key: string]: JsonValue };
type JsonValue = string | number | boolean | null | JsonValue[] | Json;

/**
 * The routes of merchants with their good answers: every other answer is a problem document, and the client's
 * error.
 */
function merchantPart(document: Json): Json {
  const paths: Json = {};
  for (const [path, methods] of Object.entries(document.paths as Json)) {
    const kept = Object.entries(methods as Json).filter(([, operation]) => isMerchants(operation as Json));
    if (kept.length === 0) continue;
    paths[path] = Object.fromEntries(kept.map(([method, operation]) => [method, slim(operation as Json)]));
  }
  const { openapi, info } = document as { openapi: string; info: Json };
  return { openapi, info, paths };
}

function isMerchants(operation: Json): boolean {
  return isDeepStrictEqual(operation.security, [{ merchant: [] }]);
}

function slim(operation: Json): Json {
  const answers = Object.entries(operation.responses as Json).filter(([status]) => status.startsWith("2"));
  return { ...operation, responses: Object.fromEntries(answers) };
}

/**
 * What the schemas are called in code, and where each is found in the document: an answer, or the items of a
 * list.
 */
const NAMES: readonly [name: string, path: readonly string[]][] = [
  ["Payment", answer("/v1/payments", "post", "201")],
  ["Refund", answer("/v1/refunds/{id}", "get", "200")],
  ["Dispute", answer("/v1/disputes/{id}", "get", "200")],
  ["Settlement", answer("/v1/settlements/{id}", "get", "200")],
  ["Payout", answer("/v1/payouts/{id}", "get", "200")],
  ["Account", [...answer("/v1/accounts", "get", "200"), "properties", "data", "items"]],
  ["Entry", [...answer("/v1/accounts/{id}/entries", "get", "200"), "properties", "data", "items"]],
  ["Balance", answer("/v1/accounts/{id}/balance", "get", "200")],
  ["WebhookEndpoint", answer("/v1/webhook_endpoints/{id}", "get", "200")],
  ["WebhookEndpointWithSecret", answer("/v1/webhook_endpoints", "post", "201")],
  ["Event", answer("/v1/events/{id}", "get", "200")],
  ["Delivery", [...answer("/v1/deliveries", "get", "200"), "properties", "data", "items"]],
  ["DeliveryDetail", answer("/v1/deliveries/{id}", "get", "200")],
  ["TimelineItem", [...answer("/v1/payments/{id}/timeline", "get", "200"), "properties", "data", "items"]],
];

function answer(path: string, method: string, status: string): readonly string[] {
  return ["paths", path, method, "responses", status, "content", "application/json", "schema"];
}

/** Gives every named schema one place, and refers to it wherever the same schema stands. */
function nameSchemas(document: Json): Json {
  const named = NAMES.map(([name, path]) => ({ name, schema: find(document, path) }));
  const refer = (value: JsonValue, self: string | null): JsonValue => {
    if (typeof value !== "object" || value === null) return value;
    if (Array.isArray(value)) return value.map((item) => refer(item, null));
    const known = named.find(({ name, schema }) => name !== self && isDeepStrictEqual(schema, value));
    if (known !== undefined) return { $ref: `#/components/schemas/${known.name}` };
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, refer(member, null)]));
  };
  const schemas = Object.fromEntries(named.map(({ name, schema }) => [name, refer(schema, name)]));
  return { ...(refer(document, null) as Json), components: { schemas } };
}

function find(document: Json, path: readonly string[]): Json {
  let found: JsonValue | undefined = document;
  for (const key of path) found = (found as Json | undefined)?.[key];
  if (found === undefined) throw new Error(`the document has nothing at ${path.join(" ")}`);
  return found as Json;
}
