/**
 * The bare skeleton of a payment over HTTP, what the platform is compared with: two calls (create, report),
 * double entry, six row versions, fsync on, batched by the same idea. It validates nothing, authenticates
 * nobody, tells nobody, and keeps nothing that a second feature would need. A process of its own.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { createBatcher } from "./batcher.ts";
import { type NewPayment, openStore, type Report } from "./store.ts";

const ID_DIGITS = 26;
const TIME_DIGITS = 12;
const PREFIX_LENGTH = 3;
const MERCHANT_AT = "/notify/skeleton/".length;
const BEARER_AT = "Bearer ".length;

/** Ascending hexadecimal ids: the time of the start, then a count. */
function createIds(): () => string {
  const start = Date.now().toString(16).padStart(TIME_DIGITS, "0");
  let count = 0;
  return () => {
    count += 1;
    return start + count.toString(16).padStart(ID_DIGITS - TIME_DIGITS, "0");
  };
}

function answer(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { "content-type": type, "content-length": body.length });
  response.end(body);
}

function readBody(request: IncomingMessage, take: (body: string) => void): void {
  let body = "";
  request.setEncoding("latin1");
  request.on("data", (chunk: string) => {
    body += chunk;
  });
  request.on("end", () => take(body));
}

async function main(databaseUrl: string): Promise<void> {
  const store = await openStore(databaseUrl);
  const nextId = createIds();
  const creations = createBatcher(store.create);
  const reports = createBatcher(store.report);

  const create = async (request: IncomingMessage, response: ServerResponse, body: string) => {
    const { merchant_order_no: orderNo, amount } = JSON.parse(body);
    const merchantId = Number(request.headers.authorization?.slice(BEARER_AT));
    const payment: NewPayment = { id: nextId(), merchantId, orderNo, amount: String(amount) };
    const isNew = await creations(payment);
    const resource = {
      id: `pay_${payment.id}`,
      merchant_order_no: orderNo,
      amount,
      currency: "CNY",
      status: "processing",
      attempts: [{ channel_order_no: `att${payment.id}` }],
    };
    answer(response, isNew ? 201 : 409, "application/json", JSON.stringify(resource));
  };
  const report = async (request: IncomingMessage, response: ServerResponse, body: string) => {
    const { order, amount } = JSON.parse(body);
    const merchantId = Number(request.url?.slice(MERCHANT_AT));
    const paid: Report = { id: order.slice(PREFIX_LENGTH), merchantId, amount, newId: nextId() };
    const known = await reports(paid);
    answer(response, known ? 200 : 404, "text/plain", known ? "success" : "unknown");
  };

  const server = createServer((request, response) => {
    const handle = request.url === "/v1/payments" ? create : report;
    readBody(request, (body) => {
      handle(request, response, body).catch((error: Error) => {
        // Nothing is expected to fail, and a run with failures counts for nothing.
        process.stderr.write(`${error.stack}\n`);
        process.exit(1);
      });
    });
  });
  server.listen(0, "127.0.0.1", () => process.send?.((server.address() as AddressInfo).port));
  process.on("disconnect", () => process.exit(0));
}

await main(process.argv[2] as string);
