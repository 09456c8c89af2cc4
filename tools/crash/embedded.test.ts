import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { OwnerFile } from "../../server/src/kernel/host/owner.ts";
import { processesIn } from "../../server/src/kernel/host/processes.ts";
import { openBooks } from "./books.ts";
import { type Client, createClient, type Json } from "./client.ts";
import { createServerProcess, type ServerProcess } from "./server-process.ts";
import { killPostgres } from "./walk.ts";

/** The platform as `npm start` runs it: its own PostgreSQL and sandbox, on a folder of its own. */
let folder = "";
let server: ServerProcess;
let shop: Client;
let demo: { secret_key: string; sandbox_url: string };

const data = () => join(folder, "data");

async function start(): Promise<void> {
  await server.start();
  demo = JSON.parse(readFileSync(join(data(), "demo.json"), "utf8"));
}

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "tributary-test-"));
  const env = { TRIBUTARY_SANDBOX_PORT: "0" };
  server = await createServerProcess({
    dataDir: folder,
    env,
  });
  await start();
  shop = createClient(() => server.baseUrl, demo.secret_key);
});

after(async () => {
  await server.end();
  while (processesIn(join(data(), "postgres", "data")).length > 0) await sleep(20);
  rmSync(folder, { recursive: true, force: true });
});

const wallet = () => createClient(() => demo.sandbox_url, null);

async function create(number: string): Promise<{ id: string; code: string }> {
  const order = { merchant_order_no: number, amount: 1234, currency: "CNY", subject: "Tea" };
  const { body } = await shop.ask("POST", "/v1/payments", { ...order, method: "alipay.qr" });
  return { id: String(body.id), code: (body.next_action as { qr_code: string }).qr_code };
}

async function until(id: string, status: string): Promise<Json> {
  for (;;) {
    const { body } = await shop.ask("GET", `/v1/payments/${id}`);
    if (body.status === status) return body;
    await sleep(100);
  }
}

test("its PostgreSQL killed under it: 503 meanwhile, then the payment goes on", async () => {
  const { id, code } = await create("ALONE-1");
  await killPostgres(data());
  const answer = await fetch(`${server.baseUrl}/v1/payments/${id}`, {
    headers: { authorization: `Bearer ${demo.secret_key}` },
  });
  assert.equal(answer.status, 503);
  assert.ok(Number(answer.headers.get("retry-after")) > 0);
  await answer.body?.cancel();
  await wallet().ask("POST", "/wallet/pay", { code });
  await until(id, "succeeded");
  assert.deepEqual(
    shop.setbacks.filter((status) => status !== 503),
    [],
  );
});

test("both killed as the buyer has paid, and started again: one success, books that agree", async () => {
  const { id, code } = await create("BOTH-1");
  await wallet().ask("POST", "/wallet/pay", { code });
  await Promise.all([server.kill(), killPostgres(data())]);
  await start();
  await until(id, "succeeded");
  const refund = { merchant_refund_no: "BOTH-1-R", amount: 234 };
  const first = await shop.ask("POST", `/v1/payments/${id}/refunds`, refund);
  await Promise.all([server.kill(), killPostgres(data())]);
  await start();
  const again = await shop.ask("POST", `/v1/payments/${id}/refunds`, refund);
  assert.equal(again.status, 200, "it was made before");
  assert.equal(again.body.id, first.body.id);
  const { body } = await wallet().ask("GET", "/wallet/trades?limit=1");
  const [trade] = body.data as { amount_refunded: number }[];
  assert.equal(trade?.amount_refunded, 234);

  const owner = JSON.parse(readFileSync(join(data(), "server.json"), "utf8")) as OwnerFile;
  const books = openBooks(owner.database_url ?? "");
  assert.deepEqual(await books.violations(), []);
  await books.close();
});
