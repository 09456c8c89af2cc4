import type { FastifyInstance } from "fastify";

/**
 * Bad input to one of the sandbox's own routes (no channel's protocol): a status, a stable code and a helpful
 * sentence.
 */
export class Refused extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** Answers every error of the sandbox's own routes as `{ error: { code, message } }`. */
export function answerErrorsAsJson(app: FastifyInstance, log: (line: string) => void): void {
  app.setErrorHandler((error: Error & { statusCode?: number; code?: string }, request, reply) => {
    if (error instanceof Refused) {
      return reply.code(error.status).send({ error: { code: error.code, message: error.message } });
    }
    const status = error.statusCode ?? 500;
    if (status < 500) {
      return reply.code(status).send({ error: { code: "bad_request", message: error.message } });
    }
    log(`${request.method} ${request.url.split("?")[0]}: ${error.stack ?? error.message}`);
    const message = "The sandbox itself failed; its log says why.";
    return reply.code(500).send({ error: { code: "sandbox_failed", message } });
  });
  app.setNotFoundHandler((request, reply) => {
    const message = `The sandbox has nothing at ${request.method} ${request.url.split("?")[0]}.`;
    return reply.code(404).send({ error: { code: "not_found", message } });
  });
}

/** Takes JSON without a body for no body: `curl -X POST` with a JSON content type is no mistake. */
export function acceptEmptyJson(app: FastifyInstance): void {
  const parseJson = app.getDefaultJsonParser("error", "error");
  app.removeContentTypeParser("application/json");
  app.addContentTypeParser<string>("application/json", { parseAs: "string" }, (request, body, done) => {
    if (body === "") done(null, undefined);
    else void parseJson(request, body, done);
  });
}

/** The request's body as an object, or a refusal. Fields outside `known` are refused by name. */
export function bodyOf(body: unknown, known: readonly string[]): Record<string, unknown> {
  if (body === undefined || body === null) return {};
  if (typeof body !== "object" || Array.isArray(body)) {
    throw new Refused(400, "body_invalid", "The body must be a JSON object.");
  }
  const unknown = Object.keys(body).filter((key) => !known.includes(key));
  if (unknown.length > 0) {
    const message = `Unknown field ${unknown.join(", ")}; known are ${known.join(", ")}.`;
    throw new Refused(400, "field_unknown", message);
  }
  return body as Record<string, unknown>;
}

/** A text field of at most `max` characters, or undefined when it is absent. */
export function textField(body: Record<string, unknown>, name: string, max = 4_096): string | undefined {
  const value = body[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string" || value.length === 0 || value.length > max) {
    throw new Refused(400, "field_invalid", `${name} must be a text of 1 to ${max} characters.`);
  }
  return value;
}

/** An integer field from `min` to `max`, or undefined when it is absent. */
export function integerField(
  body: Record<string, unknown>,
  name: string,
  min: number,
  max: number,
): number | undefined {
  const value = body[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < min || value > max) {
    throw new Refused(400, "field_invalid", `${name} must be a whole number from ${min} to ${max}.`);
  }
  return value;
}

/** A boolean field, or undefined when it is absent. */
export function booleanField(body: Record<string, unknown>, name: string): boolean | undefined {
  const value = body[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "boolean") throw new Refused(400, "field_invalid", `${name} must be true or false.`);
  return value;
}
