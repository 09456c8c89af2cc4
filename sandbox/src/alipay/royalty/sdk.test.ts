import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type Bench, startBench } from "../../testing/bench.ts";

const receiver = { type: "userId", account: "2088000000000777", name: "示例供应商有限公司" };
const names = {
  bind: "alipay.trade.royalty.relation.bind",
  settle: "alipay.trade.order.settle",
  query: "alipay.trade.order.settle.query",
};

void describe("the official SDK splits, checking every signature", () => {
  let bench: Bench;
  let tradeNo = "";

  before(async () => {
    bench = await startBench();
    const code = await bench.precreate("ROYALTY1", "10.00", { extend_params: { royalty_freeze: "true" } });
    await bench.post("/wallet/pay", { code });
    tradeNo = (await bench.query("ROYALTY1")).trade_no!;
  });
  after(() => bench.stop());

  const settle = (outRequestNo: string, amount: string, account = receiver.account) =>
    bench.merchant.exec(names.settle, {
      out_request_no: outRequestNo,
      trade_no: tradeNo,
      royalty_parameters: [
        { royalty_type: "transfer", trans_in_type: "userId", trans_in: account, amount, desc: "分账" },
      ],
    });

  void test("to whom was bound, once under one number, and never beyond the limit", async () => {
    assert.equal((await settle("S0", "1.00")).sub_code, "ACQ.ROYALTY_ACCOUNT_NOT_EXIST");
    const bound = await bench.merchant.exec(names.bind, { receiver_list: [receiver], out_request_no: "B1" });
    assert.equal(bound.result_code, "SUCCESS");
    const done = await settle("S1", "2.00");
    assert.equal(done.code, "10000");
    assert.equal((await settle("S1", "2.00")).settle_no, done.settle_no);
    assert.equal((await settle("S1", "2.01")).sub_code, "ACQ.DISCORDANT_REPEAT_REQUEST");
    assert.equal((await settle("S2", "1.01")).sub_code, "ACQ.ALLOC_AMOUNT_VALIDATE_ERROR");
    const told = await bench.merchant.exec(names.query, { out_request_no: "S1", trade_no: tradeNo });
    const [one] = told.royalty_detail_list as unknown as Record<string, string>[];
    assert.deepEqual([one?.state, one?.amount, one?.trans_in], ["SUCCESS", "2.00", receiver.account]);
  });

  void test("and takes a receiver's part back with a refund, no more than it got", async () => {
    const back = (amount: string) => [{ royalty_type: "transfer", trans_out: receiver.account, amount }];
    const refund = (no: string, amount: string) =>
      bench.merchant.exec("alipay.trade.refund", {
        trade_no: tradeNo,
        out_request_no: no,
        refund_amount: "1.00",
        refund_royalty_parameters: back(amount),
      });
    assert.equal((await refund("R1", "0.50")).fund_change, "Y");
    assert.equal((await refund("R1", "0.50")).fund_change, "N");
    assert.equal((await refund("R2", "1.51")).sub_code, "ACQ.ALLOC_AMOUNT_VALIDATE_ERROR");
  });

  void test("and lets go of the rest, after which nothing is split", async () => {
    const finish = { out_request_no: "F1", trade_no: tradeNo, extend_params: { royalty_finish: "true" } };
    assert.equal((await bench.merchant.exec(names.settle, finish)).code, "10000");
    assert.equal((await settle("S3", "0.10")).sub_code, "ACQ.TRADE_STATUS_ERROR");
  });
});
