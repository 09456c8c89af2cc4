import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type Bench, startBench } from "../testing/bench.ts";
import { type TestClock, testClock } from "../testing/clock.ts";
import { until } from "../testing/until.ts";

type Shown = {
  id: string;
  state: string;
  forged: string | null;
  trade_status: string;
  due_at: string | null;
  params: Record<string, string>;
  tries: { at: string; status: number | null; body: string | null; error: string | null }[];
};

let bench: Bench;
let clock: TestClock;

before(async () => {
  clock = testClock("2026-11-20T01:30:00Z");
  bench = await startBench({ clock });
});
after(() => bench.stop());

async function shown(outTradeNo: string): Promise<Shown[]> {
  const { data } = await bench.get(`/alipay/notifications?out_trade_no=${outTradeNo}`);
  return (data as Shown[]).reverse();
}

function heard(outTradeNo: string): Record<string, string>[] {
  return bench.merchant.heard.filter((one) => one.out_trade_no === outTradeNo);
}

const settled = (outTradeNo: string, count: number, tries: number): Promise<Shown[]> =>
  until(`${outTradeNo}: ${count} notifications, ${tries} tries`, async () => {
    const all = await shown(outTradeNo);
    const made = all.reduce((sum, one) => sum + one.tries.length, 0);
    return all.length === count && made === tries ? all : undefined;
  });

void describe("a notification", () => {
  void test("is delivered on the documented schedule until it is acknowledged", async () => {
    const minute = 60_000;
    const gaps = [4, 10, 10, 60, 120, 360, 900].map((minutes) => minutes * minute);
    bench.merchant.answerWith("ok, but not the word");
    await bench.paid("SCHED1");
    let tries = 1;
    for (const gap of gaps) {
      const [waiting] = await settled("SCHED1", 1, tries);
      assert.equal(waiting!.state, "pending");
      await clock.advance(gap - 1);
      assert.equal((await shown("SCHED1"))[0]!.tries.length, tries);
      await clock.advance(1);
      tries += 1;
    }
    const [given] = await settled("SCHED1", 1, 8);
    assert.equal(given!.state, "given_up");
    assert.equal(given!.due_at, null);
    assert.equal(new Set(heard("SCHED1").map((one) => one.notify_id)).size, 1);
    assert.ok(heard("SCHED1").every((one) => bench.merchant.sdk.checkNotifySignV2(one)));

    bench.merchant.answerWith("success");
    assert.equal((await bench.post(`/alipay/notifications/${given!.id}/resend`)).status, 202);
    const [resent] = await settled("SCHED1", 1, 9);
    assert.equal(resent!.state, "acknowledged");
    assert.equal(resent!.tries.at(-1)!.body, "success");
  });

  void test("is not acknowledged by success with anything around it", async () => {
    bench.merchant.answerWith("success\n");
    await bench.paid("ACK1");
    assert.equal((await settled("ACK1", 1, 1))[0]!.state, "pending");
    bench.merchant.answerWith("success");
  });

  void test("has no empty parameter", async () => {
    await bench.paid("EMPTY1");
    await settled("EMPTY1", 1, 1);
    for (const [name, value] of Object.entries(heard("EMPTY1")[0]!)) assert.notEqual(value, "", name);
  });

  void test("of an unpaid trade's end reaches apps and mobile pages, and no other scene", async () => {
    for (const [method, outTradeNo, count] of [
      ["alipay.trade.app.pay", "END1", 1],
      ["alipay.trade.wap.pay", "END2", 1],
      ["alipay.trade.page.pay", "END3", 0],
    ] as const) {
      const bizContent = {
        out_trade_no: outTradeNo,
        total_amount: "1.00",
        subject: "Tea",
        timeout_express: "5m",
      };
      const text = bench.merchant.sdk.sdkExecute(method, { bizContent, notifyUrl: bench.merchant.notifyUrl });
      await bench.post("/wallet/scan", { code: text });
      await clock.advance(5 * 60_000);
      const told = await settled(outTradeNo, count, count);
      assert.deepEqual(
        told.map((one) => one.trade_status),
        count ? ["TRADE_CLOSED"] : [],
      );
      assert.equal((await bench.query(outTradeNo)).trade_status, "TRADE_CLOSED");
    }
  });

  void test("says TRADE_FINISHED to an app when the refund window is over", async () => {
    const bizContent = { out_trade_no: "FIN1", total_amount: "1.00", subject: "Tea" };
    const { notifyUrl } = bench.merchant;
    const text = bench.merchant.sdk.sdkExecute("alipay.trade.app.pay", { bizContent, notifyUrl });
    await bench.post("/wallet/pay", { code: text });
    await settled("FIN1", 1, 1);
    await clock.advance(365 * 24 * 3_600_000);
    const told = await settled("FIN1", 2, 2);
    assert.equal(told[1]!.trade_status, "TRADE_FINISHED");
    const refund = { out_trade_no: "FIN1", refund_amount: "1.00" };
    const answer = await bench.merchant.exec("alipay.trade.refund", refund);
    assert.equal(answer.sub_code, "ACQ.TRADE_HAS_FINISHED");
  });
});

void describe("a notification that misbehaves on demand", () => {
  void test("comes again although it was acknowledged", async () => {
    await bench.arm("notification_duplicate", { match: { out_trade_no: "DUP1" }, params: { copies: 2 } });
    await bench.paid("DUP1");
    await settled("DUP1", 1, 3);
    assert.equal(new Set(heard("DUP1").map((one) => one.notify_id)).size, 1);
  });

  void test("comes late", async () => {
    await bench.arm("notification_late", { match: { out_trade_no: "LATE1" }, params: { ms: 90_000 } });
    await bench.paid("LATE1");
    await clock.advance(89_999);
    assert.equal((await shown("LATE1"))[0]!.tries.length, 0);
    await clock.advance(1);
    await settled("LATE1", 1, 1);
  });

  void test("comes after the one that followed it", async () => {
    await bench.arm("notification_reordered", { match: { out_trade_no: "ORD1" }, count: 1 });
    await bench.paid("ORD1");
    await bench.merchant.exec("alipay.trade.refund", { out_trade_no: "ORD1", refund_amount: "12.34" });
    await settled("ORD1", 2, 2);
    assert.deepEqual(
      heard("ORD1").map((one) => one.trade_status),
      ["TRADE_CLOSED", "TRADE_SUCCESS"],
    );
  });

  void test("waits for a follower only so long", async () => {
    await bench.arm("notification_reordered", { match: { out_trade_no: "ORD2" }, params: { ms: 5_000 } });
    await bench.paid("ORD2");
    await clock.advance(5_000);
    await settled("ORD2", 1, 1);
  });

  void test("is lost, until somebody has it sent again", async () => {
    await bench.arm("notification_lost", { match: { out_trade_no: "LOST1" } });
    await bench.paid("LOST1");
    await clock.advance(24 * 3_600_000);
    const [lost] = await settled("LOST1", 1, 0);
    assert.equal(lost!.state, "lost");
    await bench.post(`/alipay/notifications/${lost!.id}/resend`);
    await settled("LOST1", 1, 1);
  });

  for (const how of ["tampered", "foreign_key", "unsigned"]) {
    void test(`is forged (${how}), and the official verifier sees it`, async () => {
      const outTradeNo = `FORGE_${how}`;
      await bench.arm("notification_forged", { match: { out_trade_no: outTradeNo }, params: { how } });
      await bench.paid(outTradeNo);
      await settled(outTradeNo, 2, 2);
      const genuine = heard(outTradeNo).map((one) => bench.merchant.sdk.checkNotifySignV2(one));
      assert.equal(genuine.filter((one) => one).length, 1);
    });
  }

  void test("claims a payment that never was, when it is forged by hand", async () => {
    const code = await bench.precreate("FORGE1");
    await bench.post("/alipay/trades/FORGE1/forge-notification");
    await settled("FORGE1", 1, 1);
    assert.equal(heard("FORGE1")[0]!.trade_status, "TRADE_SUCCESS");
    assert.equal(bench.merchant.sdk.checkNotifySignV2(heard("FORGE1")[0]), false);
    await bench.post("/wallet/scan", { code });
    assert.equal((await bench.query("FORGE1")).trade_status, "WAIT_BUYER_PAY");
  });

  void test("names another amount, authentically, while the query tells the truth", async () => {
    await bench.arm("notification_wrong_amount", {
      match: { out_trade_no: "WRONG1" },
      params: { delta: -100 },
    });
    const found = await bench.paid("WRONG1");
    await settled("WRONG1", 1, 1);
    assert.equal(heard("WRONG1")[0]!.total_amount, "11.34");
    assert.equal(bench.merchant.sdk.checkNotifySignV2(heard("WRONG1")[0]), true);
    assert.equal(found.total_amount, "12.34");
  });
});
