/** A shop's webhook receiver that costs next to nothing: it reads each delivery's payment and answers 204. */

import type { AddressInfo } from "node:net";
import { createServer, type Server, type Socket } from "node:net";

export type Receiver = {
  readonly port: number;
  /** Deliveries received, repeats included. */
  readonly received: () => number;
  /** Answers of one path may be slow or missing, to play endpoints that fail. */
  behave(path: string, behaviour: Behaviour): void;
  close(): Promise<void>;
};

export type Behaviour =
  | { readonly kind: "ok" }
  | { readonly kind: "slow"; readonly ms: number }
  | { readonly kind: "dead" };

const ANSWER = "HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n";
const HEADERS_END = "\r\n\r\n";
const LENGTH = /content-length: (\d+)/i;
const SUCCEEDED = /"type":"payment\.succeeded".*?"merchant_order_no":"([^"]+)"/s;

/** @param onSuccess called with the merchant order number of every `payment.succeeded` that arrives. */
export async function startReceiver(onSuccess: (merchantOrderNo: string) => void): Promise<Receiver> {
  let received = 0;
  const behaviours = new Map<string, Behaviour>();
  const sockets = new Set<Socket>();
  const answer = (socket: Socket, path: string) => {
    const behaviour = behaviours.get(path);
    if (behaviour === undefined || behaviour.kind === "ok") socket.write(ANSWER);
    else if (behaviour.kind === "slow") setTimeout(() => socket.write(ANSWER), behaviour.ms).unref();
    else socket.destroy();
  };
  const server: Server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => {});
    socket.setEncoding("latin1");
    let text = "";
    socket.on("data", (chunk: string) => {
      text += chunk;
      for (;;) {
        const end = text.indexOf(HEADERS_END);
        if (end < 0) return;
        const head = text.slice(0, end);
        const from = end + HEADERS_END.length;
        const length = Number(LENGTH.exec(head)?.[1] ?? 0);
        if (text.length < from + length) return;
        const number = SUCCEEDED.exec(text.slice(from, from + length))?.[1];
        text = text.slice(from + length);
        received += 1;
        answer(socket, head.slice(5, head.indexOf(" ", 5)));
        if (number !== undefined) onSuccess(number);
      }
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    received: () => received,
    behave: (path, behaviour) => behaviours.set(path, behaviour),
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}
