/** A merchants' webhook receiver: verifies every request and remembers every event that it acknowledged. */
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { verifyWebhook } from "../../sdk/src/index.ts";

export type Received = {
  /** `webhook-id`: the same at every try of one event. */
  readonly id: string;
  readonly type: string;
  /** The payment or refund that it tells of. */
  readonly subject: string;
};

export type Receiver = {
  readonly url: string;
  /** Tells it the secret of the endpoint at `/{shop}`. */
  know(shop: string, secret: string): void;
  /** Every acknowledged request, repeats included. */
  readonly received: readonly Received[];
  /** Requests whose signature did not fit. */
  readonly refused: () => number;
  stop(): Promise<void>;
};

export async function startReceiver(): Promise<Receiver> {
  const secrets = new Map<string, string>();
  const received: Received[] = [];
  let refused = 0;
  const take = async (request: IncomingMessage): Promise<number> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const secret = secrets.get((request.url ?? "").slice(1)) ?? "";
    try {
      const event = await verifyWebhook({ secret, headers: request.headers, body: Buffer.concat(chunks) });
      const { type, data } = event as { type: string; data: Record<string, { id: string }> };
      const subject = (data.refund ?? data.payment)?.id ?? "";
      received.push({ id: String(request.headers["webhook-id"]), type, subject });
      return 204;
    } catch {
      refused += 1;
      return 401;
    }
  };
  const server = createServer((request, response) => {
    take(request).then(
      (status) => response.writeHead(status).end(),
      () => request.socket.destroy(),
    );
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    know: (shop, secret) => void secrets.set(shop, secret),
    received,
    refused: () => refused,
    stop: async () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
