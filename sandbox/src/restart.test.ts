import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { createTestDatabase, type TestDatabase } from "../../tools/testing/database.ts";
import { startSandbox } from "./index.ts";
import { type Bench, startBench } from "./testing/bench.ts";
import { postJson } from "./testing/merchant.ts";
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
