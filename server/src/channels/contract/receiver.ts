import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import type { Acknowledgement, InboundRequest } from "../port.ts";

/**
 * A raw listener for a channel's notifications: keeps each as it came and answers with the channel's own yes.
 */
export type Receiver = {
  readonly url: string;
  /** Waits for `count` requests that fit, and returns them in order of arrival. */
  wait(fits: (request: InboundRequest) => boolean, count: number): Promise<readonly InboundRequest[]>;
  close(): Promise<void>;
};

/** @param path where the channel is told to send, such as `/notify/alipay` */
export async function startReceiver(path: string, acknowledge: () => Acknowledgement): Promise<Receiver> {
  const received: InboundRequest[] = [];
  const waiting = new Set<() => void>();
  const server = createServer((request, response) => {
    void buffer(request).then((body) => {
      const [, query = ""] = (request.url ?? "").split("?", 2);
      const { method = "", headers } = request;
      received.push({ method, headers, query, body, receivedAt: new Date() });
      const { status, contentType, body: answer } = acknowledge();
      response.writeHead(status, { "content-type": contentType }).end(answer);
      for (const look of waiting) look();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;

  return {
    url: `http://127.0.0.1:${port}${path}`,
    wait: (fits, count) =>
      new Promise((resolve) => {
        const look = () => {
          const fitting = received.filter(fits);
          if (fitting.length < count) return;
          waiting.delete(look);
          resolve(fitting.slice(0, count));
        };
        waiting.add(look);
        look();
      }),
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
