/** Stands before an HTTP server and holds each request, and each answer, while its step is judged. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Agent, request } from "undici";
import type { Gate, Verdict } from "./steps.ts";

export type HttpProxy = {
  readonly url: string;
  /** Requests that are not answered yet. */
  readonly underWay: () => number;
  stop(): Promise<void>;
};

export type HttpProxyOptions = {
  /** The server behind it, without a slash at the end. */
  readonly target: () => string;
  readonly gate: Gate;
  /** What the step is called; null: nobody judges it. */
  readonly nameOf: (url: string, body: string) => string | null;
  /** Waited for before a request goes on. */
  readonly turn?: () => Promise<void>;
};

const HOP_BY_HOP = ["connection", "keep-alive", "transfer-encoding", "content-length", "host", "expect"];

export async function startHttpProxy(options: HttpProxyOptions): Promise<HttpProxy> {
  const agent = new Agent();
  let underWay = 0;
  const server = createServer((incoming, outgoing) => {
    underWay += 1;
    pass(options, agent, incoming, outgoing)
      .catch(() => incoming.socket.destroy())
      .finally(() => {
        underWay -= 1;
      });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    underWay: () => underWay,
    stop: async () => {
      server.close();
      server.closeAllConnections();
      await agent.destroy();
    },
  };
}

async function pass(
  { target, gate, nameOf, turn }: HttpProxyOptions,
  agent: Agent,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const body = await bytesOf(incoming);
  const url = incoming.url ?? "/";
  const name = nameOf(url, body.toString("utf8"));
  const judge = async (moment: string): Promise<Verdict> =>
    name === null ? "go" : gate(`${moment} ${name}`);
  await turn?.();
  if ((await judge("before")) !== "go") {
    incoming.socket.destroy();
    return;
  }
  const answer = await request(target() + url, {
    dispatcher: agent,
    method: incoming.method ?? "GET",
    headers: forwarded(incoming.headers),
    ...(body.length === 0 ? {} : { body }),
  });
  const answered = Buffer.from(await answer.body.arrayBuffer());
  if ((await judge("after")) !== "go") {
    incoming.socket.destroy();
    return;
  }
  outgoing.writeHead(answer.statusCode, forwarded(answer.headers)).end(answered);
}

async function bytesOf(incoming: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk);
  return Buffer.concat(chunks);
}

type Headers = Record<string, string | string[]>;

function forwarded(headers: Readonly<Record<string, string | string[] | undefined>>): Headers {
  const kept: Headers = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && !HOP_BY_HOP.includes(name)) kept[name] = value;
  }
  return kept;
}
