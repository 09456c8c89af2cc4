import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import fc from "fast-check";
import { type Bench, startBench } from "../testing/bench.ts";

let bench: Bench;

before(async () => {
  bench = await startBench();
});
after(() => bench.stop());

type Totals = { count: number; amount: number; fee: number };
type Bill = { payments: Totals; refunds: Totals; net: number };

const fen = (yuan: string | undefined): number => Math.round(Number(yuan ?? "0") * 100);

async function billToday(): Promise<Bill> {
  const { body } = await bench.post("/alipay/close-day", { app_id: bench.merchant.appId });
  return (body.bills as Bill[])[0]!;
}

const commands = ["scan", "pay", "close", "cancel", "refund", "reverse", "late", "fail"] as const;
type Command = { name: (typeof commands)[number]; amount: number };

async function carryOut(outTradeNo: string, code: string, { name, amount }: Command, index: number) {
  const order = { out_trade_no: outTradeNo };
  switch (name) {
    case "scan":
    case "pay":
    case "fail":
      return bench.post(`/wallet/${name}`, { code });
    case "reverse":
      return bench.post(`/alipay/trades/${outTradeNo}/reverse`, { amount });
    case "late":
      return bench.post(`/alipay/trades/${outTradeNo}/pay-late`);
    case "refund": {
      const refund = { ...order, refund_amount: (amount / 100).toFixed(2), out_request_no: `R${index % 4}` };
      return bench.merchant.exec("alipay.trade.refund", refund);
    }
    case "close":
    case "cancel":
      return bench.merchant.exec(`alipay.trade.${name}`, order);
  }
}

void describe("whatever merchants and buyers do", () => {
  void test("the bill tells the same of the money as the trades do", async () => {
    const command = fc.record({
      name: fc.constantFrom(...commands),
      amount: fc.integer({ min: 1, max: 900 }),
    });
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(command, { minLength: 3, maxLength: 12 }), async (sequence) => {
        runs += 1;
        const outTradeNo = `W${runs}`;
        const before = await billToday();
        const code = await bench.precreate(outTradeNo, "10.00");
        for (const [index, one] of sequence.entries()) await carryOut(outTradeNo, code, one, index);
        const after = await billToday();

        const trade = await bench.query(outTradeNo);
        const paid = trade.send_pay_date === undefined ? 0 : fen(trade.total_amount);
        const { data } = (await bench.get("/wallet/trades?limit=1")) as {
          data: { amount_refunded: number }[];
        };
        const refunded = data[0]!.amount_refunded;
        assert.equal(after.payments.amount - before.payments.amount, paid);
        assert.equal(after.refunds.amount - before.refunds.amount, refunded);
        assert.ok(refunded <= paid);
        assert.equal(trade.trade_status === "TRADE_CLOSED" && paid > 0, paid > 0 && refunded === paid);
        const fee = after.payments.fee - before.payments.fee - (after.refunds.fee - before.refunds.fee);
        if (refunded === paid) assert.equal(fee, 0);
        assert.ok(fee >= 0);
        assert.equal(after.net - before.net, paid - refunded - fee);
      }),
      { numRuns: 25 },
    );
  });
});
