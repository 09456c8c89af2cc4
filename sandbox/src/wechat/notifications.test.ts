import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type TestClock, testClock } from "../testing/clock.ts";
import { until } from "../testing/until.ts";
import { signedFetch, startWechatBench, type WechatBench } from "../testing/wechat.ts";

type Shown = { id: string; state: string; forged: string | null; tries: { status: number | null }[] };

let bench: WechatBench;
let clock: TestClock;

before(async () => {
  clock = testClock("2026-11-20T01:30:00Z");
  bench = await startWechatBench({ clock });
});
after(() => bench.stop());

/** An order placed and paid by hand: the SDK would find the answers of this clock too old. */
async function paid(outTradeNo: string): Promise<void> {
  const order = bench.order(outTradeNo);
  const path = "/v3/pay/transactions/native";
  const { data } = await signedFetch(bench, "POST", path, order, { now: clock.now() });
  assert.equal((await bench.post("/wallet/pay", { code: data.code_url })).status, 200);
}

const settled = (outTradeNo: string, count: number, tries: number): Promise<Shown[]> =>
  until(`${outTradeNo}: ${count} notifications, ${tries} tries`, async () => {
    const { data } = await bench.get(`/wechat/notifications?out_trade_no=${outTradeNo}`);
    const all = (data as Shown[]).reverse();
    const made = all.reduce((sum, one) => sum + one.tries.length, 0);
    return all.length === count && made === tries ? all : undefined;
  });

void describe("a notification of WeChat Pay", () => {
  void test("is delivered on the documented schedule until it is answered 200 or 204", async () => {
    const second = 1_000;
    const gaps = [15, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600, 10800, 10800, 10800, 21600, 21600];
    bench.answerWith(500);
    await paid("SCHED01");
    let tries = 1;
    for (const gap of gaps) {
      assert.equal((await settled("SCHED01", 1, tries))[0]!.state, "pending");
      await clock.advance(gap * second - 1);
      await settled("SCHED01", 1, tries);
      await clock.advance(1);
      tries += 1;
    }
    const [given] = await settled("SCHED01", 1, 16);
    assert.equal(given!.state, "given_up");
    const heard = await bench.hear("SCHED01", 16);
    assert.equal(new Set(heard.map(({ event }) => event.id)).size, 1);
    assert.ok(heard.every((one) => bench.trusts(one)));
    for (const status of [200, 204]) {
      bench.answerWith(status);
      await paid(`ACK${status}0`);
      assert.equal((await settled(`ACK${status}0`, 1, 1))[0]!.state, "acknowledged");
    }
    bench.answerWith(201);
    await paid("ACK2010");
    assert.equal((await settled("ACK2010", 1, 1))[0]!.state, "pending");
    bench.answerWith(204);
  });

  for (const how of ["tampered", "foreign_key", "unsigned"]) {
    void test(`is forged (${how}), and only the true one verifies`, async () => {
      const outTradeNo = `FORGE_${how}`;
      await bench.arm("notification_forged", { match: { out_trade_no: outTradeNo }, params: { how } });
      await paid(outTradeNo);
      await settled(outTradeNo, 2, 2);
      const trusted = (await bench.hear(outTradeNo, 2)).filter((one) => bench.trusts(one));
      assert.equal(trusted.length, 1);
      assert.equal((trusted[0]!.told.amount as { total: number }).total, 1234);
    });
  }

  void test("is preceded by a probe, which does not verify", async () => {
    await bench.arm("notification_probe", { match: { mchid: bench.mchid }, count: 1 });
    await paid("PROBE01");
    await settled("PROBE01", 2, 2);
    const heard = await bench.hear("PROBE01", 2);
    const probe = heard.find((one) => one.headers["wechatpay-signature"]!.startsWith("WECHATPAY/SIGNTEST/"));
    assert.ok(probe);
    assert.equal(bench.trusts(probe), false);
    assert.equal(heard.filter((one) => bench.trusts(one)).length, 1);
  });

  void test("comes twice, or late, where a fault says so", async () => {
    await bench.arm("notification_duplicate", { match: { out_trade_no: "TWICE01" } });
    await paid("TWICE01");
    const [first, second] = await bench.hear("TWICE01", 2);
    assert.equal(first!.event.id, second!.event.id);
    await bench.arm("notification_late", { match: { out_trade_no: "LATE001" }, params: { ms: 5_000 } });
    await paid("LATE001");
    await clock.advance(4_999);
    await settled("LATE001", 1, 0);
    await clock.advance(1);
    await settled("LATE001", 1, 1);
  });

  void test("names another amount, authentically, while the query tells the truth", async () => {
    await bench.arm("notification_wrong_amount", {
      match: { out_trade_no: "WRONG01" },
      params: { delta: -34 },
    });
    await paid("WRONG01");
    const [told] = await bench.hear("WRONG01", 1);
    assert.equal((told!.told.amount as { total: number }).total, 1200);
    assert.equal(bench.trusts(told!), true);
    const path = `/v3/pay/transactions/out-trade-no/WRONG01?mchid=${bench.mchid}`;
    const { data } = await signedFetch(bench, "GET", path, undefined, { now: clock.now() });
    assert.equal((data.amount as { total: number }).total, 1234);
  });

  void test("claims a payment that never was, when it is forged by hand", async () => {
    const { data } = await signedFetch(bench, "POST", "/v3/pay/transactions/native", bench.order("HAND001"), {
      now: clock.now(),
    });
    assert.ok(data.code_url);
    assert.equal((await bench.post("/wechat/orders/HAND001/forge-notification")).status, 200);
    const [told] = await bench.hear("HAND001", 1);
    assert.equal(told!.told.trade_state, "SUCCESS");
    assert.equal(bench.trusts(told!), false);
  });
});
