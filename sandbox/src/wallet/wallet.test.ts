import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type Bench, startBench } from "../testing/bench.ts";
import { type TestClock, testClock } from "../testing/clock.ts";

let bench: Bench;
let clock: TestClock;

before(async () => {
  clock = testClock("2026-11-20T01:30:00Z");
  bench = await startBench({ clock, app: { merchant_name: "Tea House" } });
});
after(() => bench.stop());

type Trade = Record<string, unknown>;

async function act(path: string, body: object): Promise<Trade> {
  const answer = await bench.post(path, body);
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  return answer.body.trade as Trade;
}

async function refused(path: string, body: object): Promise<{ status: number; code: string }> {
  const answer = await bench.post(path, body);
  const error = answer.body.error as { code: string; message: string };
  assert.ok(error.message.length > 3, JSON.stringify(answer.body));
  return { status: answer.status, code: error.code };
}

void describe("the wallet for programs", () => {
  void test("shows a scanned trade in fen, with all that a buyer would see", async () => {
    const code = await bench.precreate("SHOW1");
    const { token, trade_no: tradeNo, ...trade } = await act("/wallet/scan", { code });
    assert.match(tradeNo as string, /^2026112022001\d{15}$/);
    assert.ok((token as string).length >= 20);
    assert.deepEqual(trade, {
      channel: "alipay",
      scene: "qr",
      out_trade_no: "SHOW1",
      subject: "Tea",
      merchant: "Tea House",
      amount: 1234,
      currency: "CNY",
      status: "WAIT_BUYER_PAY",
      awaits_password: false,
      abandoned: false,
      last_failure: null,
      buyer: null,
      paid_amount: null,
      voucher_amount: null,
      amount_refunded: 0,
      refunds: [],
      created_at: "2026-11-20T01:30:00.000Z",
      paid_at: null,
      closed_at: null,
      expires_at: "2026-11-20T04:30:00.000Z",
      quit_url: null,
    });
    const shown = (await bench.get(`/wallet/trades/${token as string}`)) as { trade: Trade };
    assert.equal(shown.trade.trade_no, tradeNo);
  });

  void test("takes a code, a trade number, a token and a wallet link for the same trade", async () => {
    const code = await bench.precreate("ALIKE1");
    const trade = await act("/wallet/scan", { code });
    const names = [trade.trade_no, trade.token, `{"tradeNO":"${trade.trade_no as string}"}`];
    for (const name of [...names, `${bench.url}/wallet?trade=${trade.token as string}`, `  ${code}\n`]) {
      assert.deepEqual(await act("/wallet/scan", { code: name }), trade);
    }
    assert.deepEqual(await act("/wallet/scan", { token: trade.token }), trade);
  });

  void test("lets a buyer put a code away and open it again", async () => {
    const code = await bench.precreate("AGAIN1");
    const first = await act("/wallet/scan", { code });
    assert.equal((await act("/wallet/abandon", { code })).abandoned, true);
    assert.equal((await bench.query("AGAIN1")).trade_status, "WAIT_BUYER_PAY");
    assert.deepEqual(await act("/wallet/scan", { code }), first);
    assert.equal((await act("/wallet/pay", { code })).status, "TRADE_SUCCESS");
    assert.deepEqual(await refused("/wallet/abandon", { code }), { status: 409, code: "trade_paid" });
  });

  void test("lets a buyer whose balance is too low try again", async () => {
    const code = await bench.precreate("POOR1");
    const failed = await act("/wallet/fail", { code });
    assert.deepEqual(
      [failed.status, failed.last_failure],
      ["WAIT_BUYER_PAY", "ACQ.BUYER_BALANCE_NOT_ENOUGH"],
    );
    assert.equal((await act("/wallet/pay", { code })).last_failure, null);
    assert.deepEqual(await refused("/wallet/pay", { code }), { status: 409, code: "ACQ.TRADE_HAS_SUCCESS" });
  });

  void test("opens no code past its two hours, and pays no trade past its time", async () => {
    const late = await bench.precreate("LATE1");
    const opened = await bench.precreate("LATE2");
    await act("/wallet/scan", { code: opened });
    await clock.advance(2 * 3_600_000);
    assert.deepEqual(await refused("/wallet/scan", { code: late }), {
      status: 409,
      code: "ACQ.TRADE_HAS_CLOSE",
    });
    assert.equal((await bench.query("LATE1")).sub_code, "ACQ.TRADE_NOT_EXIST");
    assert.notEqual(await bench.precreate("LATE1"), late);
    await clock.advance(3_600_000);
    assert.deepEqual(await refused("/wallet/pay", { code: opened }), {
      status: 409,
      code: "ACQ.TRADE_HAS_CLOSE",
    });
    const { trade } = (await bench.get("/wallet/trades?limit=1")) as unknown as {
      trade: undefined;
      data: Trade[];
    };
    assert.equal(trade, undefined);
    assert.equal((await bench.query("LATE2")).trade_status, "TRADE_CLOSED");
  });

  void test("makes payment codes that go stale", async () => {
    const { body, status } = await bench.post("/wallet/payment-codes", {});
    assert.equal(status, 201);
    assert.equal(body.behaviour, "pays");
    const lifeMs = Date.parse(body.expires_at as string) - clock.now().getTime();
    assert.ok(lifeMs >= 60_000 && lifeMs <= 180_000);
    assert.deepEqual(await refused("/wallet/pay", { code: body.code }), { status: 409, code: "code_unused" });
    await clock.advance(lifeMs);
    const order = { out_trade_no: "STALE1", total_amount: "1.00", subject: "Tea", auth_code: body.code };
    const answer = await bench.merchant.exec("alipay.trade.pay", { ...order, scene: "bar_code" });
    assert.equal(answer.sub_code, "ACQ.PAYMENT_AUTH_CODE_INVALID");
  });

  void test("lists trades newest first, page by page", async () => {
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const next: string = cursor === null ? "" : `&cursor=${cursor}`;
      const page = (await bench.get(`/wallet/trades?limit=2${next}`)) as {
        data: Trade[];
        next_cursor: string | null;
      };
      seen.push(...page.data.map((trade) => trade.out_trade_no as string));
      cursor = page.next_cursor;
    } while (cursor !== null);
    assert.deepEqual(seen, ["LATE2", "LATE1", "POOR1", "AGAIN1", "ALIKE1", "SHOW1"]);
  });

  void test("refuses an app string that somebody changed", async () => {
    const bizContent = { out_trade_no: "FALSE1", total_amount: "100.00", subject: "Tea" };
    const text = bench.merchant.sdk.sdkExecute("alipay.trade.app.pay", { bizContent });
    const changed = text.replace("100.00", "1.00");
    const answer = await refused("/wallet/pay", { code: changed });
    assert.deepEqual(answer, { status: 409, code: "isv.invalid-signature" });
    const link = bench.merchant.sdk.pageExecute("alipay.trade.page.pay", "GET", { bizContent });
    const page = await fetch(link.replace("100.00", "1.00"), { redirect: "manual" });
    assert.equal(page.status, 200);
    assert.match(await page.text(), /isv\.invalid-signature/);
  });
});

void describe("bad input to the wallet", () => {
  const bad: [path: string, body: object, status: number, code: string][] = [
    ["/wallet/scan", {}, 400, "field_missing"],
    ["/wallet/scan", { code: 7 }, 400, "field_invalid"],
    ["/wallet/scan", { code: "" }, 400, "field_invalid"],
    ["/wallet/scan", { code: "https://qr.alipay.com/nobody" }, 404, "code_unknown"],
    ["/wallet/scan", { code: "2026112022001400000000000001" }, 404, "code_unknown"],
    ["/wallet/scan", { code: "280000000000000000" }, 404, "code_unknown"],
    ["/wallet/scan", { code: "{broken" }, 404, "code_unknown"],
    ["/wallet/pay", { code: "x", amount: 0 }, 400, "field_invalid"],
    ["/wallet/pay", { code: "x", amount: 1.5 }, 400, "field_invalid"],
    ["/wallet/pay", { code: "x", amount: "1" }, 400, "field_invalid"],
    ["/wallet/pay", { code: "x", tip: 1 }, 400, "field_unknown"],
    ["/wallet/pay", { code: "x", password: "1234" }, 400, "field_invalid"],
    ["/wallet/payment-codes", { behaviour: "dances" }, 400, "field_invalid"],
    ["/wallet/payment-codes", { wallet: "purse" }, 400, "wallet_unknown"],
    ["/wallet/nothing", {}, 404, "not_found"],
    ["/alipay/close-day", { date: "tomorrow" }, 400, "field_invalid"],
    ["/alipay/close-day", { app_id: "2021000000009999" }, 404, "app_unknown"],
    ["/alipay/notifications/none/resend", {}, 404, "notification_unknown"],
  ];
  for (const [path, body, status, code] of bad) {
    void test(`${path} ${JSON.stringify(body)} is answered ${code}`, async () => {
      assert.deepEqual(await refused(path, body), { status, code });
    });
  }

  void test("a voucher cannot cover everything", async () => {
    const code = await bench.precreate("VOUCHER1");
    const answer = await refused("/wallet/pay", { code, voucher_amount: 1234 });
    assert.deepEqual(answer, { status: 409, code: "ACQ.INVALID_PARAMETER" });
  });

  void test("what is no JSON, or too much of it, is said to be", async () => {
    const post = (body: string): Promise<Response> =>
      fetch(`${bench.url}/wallet/pay`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body,
      });
    const broken = await post("{");
    assert.equal(broken.status, 400);
    assert.ok(((await broken.json()) as { error: { code: string } }).error.code);
    assert.match(await (await post("")).text(), /code is required/);
    assert.equal((await post('{"__proto__":{"code":"x"}}')).status, 400);
    assert.equal((await post(`"${"x".repeat(300_000)}"`)).status, 413);
    for (const query of ["limit=0", "limit=x", "limit=101", "cursor=x"]) {
      assert.equal((await fetch(`${bench.url}/wallet/trades?${query}`)).status, 400, query);
    }
    assert.equal((await fetch(`${bench.url}/wallet/trades/nobody`)).status, 404);
  });
});
