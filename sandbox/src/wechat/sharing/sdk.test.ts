import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Rsa } from "wechatpay-axios-plugin";
import { systemClock } from "../../clock.ts";
import { startWechatBench, type WechatBench } from "../../testing/wechat.ts";

/** A payment is split from a minute after it; the SDK's clock is the machine's and may differ by five. */
const minuteMs = 61_000;
const receiver = { type: "MERCHANT_ID", account: "1900000777" };

for (const mode of ["public_key", "certificate"]) {
  void describe(`the SDK in ${mode} mode splits, checking every answer`, () => {
    let bench: WechatBench;
    let transaction = "";
    let offset = 0;

    before(async () => {
      const clock = { ...systemClock, now: () => new Date(systemClock.now().getTime() + offset) };
      bench = await startWechatBench({ merchant: { mode }, clock });
      const paid = await bench.paid("SPLIT001", { settle_info: { profit_sharing: true } });
      transaction = paid.transaction_id as string;
    });
    after(() => bench.stop());

    const sealed = () => {
      const { platform_public_key, platform_certificate } = bench.provisioned;
      return Rsa.encrypt(
        "示例供应商有限公司",
        mode === "public_key" ? platform_public_key! : platform_certificate!,
      );
    };
    const serial = () => {
      const { platform_public_key_id, platform_serial } = bench.provisioned;
      return mode === "public_key" ? platform_public_key_id! : platform_serial!;
    };
    const split = (outOrderNo: string, amount: number, account = receiver.account) =>
      bench.call("post", "v3/profitsharing/orders", {
        appid: bench.appid,
        transaction_id: transaction,
        out_order_no: outOrderNo,
        receivers: [{ ...receiver, account, amount, description: "分给供应商" }],
        unfreeze_unsplit: false,
      });

    void test("a name that the SDK sealed is opened, one sealed for another is not", async () => {
      const body = { appid: bench.appid, ...receiver, relation_type: "SUPPLIER" };
      const headers = { headers: { "Wechatpay-Serial": serial() } };
      const added = await bench.call(
        "post",
        "v3/profitsharing/receivers/add",
        { ...body, name: sealed() },
        headers,
      );
      assert.deepEqual([added.status, added.data.account], [200, receiver.account]);
      const clear = await bench.call(
        "post",
        "v3/profitsharing/receivers/add",
        { ...body, name: "x" },
        headers,
      );
      assert.deepEqual([clear.status, clear.data.code], [400, "PARAM_ERROR"]);
    });

    void test("too soon it may later; then it is PROCESSING, and SUCCESS when it is asked", async () => {
      const early = await split("P1", 100);
      assert.deepEqual([early.status, early.data.code], [403, "RULE_LIMIT"]);
      offset = minuteMs;
      const begun = await split("P1", 100);
      assert.deepEqual([begun.status, begun.data.state], [200, "PROCESSING"]);
      const left = `v3/profitsharing/transactions/${transaction}/amounts`;
      // 12.34 less a fee of 0.07 and the share.
      assert.equal((await bench.call("get", left)).data.unsplit_amount, 1234 - 7 - 100);
      offset += 1_000;
      const told = await bench.call("get", "v3/profitsharing/orders/P1", { transaction_id: transaction });
      const [one] = told.data.receivers as Record<string, unknown>[];
      assert.deepEqual([told.data.state, one?.result, one?.amount], ["FINISHED", "SUCCESS", 100]);
    });

    void test("what it refuses has the words that the connector knows", async () => {
      assert.equal((await split("P2", 400)).data.code, "AMOUNT_OVERDUE");
      assert.equal((await split("P1", 101)).data.code, "INVALID_REQUEST");
      const stranger = await split("P3", 1, "1900000888");
      assert.equal(stranger.status, 200);
      offset += 1_000;
      const told = await bench.call("get", "v3/profitsharing/orders/P3", { transaction_id: transaction });
      const [one] = told.data.receivers as Record<string, unknown>[];
      assert.deepEqual([one?.result, one?.fail_reason], ["CLOSED", "NO_RELATION"]);
      const nobody = await bench.call("get", "v3/profitsharing/orders/P9", { transaction_id: transaction });
      assert.deepEqual([nobody.status, nobody.data.code], [404, "RESOURCE_NOT_EXISTS"]);
    });

    void test("a share comes back, and the rest is let go of once for all", async () => {
      const back = { out_order_no: "P1", out_return_no: "B1", return_mchid: receiver.account };
      const asked = { ...back, amount: 40, description: "退款" };
      assert.equal(
        (await bench.call("post", "v3/profitsharing/return-orders", asked)).data.result,
        "PROCESSING",
      );
      offset += 1_000;
      const named = { out_order_no: "P1" };
      const told = await bench.call("get", "v3/profitsharing/return-orders/B1", named);
      assert.deepEqual([told.data.result, told.data.amount], ["SUCCESS", 40]);
      const unfreeze = { transaction_id: transaction, out_order_no: "F1", description: "完结" };
      const ended = await bench.call("post", "v3/profitsharing/orders/unfreeze", unfreeze);
      assert.equal(ended.data.state, "FINISHED");
      assert.equal((await split("P4", 1)).data.code, "INVALID_REQUEST");
    });
  });
}
