/**
 * Schemas compiled once per run: a process of a simulated world is built again and again, and uses the same
 * validators and serializers. What they do depends on the schema alone.
 */
import {
  compiledWhenUsed,
  fastifyCompilers,
  type SchemaCompilers,
} from "../../server/src/kernel/http-compilers.ts";

/** Factories that remember what they made. */
export function createCompilers(): SchemaCompilers {
  const { buildValidator, buildSerializer } = fastifyCompilers();
  return compiledWhenUsed({
    buildValidator: remembering(buildValidator),
    buildSerializer: remembering(buildSerializer),
  } as SchemaCompilers);
}

type Factory = (externalSchemas: unknown, options: unknown) => (route: Route) => unknown;
type Route = { readonly schema: unknown };

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
