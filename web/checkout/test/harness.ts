// A small server that serves the built page as the platform does, and answers whatever state a test sets.

import { EventEmitter, once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import type { ServerResponse } from "node:http";
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

export type Asked = { method: string; device: string; renews?: number };

export interface Harness {
  readonly url: string;
  readonly folder: string;
  /** From now on `/pay/{token}/state` answers this. */
  says(token: string, reply: Reply): void;
  /** The next attempts of this token are answered with this, and the state becomes `after` where given. */
  onAttempt(token: string, reply: Reply, after?: Reply): void;
  /** From now on `/pay/{token}/events` tells of every change; without this it is refused. */
  live(token: string): void;
  /** Tells the pages of a token something that was true at another time. */
  tells(token: string, reply: Reply, at: Date): void;
  /** Ends the streams of a token and refuses new ones, as a proxy may. */
  mute(token: string): void;
  /** Resolves once a page of the token is told of changes. */
  watched(token: string): Promise<void>;
  /** How often a token's state was asked for. */
  asked(token: string): number;
  /** The attempts that were asked for, oldest first. */
  attempts(token: string): Asked[];
  /** The beacons that were sent, oldest first. */
  beacons(token: string): { attempt: number; kind: string }[];
  /** Where a wallet's page would be that does not answer. */
  readonly nowhere: string;
  stop(): Promise<void>;
}

export async function startHarness(): Promise<Harness> {
  const folder = await mkdtemp(join(tmpdir(), "tributary-checkout-"));
  await buildCheckout(folder);
  const logo = await readFile(join(import.meta.dirname, "teahouse.png"));
  const states = new Map<string, Reply>();
  const answers = new Map<string, { reply: Reply; after: Reply | undefined }>();
  const asked = new Map<string, Asked[]>();
  const beacons = new Map<string, { attempt: number; kind: string }[]>();
  const streams = new Map<string, Set<ServerResponse>>();
  const opened = new EventEmitter();
  const heard = new EventEmitter();
  const questions = new Map<string, number>();
  const app = Fastify({ forceCloseConnections: true });

  app.get<{ Params: { file: string } }>("/pay/assets/:file", async ({ params }, reply) => {
    const type = params.file.endsWith(".css") ? "text/css" : "text/javascript";
    return reply.type(type).send(await readFile(join(folder, params.file)));
  });
  app.get("/pay/:token", async (_request, reply) => {
    const html = await readFile(join(folder, "index.html"));
    return reply.header("content-security-policy", POLICY).type("text/html; charset=utf-8").send(html);
  });
  app.get<{ Params: { token: string } }>("/pay/:token/state", async ({ params: { token } }, reply) => {
    questions.set(token, (questions.get(token) ?? 0) + 1);
    return answer(reply, states.get(token));
  });
  app.get<{ Params: { token: string } }>("/pay/:token/events", async ({ params: { token } }, reply) => {
    const open = streams.get(token);
    if (open === undefined) return reply.code(503).send({ code: "overloaded", title: "", detail: "" });
    reply.hijack();
    reply.raw.writeHead(200, { "content-type": "text/event-stream" });
    reply.raw.write(`retry: 500\n${event(states.get(token))}`);
    open.add(reply.raw);
    opened.emit(token);
    reply.raw.once("close", () => open.delete(reply.raw));
  });
  app.post<{ Params: { token: string }; Body: { attempt: number; kind: string } }>(
    "/pay/:token/beacon",
    async ({ params: { token }, body }, reply) => {
      beacons.set(token, [...(beacons.get(token) ?? []), body]);
      heard.emit("any");
      return reply.code(204).send();
    },
  );
  app.get("/pay/:token/logo", async (_request, reply) => reply.type("image/png").send(logo));
  // The page between; the platform's own, with its policy, is tried in server/src/checkout/page.test.ts.
  app.get("/pay/:token/go", async (_request, reply) =>
    reply.type("text/html").send("<title>Between</title>"),
  );
  app.post<{ Params: { token: string }; Body: Asked }>(
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

  // Keeps the browser waiting; after a beacon it says that there is nothing, and the browser stays.
  app.get("/nowhere", async (_request, reply) => {
    await once(heard, "any");
    return reply.code(204).send();
  });
  const url = await app.listen({ port: 0, host: "127.0.0.1" });

  return {
    url,
    nowhere: `${url}/nowhere`,
    folder,
    says: (token, reply) => {
      states.set(token, reply);
      for (const stream of streams.get(token) ?? []) stream.write(event(reply));
    },
    tells: (token, reply, at) => {
      for (const stream of streams.get(token) ?? []) stream.write(event(reply, at));
    },
    live: (token) => void streams.set(token, streams.get(token) ?? new Set()),
    mute: (token) => {
      for (const stream of streams.get(token) ?? []) stream.end();
      streams.delete(token);
    },
    watched: async (token) => {
      if ((streams.get(token)?.size ?? 0) === 0) await once(opened, token);
    },
    asked: (token) => questions.get(token) ?? 0,
    onAttempt: (token, reply, after) => void answers.set(token, { reply, after }),
    attempts: (token) => asked.get(token) ?? [],
    beacons: (token) => beacons.get(token) ?? [],
    stop: async () => {
      await app.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function event(said: Reply | undefined, at = new Date()): string {
  if (typeof said !== "object" || "code" in said) return ": nothing\n\n";
  return `event: state\ndata: ${JSON.stringify({ ...said, server_time: at.toISOString() })}\n\n`;
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
