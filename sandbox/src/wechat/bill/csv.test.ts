import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { billText, rowsOfType } from "./csv.ts";
import { payment, refund } from "./testing.ts";

void describe("a trade bill", () => {
  void test("is laid out as documented, to the character", () => {
    const header = [
      "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,",
      "货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,",
      "商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注",
    ].join("");
    const common =
      "`wx2421b1c4370ec43b,`1900000001,`0,`,`4200000000202611190000000001,`T20261119001," +
      "`oUpF8uMuAJO_M2pxb1Q9zNjWeS6o,`NATIVE";
    const lines = [
      header,
      `\`2026-11-19 10:55:23,${common},\`SUCCESS,\`OTHERS,\`CNY,\`12.34,\`0.00,\`0,\`0,\`0.00,\`0.00,\`,\`,` +
        "`测试商品,`,`0.07000,`0.60%,`12.34,`0.00,`",
      `\`2026-11-19 11:56:48,${common},\`REFUND,\`OTHERS,\`CNY,\`0.00,\`0.00,` +
        "`50300000002026111900000000001,`R20261119001,`2.34,`0.00,`ORIGINAL,`SUCCESS," +
        "`测试商品,`,`-0.01000,`0.60%,`0.00,`2.34,`",
      "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额",
      "`2,`12.34,`2.34,`0.00,`0.06000,`12.34,`2.34",
      "",
    ];
    assert.equal(billText([payment, refund], "ALL"), `\uFEFF${lines.join("\r\n")}`);
  });

  void test("of payments alone or of refunds alone holds nothing else", () => {
    assert.deepEqual(rowsOfType([payment, refund], "SUCCESS"), [payment]);
    const text = billText(rowsOfType([payment, refund], "REFUND"), "REFUND");
    assert.match(text, /退款申请时间,退款成功时间,微信退款单号/);
    assert.match(text, /`1,`0\.00,`2\.34,`0\.00,`-0\.01000,`0\.00,`2\.34\r\n$/);
  });

  void test("keeps its columns whatever a shop calls its goods", () => {
    const odd = { ...payment, description: "tea, `green`\nand black" };
    const [header, row] = billText([odd], "ALL").split("\r\n");
    assert.equal(row!.split(",`").length, header!.split(",").length);
  });
});
