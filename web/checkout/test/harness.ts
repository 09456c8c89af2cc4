// A small server that serves the built page as the platform does, and answers whatever state a test sets.

import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Fastify, { type FastifyReply } from "fastify";
import { buildCheckout } from "../build.ts";
import type { Problem, State } from "../src/api.ts";

// As strict as the platform's own header, so that a page that needs more fails here first.
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** What the server says to one token: a state, a problem, or nothing at all. */
export type Reply = State | Problem | "silence" | "cut";

export interface Harness {
  readonly url: string;
  readonly folder: string;
  /** From now on `/pay/{token}/state` answers this. */
  says(token: string, reply: Reply): void;
  /** The next attempts of this token are answered with this, and the state becomes `after` where given. */
  onAttempt(token: string, reply: Reply, after?: Reply): void;
  /** The attempts that were asked for, oldest first. */
  attempts(token: string): { method: string; device: string }[];
  stop(): Promise<void>;
}

export async function startHarness(): Promise<Harness> {
  const folder = await mkdtemp(join(tmpdir(), "tributary-checkout-"));
  await buildCheckout(folder);
  const states = new Map<string, Reply>();
  const answers = new Map<string, { reply: Reply; after: Reply | undefined }>();
  const asked = new Map<string, { method: string; device: string }[]>();
  const app = Fastify({ forceCloseConnections: true });

  app.get<{ Params: { file: string } }>("/pay/assets/:file", async ({ params }, reply) => {
    const type = params.file.endsWith(".css") ? "text/css" : "text/javascript";
    return reply.type(type).send(await readFile(join(folder, params.file)));
  });
  app.get("/pay/:token", async (_request, reply) => {
    const html = await readFile(join(folder, "index.html"));
    return reply.header("content-security-policy", POLICY).type("text/html; charset=utf-8").send(html);
  });
  app.get<{ Params: { token: string } }>("/pay/:token/state", async ({ params }, reply) =>
    answer(reply, states.get(params.token)),
  );
  app.post<{ Params: { token: string }; Body: { method: string; device: string } }>(
    "/pay/:token/attempts",
    async ({ params: { token }, body }, reply) => {
      asked.set(token, [...(asked.get(token) ?? []), body]);
      const planned = answers.get(token);
      if (planned?.after !== undefined) states.set(token, planned.after);
      return answer(reply, planned?.reply);
    },
  );
  // Where a wallet's page or the shop would be.
  app.get("/elsewhere", async (_request, reply) => reply.type("text/html").send("<title>Elsewhere</title>"));

  return {
    url: await app.listen({ port: 0, host: "127.0.0.1" }),
    folder,
    says: (token, reply) => void states.set(token, reply),
    onAttempt: (token, reply, after) => void answers.set(token, { reply, after }),
    attempts: (token) => asked.get(token) ?? [],
    stop: async () => {
      await app.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function answer(reply: FastifyReply, said: Reply | undefined): FastifyReply {
  if (said === "silence") return reply.hijack();
  if (said === "cut") {
    reply.raw.destroy();
    return reply.hijack();
  }
  if (said === undefined) {
    const problem = { code: "not_found", title: "Not found", detail: "There is no such payment." };
    return reply.code(404).type("application/problem+json").send(problem);
  }
  if ("code" in said) return reply.code(409).type("application/problem+json").send(said);
  return reply.send({ ...said, server_time: new Date().toISOString() });
}
