import { request } from "node:http";
import { isIPv6, type Socket } from "node:net";
import { buildConnector } from "undici";
import type { Clock } from "../kernel/clock.ts";

type TunnelOptions = {
  /** Of the tunnel, and again of TLS inside it. */
  readonly timeout: number;
  readonly allowH2: false;
  readonly key?: string | undefined;
  readonly cert?: string | undefined;
};

/**
 * Connects through a proxy: a tunnel by CONNECT, and TLS to the channel itself inside it, so that the proxy
 * sees the channel's name and no byte of a request. Whatever fails here, fails before a request is written.
 */
export function tunnelConnector(clock: Clock, proxy: URL, options: TunnelOptions): buildConnector.connector {
  const secure = buildConnector(options);
  return (wanted, callback) => {
    openTunnel(clock, proxy, authorityOf(wanted), options.timeout).then(
      (socket) => {
        if (wanted.protocol === "https:") secure({ ...wanted, httpSocket: socket }, callback);
        else callback(null, socket);
      },
      (error: Error) => callback(error, null),
    );
  };
}

function authorityOf({ hostname, port, protocol }: buildConnector.Options): string {
  const host = isIPv6(hostname) ? `[${hostname}]` : hostname;
  return `${host}:${port || (protocol === "https:" ? "443" : "80")}`;
}

/**
 * Errors of its own make: undici repeats the attempt after some that have its codes, and a request must know
 * at once that it was not sent.
 */
function openTunnel(clock: Clock, proxy: URL, authority: string, timeoutMs: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const asked = request({
      host: proxy.hostname.replace(/^\[|\]$/g, ""),
      port: proxy.port || 80,
      method: "CONNECT",
      path: authority,
      headers: { host: authority },
      agent: false,
    });
    const fail = (reason: string) => {
      cancelDeadline();
      asked.destroy();
      reject(new Error(`the proxy ${proxy.host} ${reason}`));
    };
    const cancelDeadline = clock.after(timeoutMs, () => fail(`opened no tunnel within ${timeoutMs} ms`));
    asked.on("error", (error: Error & { code?: string }) =>
      fail(`could not be asked: ${error.code ?? error.message}`),
    );
    asked.on("connect", (answer, socket, head) => {
      const status = answer.statusCode ?? 0;
      if (status < 200 || status > 299) {
        socket.destroy();
        fail(`answered ${status} to CONNECT`);
        return;
      }
      cancelDeadline();
      if (head.length > 0) socket.unshift(head);
      resolve(socket as Socket);
    });
    asked.end();
  });
}
