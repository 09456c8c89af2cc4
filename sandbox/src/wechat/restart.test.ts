import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { createTestDatabase, type TestDatabase } from "../../../tools/testing/database.ts";
import { startSandbox } from "../index.ts";
import { until } from "../testing/until.ts";
import { startWechatBench, type WechatBench } from "../testing/wechat.ts";

let database: TestDatabase;
let bench: WechatBench;

before(async () => {
  database = await createTestDatabase();
  bench = await startWechatBench({ store: { kind: "postgres", url: database.url } });
});
after(async () => {
  await bench.stop();
  await database.drop();
});

void describe("WeChat Pay on PostgreSQL", () => {
  void test("makes one order of twenty calls at the same moment, and never refunds too much", async () => {
    const codes = await Promise.all(Array.from({ length: 20 }, () => bench.place("RACE001")));
    assert.equal(new Set(codes).size, 1);
    await bench.post("/wallet/pay", { code: codes[0] });
    const numbers = Array.from({ length: 20 }, (_, index) => `RACE${index}`);
    const answers = await Promise.all(numbers.map((no) => bench.refund("RACE001", no, 100)));
    assert.equal(answers.filter(({ status }) => status === 200).length, 12);
  });

  void test("keeps merchants, orders and undelivered notifications over a stop and a start", async () => {
    bench.answerWith(500);
    const paid = await bench.paid("KEEP001");
    await bench.hear("KEEP001", 1);
    const port = Number(new URL(bench.url).port);
    await bench.stopSandbox();
    const store = { kind: "postgres", url: database.url } as const;
    const again = await startSandbox({ port, host: "127.0.0.1", store });
    try {
      assert.deepEqual((await bench.query("KEEP001")).data, paid);
      bench.answerWith(204);
      const { data } = await bench.get("/wechat/notifications?out_trade_no=KEEP001");
      const [told] = data as { id: string; state: string }[];
      assert.equal(told!.state, "pending");
      await bench.post(`/wechat/notifications/${told!.id}/resend`);
      await until("KEEP001 acknowledged", async () => {
        const { data: now } = await bench.get("/wechat/notifications?out_trade_no=KEEP001");
        return (now as { state: string }[])[0]!.state === "acknowledged";
      });
      await bench.refund("KEEP001", "KEEP1", 1234);
      await until("KEEP1 ended", async () => {
        const known = await bench.call("get", "v3/refund/domestic/refunds/KEEP1");
        return known.data.status === "SUCCESS";
      });
    } finally {
      await again.stop();
    }
  });
});
