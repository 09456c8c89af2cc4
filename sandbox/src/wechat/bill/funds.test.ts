import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { BookEntry } from "../model.ts";
import { balanceAfter, fundBillText, movementsOf } from "./funds.ts";
import { payment, refund } from "./testing.ts";

const linesOf = (entries: BookEntry[], before = 0n) =>
  fundBillText(movementsOf(entries, before)).split("\r\n");

void describe("a fund bill", () => {
  void test("tells of each payment and refund with its fee, and what was left", () => {
    const [header, ...lines] = linesOf([payment, refund], 10_000n);
    assert.equal(
      header,
      "\uFEFF记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元)," +
        "资金变更提交申请人,备注,业务凭证号",
    );
    const shown = lines.map((line) => line.replace(/`\d{20},/, "`#,"));
    const [paid, back] = [payment.transactionId, refund.refundId];
    assert.deepEqual(shown, [
      `\`2026-11-19 10:55:23,\`${paid},\`#,\`交易,\`交易,\`收入,\`12.34,\`112.34,\`system,\`测试商品,\`T20261119001`,
      `\`2026-11-19 10:55:23,\`${paid},\`#,\`扣除交易手续费,\`扣除交易手续费,\`支出,\`0.07,\`112.27,` +
        "`system,`测试商品,`T20261119001",
      `\`2026-11-19 11:56:48,\`${back},\`#,\`退款,\`退款,\`支出,\`2.34,\`109.93,\`system,\`测试商品,\`R20261119001`,
      `\`2026-11-19 11:56:48,\`${back},\`#,\`退回交易手续费,\`退回交易手续费,\`收入,\`0.01,\`109.94,` +
        "`system,`测试商品,`R20261119001",
      "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额",
      "`4.0,`2.0,`12.35,`2.0,`2.41",
      "",
    ]);
    assert.equal(balanceAfter([payment, refund], 10_000n), 10_994n);
  });

  void test("shows what was split off and what came back, which no trade bill does", () => {
    const moved = {
      ...payment,
      fee: 0n,
      refundId: "3000202611190001",
      outRefundNo: "shr1",
      refundStatus: null,
    };
    const share: BookEntry = { ...moved, kind: "share", settlement: 300n };
    const back: BookEntry = { ...moved, kind: "share_return", settlement: 100n, outRefundNo: "shb1" };
    const shown = movementsOf([share, back], 1_000n);
    assert.deepEqual(
      shown.map(({ kind, amount, balance, voucherNo }) => [kind, amount, balance, voucherNo]),
      [
        ["分账", -300n, 700n, "shr1"],
        ["分账回退", 100n, 800n, "shb1"],
      ],
    );
  });

  void test("numbers each movement once and for all", () => {
    const numbers = movementsOf([payment, refund], 0n).map(({ flowNo }) => flowNo);
    assert.equal(new Set(numbers).size, 4);
    assert.deepEqual(
      movementsOf([payment, refund], 500n).map(({ flowNo }) => flowNo),
      numbers,
    );
  });

  void test("says nothing of a refund that came back, nor of a fee of nought", () => {
    const closed = { ...refund, refundStatus: "CLOSED" as const };
    const kinds = movementsOf([{ ...payment, fee: 0n }, closed], 0n).map(({ kind }) => kind);
    assert.deepEqual(kinds, ["交易"]);
  });
});
