import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { after, test } from "node:test";
import { Tributary, TributaryError } from "./index.ts";

type Step = (request: IncomingMessage, response: ServerResponse) => void;

const stops: (() => void)[] = [];
after(() => {
  for (const stop of stops) stop();
});

/** A platform that answers each request with the next step; the last one again and again. */
async function platform(...steps: Step[]) {
  const requests: { method: string; url: string; body: string; authorization: string }[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on("end", () => {
      const { method = "", url = "" } = request;
      requests.push({ method, url, body, authorization: request.headers.authorization ?? "" });
      const step = steps.length > 1 ? steps.shift() : steps[0];
      step?.(request, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  stops.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const options = { baseUrl: `http://127.0.0.1:${port}/`, secretKey: "sk_test", retryDelayMs: 1 };
  return { requests, options, client: new Tributary(options) };
}

const json =
  (status: number, body: unknown, headers: Record<string, string> = {}): Step =>
  (_, response) => {
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(JSON.stringify(body));
  };
const problem = (status: number, code: string, more: Record<string, unknown> = {}): Step =>
  json(status, { type: "", title: code, status, code, remedy: "wait", request_id: "req_1", ...more });
const cut: Step = (_, response) => response.destroy();

const payment = { merchant_order_no: "T1", amount: 1_234n, currency: "CNY", subject: "Tea" };

test("a payment is created once more under the same number when the answer was lost on the way", async () => {
  const { client, requests } = await platform(
    cut,
    problem(503, "outcome_unknown"),
    json(200, { id: "pay_1" }),
  );
  assert.equal((await client.payments.create(payment)).id, "pay_1");
  assert.equal(requests.length, 3);
  assert.equal(new Set(requests.map(({ body }) => body)).size, 1);
  assert.deepEqual(JSON.parse(requests[0]?.body ?? ""), { ...payment, amount: 1_234 });
  assert.equal(requests[0]?.authorization, "Bearer sk_test");
  assert.equal(requests[0]?.url, "/v1/payments");
});

test("a call without a number of its own is not repeated when it may have been carried out", async () => {
  for (const step of [cut, problem(503, "outcome_unknown"), problem(500, "internal_error")]) {
    const { client, requests } = await platform(step);
    await assert.rejects(client.payments.createAttempt("pay_1", { method: "alipay.qr" }));
    assert.equal(requests.length, 1);
  }
});

test("any call is repeated when the platform says that nothing happened", async () => {
  const { client, requests } = await platform(problem(503, "overloaded"), json(201, { id: "pay_1" }));
  await client.payments.createAttempt("pay_1", { method: "alipay.qr" });
  assert.equal(requests.length, 2);
});

test("a refusal is an error with everything that the platform said, and is not repeated", async () => {
  const refused = { detail: "amount is too large", field: "amount" };
  const { client, requests } = await platform(problem(422, "amount_out_of_range", refused));
  await assert.rejects(client.payments.create(payment), (error: unknown) => {
    assert.ok(error instanceof TributaryError);
    assert.equal(error.code, "amount_out_of_range");
    assert.equal(error.status, 422);
    assert.equal(error.field, "amount");
    assert.equal(error.message, "amount is too large");
    assert.equal(error.remedy, "wait");
    assert.equal(error.requestId, "req_1");
    assert.equal(error.retryable, false);
    return true;
  });
  assert.equal(requests.length, 1);
});

test("repetitions end, with the last error", async () => {
  const { options, requests } = await platform(problem(503, "overloaded"));
  const client = new Tributary({ ...options, retriesMax: 2 });
  await assert.rejects(client.payments.get("pay_1"), { code: "overloaded", retryable: true });
  assert.equal(requests.length, 3);
});

test("an answer of something in between is a failed connection with its status", async () => {
  const { options } = await platform((_, response) => {
    response.writeHead(502).end("<html>Bad Gateway</html>");
  });
  const client = new Tributary({ ...options, retriesMax: 0 });
  await assert.rejects(client.payments.get("pay_1"), { code: "connection_failed", status: 502 });
});

test("a redirect is not followed: it would carry the key elsewhere", async () => {
  const { options, requests } = await platform((_, response) => {
    response.writeHead(307, { location: "/elsewhere" }).end();
  });
  const client = new Tributary({ ...options, retriesMax: 0 });
  await assert.rejects(client.payments.get("pay_1"), { code: "connection_failed" });
  assert.equal(requests.length, 1);
});

test("a platform that does not answer is given up in time", async () => {
  const { options } = await platform(() => {});
  const client = new Tributary({ ...options, timeoutMs: 50, retriesMax: 0 });
  await assert.rejects(client.payments.get("pay_1"), {
    code: "connection_failed",
    status: 0,
    retryable: true,
  });
});

test("a caller that gives up gets its own reason, and nothing is repeated", async () => {
  const { client, requests } = await platform(() => {});
  const giveUp = new AbortController();
  const reading = client.payments.get("pay_1", { signal: giveUp.signal });
  setTimeout(() => giveUp.abort(new Error("the buyer left")), 30);
  await assert.rejects(reading, /the buyer left/);
  assert.equal(requests.length, 1);
});

for (const amount of [0, -1, 1.5, Number.NaN, 2 ** 53, 2n ** 53n, -5n]) {
  test(`an amount of ${amount} is refused before anything is sent`, async () => {
    const { client, requests } = await platform(json(200, {}));
    assert.throws(() => void client.payments.create({ ...payment, amount }), RangeError);
    assert.equal(requests.length, 0);
  });
}

test("a list is walked page by page, no further than asked", async () => {
  const page = (ids: number[], next_cursor: string | null) =>
    json(200, { data: ids.map((id) => ({ id: `pay_${id}` })), next_cursor });
  const { client, requests } = await platform(page([1, 2], "a"), page([3, 4], "b"), page([5], null));
  const ids: string[] = [];
  for await (const { id } of client.payments.list({ status: "succeeded", limit: 2 })) ids.push(id);
  assert.deepEqual(ids, ["pay_1", "pay_2", "pay_3", "pay_4", "pay_5"]);
  assert.deepEqual(
    requests.map(({ url }) => url),
    [
      "/v1/payments?status=succeeded&limit=2",
      "/v1/payments?status=succeeded&limit=2&cursor=a",
      "/v1/payments?status=succeeded&limit=2&cursor=b",
    ],
  );
  const second = await platform(page([1, 2], "a"));
  assert.equal((await second.client.payments.list().take(2)).length, 2);
  assert.equal(second.requests.length, 1);
});

test("an id stays one part of the path", async () => {
  const { client, requests } = await platform(json(200, {}));
  await client.payments.get("../accounts?x=1");
  assert.equal(requests[0]?.url, "/v1/payments/..%2Faccounts%3Fx%3D1");
});
