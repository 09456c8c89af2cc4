/** Stands between a platform and PostgreSQL, and holds each COMMIT while its step is judged. */
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { connect, createServer, type Socket } from "node:net";
import { createMessageReader, createSession, type Message } from "./postgres-wire.ts";
import type { Gate, Verdict } from "./steps.ts";

export type PostgresProxy = {
  /** The address of the same database through the proxy. */
  readonly url: string;
  /** Breaks every connection that goes through it, as a network does that fails. */
  cutAll(): void;
  stop(): Promise<void>;
};

/** @param url the database behind it. Only COMMITs of transactions that wrote something are steps. */
export async function startPostgresProxy(url: string, gate: Gate): Promise<PostgresProxy> {
  const target = new URL(url);
  const open = new Set<Socket>();
  const server = createServer({ noDelay: true }, (client) => {
    const upstream = connect({ host: target.hostname, port: Number(target.port || 5432), noDelay: true });
    const close = (verdict: Verdict = "cut") => {
      for (const socket of [client, upstream]) {
        open.delete(socket);
        breakOff(socket, verdict);
      }
    };
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket.on("error", () => close());
      socket.on("close", () => close());
    }
    const session = createSession();
    const judged = (message: Message, moment: "before" | "after"): Promise<Verdict> | null => {
      const commit = moment === "before" ? session.fromClient(message) : session.fromServer(message);
      return commit === null ? null : gate(`${moment} commit of ${commit.writes.join(", ")}`);
    };
    void pump(client, upstream, true, (message) => judged(message, "before"), close);
    void pump(upstream, client, false, (message) => judged(message, "after"), close);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const through = new URL(url);
  through.hostname = "127.0.0.1";
  through.port = String((server.address() as AddressInfo).port);
  const cutAll = (verdict: Verdict) => {
    for (const socket of open) breakOff(socket, verdict);
  };
  return {
    url: through.href,
    cutAll: () => cutAll("reset"),
    stop: async () => {
      server.close();
      cutAll("cut");
      await once(server, "close");
    },
  };
}

/** Passes messages on in their order; while one is judged, those behind it wait. */
async function pump(
  from: Socket,
  to: Socket,
  opening: boolean,
  judge: (message: Message) => Promise<Verdict> | null,
  close: (verdict?: Verdict) => void,
): Promise<void> {
  const read = createMessageReader(opening);
  try {
    for await (const chunk of from as AsyncIterable<Buffer>) {
      for (const message of read(chunk)) {
        const verdict = (await judge(message)) ?? "go";
        if (verdict !== "go") {
          close(verdict);
          return;
        }
        to.write(message.bytes);
      }
    }
    to.end();
  } catch {
    close();
  }
}

/** A reset fails where the other side is gone, and the socket would stay: only a living one is reset. */
function breakOff(socket: Socket, verdict: Verdict): void {
  if (socket.destroyed) return;
  if (verdict === "reset") socket.resetAndDestroy();
  else socket.destroy();
}
