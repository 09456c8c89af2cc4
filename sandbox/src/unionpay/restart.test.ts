import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { createTestDatabase, type TestDatabase } from "../../../tools/testing/database.ts";
import { startSandbox } from "../index.ts";
import { startUnionpayBench, type UnionpayBench } from "../testing/unionpay.ts";
import { until } from "../testing/until.ts";

let database: TestDatabase;
let bench: UnionpayBench;

before(async () => {
  database = await createTestDatabase();
  bench = await startUnionpayBench({ store: { kind: "postgres", url: database.url } });
});
after(async () => {
  await bench.stop();
  await database.drop();
});

void describe("UnionPay on PostgreSQL", () => {
  void test("takes one order of twenty calls at the same moment, and says 12 to the others", async () => {
    const codes = await Promise.all(Array.from({ length: 20 }, () => bench.newCode()));
    const answers = await Promise.all(codes.map((code) => bench.chargeCode("RACE00001", code)));
    const given = (code: string): number => answers.filter(({ respCode }) => respCode === code).length;
    assert.deepEqual([given("00"), given("12")], [1, 19]);
  });

  void test("shows one cashier to a browser that sends its form twenty times at once", async () => {
    const form = bench.front("RACE00002");
    const open = async (): Promise<string | undefined> => {
      const body = new URLSearchParams(form);
      const url = `${bench.url}/gateway/api/frontTransReq.do`;
      const page = await (await fetch(url, { method: "POST", body })).text();
      return /\/unionpay\/cashier\/([^/"]+)\/pay/.exec(page)?.[1];
    };
    const tokens = new Set(await Promise.all(Array.from({ length: 20 }, open)));
    assert.equal(tokens.size, 1);
    assert.ok([...tokens][0]);
  });

  void test("keeps certificates, orders and undelivered notifications over a stop and a start", async () => {
    bench.answerWith(500);
    await bench.paid("KEEP00001");
    await bench.hear("KEEP00001", 1);
    const known = await bench.query("KEEP00001");
    const { body: published } = await bench.post("/unionpay/close-day", { mer_id: bench.merId });
    const port = Number(new URL(bench.url).port);
    await bench.stopSandbox();
    const store = { kind: "postgres", url: database.url } as const;
    const again = await startSandbox({ port, host: "127.0.0.1", store });
    try {
      assert.deepEqual(await bench.query("KEEP00001"), known);
      const { root_certificate: root } = await bench.get(`/unionpay/merchants/${bench.merId}`);
      assert.equal(root, bench.provisioned.root_certificate);
      const { date } = published as { date: string };
      const file = { txnType: "76", txnSubType: "01", bizType: "000000", fileType: "00" };
      const settleDate = date.slice(5).replace("-", "");
      assert.equal((await bench.call("file", { ...file, settleDate })).respCode, "00");
      bench.answerWith(200);
      const { data } = await bench.get("/unionpay/notifications?out_trade_no=KEEP00001");
      const [told] = data as { id: string; state: string }[];
      assert.equal(told!.state, "pending");
      await bench.post(`/unionpay/notifications/${told!.id}/resend`);
      await until("KEEP00001 acknowledged", async () => {
        const { data: now } = await bench.get("/unionpay/notifications?out_trade_no=KEEP00001");
        return (now as { state: string }[])[0]!.state === "acknowledged";
      });
      assert.equal(bench.doubts((await bench.hear("KEEP00001", 2))[1]!), null);
    } finally {
      await again.stop();
    }
  });
});
