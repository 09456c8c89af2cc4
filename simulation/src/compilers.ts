/**
 * Schemas compiled once per run: a process of a simulated world is built again and again, and most of that
 * is the same validators and serializers. What they do depends on the schema alone.
 */
import { AjvCompiler } from "@fastify/ajv-compiler";
import { SerializerSelector } from "@fastify/fast-json-stringify-compiler";
import type { SchemaCompilers } from "../../server/src/kernel/http.ts";

/** Factories that remember what they made. */
export function createCompilers(): SchemaCompilers {
  return {
    buildValidator: remembering(AjvCompiler()),
    buildSerializer: remembering(SerializerSelector()),
  } as SchemaCompilers;
}

type Factory = (externalSchemas: unknown, options: unknown) => (route: Route) => unknown;
type Route = { readonly schema: unknown; readonly httpPart?: string; readonly httpStatus?: string };

function remembering(factory: unknown): Factory {
  const made = new Map<string, unknown>();
  return (externalSchemas, options) => {
    let compile: ReturnType<Factory> | null = null;
    return (route) => {
      const key = JSON.stringify([externalSchemas, route.schema]);
      let known = made.get(key);
      if (known === undefined) {
        compile ??= (factory as Factory)(externalSchemas, options);
        known = compile(route);
        made.set(key, known);
      }
      return known;
    };
  };
}
