import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type TestClock, testClock } from "../testing/clock.ts";
import { startUnionpayBench, type UnionpayBench } from "../testing/unionpay.ts";

const hour = 3_600_000;
let bench: UnionpayBench;
let clock: TestClock;

before(async () => {
  clock = testClock("2026-11-20T01:30:00Z");
  bench = await startUnionpayBench({ clock, merchant: { merchant_name: "Tea House" } });
});
after(() => bench.stop());

void describe("a day at UnionPay", () => {
  void test("a scanned code is paid, told, queried, and refunded on the next clearing day", async () => {
    const qrCode = await bench.applyQr("WHOLE0001", { reqReserved: "茶|1" });
    assert.match(qrCode, /^https:\/\/qr\.95516\.com\/00010000\/62\d{30}$/);
    assert.equal((await bench.query("WHOLE0001")).respCode, "34");
    const { body } = await bench.post("/wallet/pay", { code: qrCode });
    assert.equal((body.trade as { status: string }).status, "SUCCESS");

    const [told] = await bench.hear("WHOLE0001", 1);
    assert.equal(bench.doubts(told!), null);
    const found = await bench.query("WHOLE0001");
    assert.deepEqual(
      [found.respCode, found.origRespCode, found.txnAmt, found.settleDate, found.reqReserved],
      ["00", "00", "1234", "1120", "茶|1"],
    );
    assert.equal(told!.queryId, found.queryId);

    const tooSoon = await bench.refund("WHOLE0001R", found.queryId!, 234);
    assert.equal(tooSoon.respCode, "39");
    await clock.advance(14 * hour);
    const part = await bench.refund("WHOLE0001S", found.queryId!, 234);
    assert.deepEqual([part.respCode, part.settleDate, part.settleAmt], ["00", "1121", "234"]);
    assert.equal((await bench.query("WHOLE0001S")).origRespCode, "00");
    assert.equal((await bench.refund("WHOLE0001T", found.queryId!, 1001)).respCode, "36");
    assert.equal((await bench.refund("WHOLE0001U", found.queryId!, 1000)).respCode, "00");
    const [toldOfRefund] = await bench.hear("WHOLE0001S", 1);
    assert.equal(bench.doubts(toldOfRefund!), null);
    assert.deepEqual([toldOfRefund!.txnType, toldOfRefund!.origQryId], ["04", found.queryId]);
  });
});
