import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type TestClock, testClock } from "../testing/clock.ts";
import { type Form, startUnionpayBench, type UnionpayBench } from "../testing/unionpay.ts";

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

  void test("the wallet shows an order with all that a buyer would see", async () => {
    const code = await bench.newCode("asks_password");
    await bench.chargeCode("WHOLE0002", code, { orderDesc: "Tea" });
    const { data: pending } = await bench.get("/wallet/pending");
    const { token, trade_no: tradeNo, created_at: createdAt, ...trade } = (pending as Form[])[0]!;
    assert.match(tradeNo!, /^20261120233000\d{7}$/);
    assert.equal(createdAt, "2026-11-20T15:30:00.000Z");
    assert.deepEqual(trade, {
      channel: "unionpay",
      scene: "code",
      out_trade_no: "WHOLE0002",
      subject: "Tea",
      merchant: "Tea House",
      amount: 1234,
      currency: "CNY",
      status: "AWAITS_PASSWORD",
      awaits_password: true,
      abandoned: false,
      last_failure: null,
      buyer: null,
      paid_amount: null,
      voucher_amount: null,
      amount_refunded: 0,
      refunds: [],
      paid_at: null,
      closed_at: null,
      expires_at: "2026-11-20T16:30:00.000Z",
      quit_url: null,
    });
    const voucher = await bench.post("/wallet/pay", { token, voucher_amount: 1 });
    assert.equal((voucher.body.error as { code: string }).code, "voucher_unknown");
    await bench.post("/wallet/pay", { token });
    const { trade: paid } = (await bench.get(`/wallet/trades/${token}`)) as {
      trade: Record<string, unknown>;
    };
    assert.deepEqual([paid.status, paid.paid_amount], ["SUCCESS", 1234]);
  });

  void test("the wallet's list goes over all channels, page by page", async () => {
    const seen: unknown[] = [];
    let cursor = "";
    do {
      const page = await bench.get(`/wallet/trades?limit=1${cursor && `&cursor=${cursor}`}`);
      seen.push(...(page.data as Form[]).map((trade) => trade.out_trade_no));
      cursor = (page.next_cursor as string | null) ?? "";
    } while (cursor !== "");
    assert.deepEqual(seen, ["WHOLE0002", "WHOLE0001"]);
  });

  void test("the wallet shows what was given back", async () => {
    const { data } = await bench.get("/wallet/trades?limit=10");
    const refunded = (data as Record<string, unknown>[]).find((one) => one.out_trade_no === "WHOLE0001")!;
    assert.equal(refunded.amount_refunded, 1234);
    const refunds = refunded.refunds as Record<string, unknown>[];
    assert.deepEqual(
      refunds.map((one) => [one.out_request_no, one.kind, one.amount]),
      [
        ["WHOLE0001S", "refund", 234],
        ["WHOLE0001U", "refund", 1000],
      ],
    );
  });
});
