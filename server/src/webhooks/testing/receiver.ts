import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Webhook } from "standardwebhooks";

/** One request that arrived. */
export type Received = {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
};

export type Answer = {
  readonly status: number;
  readonly body?: string;
  readonly headers?: Record<string, string>;
};

/** A merchant's server over real HTTP. Paths are its endpoints. */
export type Receiver = {
  url(path: string): string;
  readonly port: number;
  readonly received: readonly Received[];
  at(path: string): readonly Received[];
  /** How a path answers from now on: with an answer, or never. 204 before. */
  answer(path: string, answer: Answer | "never"): void;
  /** Connections that were ever made. */
  readonly connections: number;
  close(): Promise<void>;
};

export async function startReceiver(): Promise<Receiver> {
  const received: Received[] = [];
  const answers = new Map<string, Answer | "never">();
  let connections = 0;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const path = request.url ?? "";
      received.push({ path, headers: request.headers, body: Buffer.concat(chunks).toString("utf8") });
      respond(response, answers.get(path) ?? { status: 204 });
    });
  });
  server.on("connection", () => {
    connections += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: (path) => `http://127.0.0.1:${port}${path}`,
    port,
    received,
    at: (path) => received.filter((one) => one.path === path),
    answer: (path, answer) => void answers.set(path, answer),
    get connections() {
      return connections;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function respond(response: ServerResponse, answer: Answer | "never"): void {
  if (answer === "never") return;
  response.writeHead(answer.status, answer.headers ?? {});
  response.end(answer.body ?? "");
}

/**
 * Judges a request with the standard's own library; throws when this secret did not sign it. Its age is not
 * judged.
 */
export function verified(received: Received, secret: string): { id: string; type: string; data: unknown } {
  const { headers, body } = received;
  // The library compares the timestamp with the machine's clock, and these tests own theirs.
  const timestamp = new Date(Number(headers["webhook-timestamp"]) * 1_000);
  const signature = String(headers["webhook-signature"]);
  const expected = new Webhook(secret).sign(String(headers["webhook-id"]), timestamp, body);
  if (!signature.split(" ").includes(expected)) throw new Error(`not signed with this secret: ${signature}`);
  return JSON.parse(body) as { id: string; type: string; data: unknown };
}
