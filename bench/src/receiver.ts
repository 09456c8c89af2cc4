/** A shop's webhook receiver that costs next to nothing: it reads each delivery's payment and answers 204. */

import type { AddressInfo } from "node:net";
import { createServer, type Server, type Socket } from "node:net";
import { endOfMessage } from "./http-lanes.ts";

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
  /** Answers after a while. */
  | { readonly kind: "slow"; readonly ms: number }
  /** Cuts the connection. */
  | { readonly kind: "dead" };

const ANSWER = Buffer.from("HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n", "latin1");
const PATH_AT = "POST ".length;
const SUCCEEDED = '"type":"payment.succeeded"';
const NUMBER = '"merchant_order_no":"';

/** @param onSuccess called with the merchant order number of every `payment.succeeded` that arrives. */
export async function startReceiver(onSuccess: (merchantOrderNo: string) => void): Promise<Receiver> {
  let received = 0;
  const behaviours = new Map<string, Behaviour>();
  const sockets = new Set<Socket>();
  const acknowledge = (socket: Socket, number: string | null) => {
    if (socket.destroyed) return;
    socket.write(ANSWER);
    if (number !== null) onSuccess(number);
  };
  const take = (socket: Socket, text: string, from: number) => {
    received += 1;
    const number = succeededIn(text, from);
    const behaviour = behaviours.size === 0 ? undefined : behaviours.get(pathOf(text, from));
    if (behaviour === undefined) acknowledge(socket, number);
    else if (behaviour.kind === "slow") setTimeout(() => acknowledge(socket, number), behaviour.ms).unref();
    else socket.destroy();
  };
  const server: Server = createServer({ noDelay: true }, (socket) => {
    let rest = "";
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => {});
    socket.on("data", (chunk: Buffer) => {
      const text = rest + chunk.toString("latin1");
      let from = 0;
      for (let end = endOfMessage(text, from); end > from; end = endOfMessage(text, from)) {
        take(socket, text, from);
        from = end;
      }
      rest = from === text.length ? "" : text.slice(from);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    received: () => received,
    behave: (path, behaviour) => {
      if (behaviour.kind === "ok") behaviours.delete(path);
      else behaviours.set(path, behaviour);
    },
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

function pathOf(text: string, from: number): string {
  return text.slice(from + PATH_AT, text.indexOf(" ", from + PATH_AT));
}

/** The order number of the success that a delivery tells of, or null. */
function succeededIn(text: string, from: number): string | null {
  if (text.indexOf(SUCCEEDED, from) < 0) return null;
  const at = text.indexOf(NUMBER, from);
  if (at < 0) return null;
  return text.slice(at + NUMBER.length, text.indexOf('"', at + NUMBER.length));
}
