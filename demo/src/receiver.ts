/** The shop's own receiver of webhooks: believes nothing that the platform has not signed. */
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { verifyWebhook, type WebhookEvent, WebhookVerificationError } from "@tributary/sdk";

/** The faults are those of the client library. */
export type Rejected = { readonly code: string; readonly message: string };

export type Receiver = {
  readonly url: string;
  /** What it verifies with: the endpoint's secret, shown once at its creation. */
  trust(secret: string): void;
  /** Every event that was verified, as often as it came, in the order of arrival. */
  events(): readonly WebhookEvent[];
  rejected(): readonly Rejected[];
  close(): Promise<void>;
};

export async function startReceiver(): Promise<Receiver> {
  const events: WebhookEvent[] = [];
  const rejected: Rejected[] = [];
  let secret = "";
  const receive = async (request: IncomingMessage): Promise<number> => {
    try {
      const body = Buffer.concat(await request.toArray());
      events.push(await verifyWebhook({ secret, headers: request.headers, body }));
      return 204;
    } catch (error) {
      if (!(error instanceof WebhookVerificationError)) throw error;
      rejected.push({ code: error.code, message: error.message });
      return 401;
    }
  };
  const server = createServer((request, response) => {
    receive(request).then(
      (status) => response.writeHead(status).end(),
      () => response.destroy(),
    );
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/webhooks`,
    trust: (given) => {
      secret = given;
    },
    events: () => events,
    rejected: () => rejected,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
