import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { createTestDatabase, type TestDatabase } from "../../tools/testing/database.ts";
import { startSandbox } from "./index.ts";
import { type Bench, startBench } from "./testing/bench.ts";
import { postJson, startMerchant } from "./testing/merchant.ts";
import { until } from "./testing/until.ts";

let database: TestDatabase;
let bench: Bench;

before(async () => {
  database = await createTestDatabase();
  bench = await startBench({ store: { kind: "postgres", url: database.url } });
});
after(async () => {
  await bench.merchant.stop();
  await database.drop();
});

void describe("a sandbox on PostgreSQL", () => {
  void test("keeps trades, undelivered notifications and armed faults over a stop and a start", async () => {
    const { merchant } = bench;
    merchant.answerWith("not now");
    await bench.paid("KEEP1");
    await merchant.hear(1);
    await bench.arm("notification_late", { match: { out_trade_no: "KEEP2" }, params: { ms: 1_500 } });
    await bench.paid("KEEP2");
    const refund = { out_trade_no: "KEEP1", refund_amount: "2.00", out_request_no: "R1" };
    await merchant.exec("alipay.trade.refund", refund);
    const armed = await bench.arm("refund_refused", { match: { out_trade_no: "KEEP2" }, count: 1 });
    const port = Number(new URL(bench.url).port);
    const before = await bench.get("/wallet/trades?limit=10");
    await bench.stopSandbox();
    assert.equal(merchant.heard.filter((one) => one.out_trade_no === "KEEP2").length, 0);

    merchant.answerWith("success");
    const store = { kind: "postgres", url: database.url } as const;
    const again = await startSandbox({ port, host: "127.0.0.1", store });
    try {
      assert.equal(again.url, bench.url);
      assert.deepEqual(await bench.get("/wallet/trades?limit=10"), before);
      assert.equal((await bench.query("KEEP1")).trade_status, "TRADE_SUCCESS");
      const repeat = await merchant.exec("alipay.trade.refund", refund);
      assert.deepEqual([repeat.fund_change, repeat.refund_fee], ["N", "2.00"]);
      await until("the late notification", () => merchant.heard.find((one) => one.out_trade_no === "KEEP2"));
      const { data } = (await bench.get("/faults")) as { data: { id: string; remaining: number }[] };
      assert.equal(data.find((fault) => fault.id === armed)!.remaining, 1);
      const refused = await merchant.exec("alipay.trade.refund", { ...refund, out_trade_no: "KEEP2" });
      assert.equal(refused.sub_code, "ACQ.SELLER_BALANCE_NOT_ENOUGH");
      const { body } = await postJson(`${again.url}/alipay/apps`, {
        app_id: merchant.appId,
        app_public_key: merchant.provisioned.app_public_key,
      });
      assert.equal(body.alipay_public_key, merchant.provisioned.alipay_public_key);
    } finally {
      await again.stop();
    }
  });

  void test("killed while it notifies, notifies again as soon as it is back", async () => {
    const fresh = await createTestDatabase();
    let child = await startChild(0, fresh.url);
    const merchant = await startMerchant(child.url);
    try {
      merchant.answerWith(null);
      const order = { out_trade_no: "KILL1", total_amount: "1.00", subject: "Tea" };
      const { notifyUrl } = merchant;
      const { qr_code: code } = await merchant.exec("alipay.trade.precreate", order, { notifyUrl });
      await postJson(`${child.url}/wallet/pay`, { code });
      await merchant.hear(1);
      await kill(child.process);

      merchant.answerWith("success");
      child = await startChild(Number(new URL(child.url).port), fresh.url);
      await merchant.hear(2);
      const found = await merchant.exec("alipay.trade.query", { out_trade_no: "KILL1" });
      assert.equal(found.trade_status, "TRADE_SUCCESS");
      assert.equal(merchant.heard[0]!.notify_id, merchant.heard[1]!.notify_id);
    } finally {
      await merchant.stop();
      await kill(child.process);
      await fresh.drop();
    }
  });

  void test("makes one order of fifty calls at the same moment, and never refunds too much", async () => {
    const fresh = await createTestDatabase();
    const busy = await startBench({ store: { kind: "postgres", url: fresh.url } });
    try {
      const codes = await Promise.all(Array.from({ length: 50 }, () => busy.precreate("RACE1", "10.00")));
      assert.equal(new Set(codes).size, 1);
      await busy.post("/wallet/pay", { code: codes[0] });
      const numbers = Array.from({ length: 60 }, (_, index) => `N${index}`);
      const refund = { out_trade_no: "RACE1", refund_amount: "0.30" };
      const answers = await Promise.all(
        numbers.map((no) => busy.merchant.exec("alipay.trade.refund", { ...refund, out_request_no: no })),
      );
      assert.equal(answers.filter((answer) => answer.code === "10000").length, 33);
    } finally {
      await busy.stop();
      await fresh.drop();
    }
  });
});

async function startChild(
  port: number,
  databaseUrl: string,
): Promise<{ url: string; process: ChildProcess }> {
  const file = fileURLToPath(new URL("./testing/child.ts", import.meta.url));
  const child = spawn(process.execPath, [file, String(port), databaseUrl], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = (await Promise.race([
    once(child.stdout!, "data"),
    once(child, "exit").then(([code]) => assert.fail(`the sandbox ended with ${code} before it was ready`)),
  ])) as [Buffer];
  return { url: line.toString().trim(), process: child };
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  child.kill("SIGKILL");
  await gone;
}
