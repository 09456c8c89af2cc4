/**
 * How the schemas of routes become functions: each when it is first needed. There are 2,197 of them, and
 * compiling all took 1.5 of the 3.6 s of processor that starting a platform takes. That every schema compiles
 * a test shows, not the start. Fastify takes them for another's compilers, and no longer writes the names of
 * a schema of headers in small letters: routes have none, which the same test holds.
 */
import { AjvCompiler } from "@fastify/ajv-compiler";
import { SerializerSelector } from "@fastify/fast-json-stringify-compiler";
import type { FastifyServerOptions } from "fastify";

/** Makes the makers of validators and serializers. */
export type SchemaCompilers = Required<
  NonNullable<NonNullable<FastifyServerOptions["schemaController"]>["compilersFactory"]>
>;

type Validator = ((data: unknown) => unknown) & { errors?: unknown };
type Serializer = (data: unknown) => string;
/** A maker of functions for the parts of a route; what these say is the same for both kinds. */
type Factory<Made> = (externalSchemas: unknown, options: unknown) => (route: unknown) => Made;

/** Fastify's own, which compile at once. */
export function fastifyCompilers(): SchemaCompilers {
  return { buildValidator: AjvCompiler(), buildSerializer: SerializerSelector() };
}

/** The same functions, each made when it is first called. */
export function compiledWhenUsed({ buildValidator, buildSerializer }: SchemaCompilers): SchemaCompilers {
  return {
    buildValidator: eachLater(buildValidator as unknown as Factory<Validator>, validateLater),
    buildSerializer: eachLater(buildSerializer as unknown as Factory<Serializer>, serializeLater),
  } as unknown as SchemaCompilers;
}

function eachLater<Made>(factory: Factory<Made>, later: (make: () => Made) => Made): Factory<Made> {
  return (externalSchemas, options) => {
    const compile = factory(externalSchemas, options);
    return (route) => later(() => compile(route));
  };
}

/** Fastify reads the faults off the function that it called. */
function validateLater(make: () => Validator): Validator {
  let made: Validator | null = null;
  const validate: Validator = (data) => {
    made ??= make();
    const answer = made(data);
    validate.errors = made.errors;
    return answer;
  };
  return validate;
}

function serializeLater(make: () => Serializer): Serializer {
  let made: Serializer | null = null;
  return (data) => {
    made ??= make();
    return made(data);
  };
}
