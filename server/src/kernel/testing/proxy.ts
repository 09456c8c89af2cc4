import { createConnection, createServer, type Socket } from "node:net";

/** What happens to the next COMMIT that a client sends, or to the next bytes of any kind. */
export type ProxyFault =
  /** COMMIT reaches the server, and the connection breaks before its answer is back. */
  | "commit_answer_lost"
  /** COMMIT reaches the server, and nothing is ever heard again. */
  | "commit_answer_silent"
  /** The connection breaks before the next bytes reach the server. */
  | "cut"
  /** The next bytes vanish, and nothing is ever heard again. */
  | "silent";

/** A network between a client and PostgreSQL that breaks when told to. */
export type Proxy = {
  /** The database's address by way of this network. */
  readonly url: string;
  /** Arms a fault, once. */
  arm(fault: ProxyFault): void;
  /** Closes by itself when the next fault has happened. */
  closeAfterFault(): void;
  /** Breaks every connection; new ones are refused from now on. */
  close(): Promise<void>;
};

const COMMIT = Buffer.from("commit\0");

/** Stands between the database and whoever uses the proxy's own url. */
export async function startProxy(databaseUrl: string): Promise<Proxy> {
  const target = new URL(databaseUrl);
  const sockets = new Set<Socket>();
  let armed: ProxyFault | null = null;
  let closing = false;
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });

  const server = createServer((client) => {
    const upstream = createConnection(Number(target.port), target.hostname);
    let fault: ProxyFault | null = null;
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.on("data", (bytes) => {
      const isDue = armed !== null && (!armed.startsWith("commit") || bytes.includes(COMMIT));
      if (isDue) {
        fault = armed;
        armed = null;
        if (fault === "cut") client.destroy();
      }
      if (fault !== "cut" && fault !== "silent") upstream.write(bytes);
    });
    upstream.on("data", (bytes) => {
      if (fault === null) client.write(bytes);
      if (fault === "commit_answer_lost") client.destroy();
      if (fault !== null && closing) void close();
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("the proxy has no port");
  const url = new URL(databaseUrl);
  url.hostname = "127.0.0.1";
  url.port = String(address.port);
  return {
    url: url.href,
    arm: (fault) => {
      armed = fault;
    },
    closeAfterFault: () => {
      closing = true;
    },
    close,
  };
}
