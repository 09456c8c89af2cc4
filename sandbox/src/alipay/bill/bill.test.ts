import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { inflateRawSync } from "node:zlib";
import iconv from "iconv-lite";
import { type Bench, startBench } from "../../testing/bench.ts";
import { type TestClock, testClock } from "../../testing/clock.ts";

let bench: Bench;
let clock: TestClock;
const start = "2026-11-19T02:55:16Z";
const day = "2026-11-19";

before(async () => {
  clock = testClock(start);
  bench = await startBench({ clock, app: { pid: "2088000000000001" } });
});
after(() => bench.stop());

type Entry = { name: string; flags: number; text: string };

/** Reads a ZIP file by its central directory. */
function unzip(file: Buffer): Entry[] {
  const end = file.lastIndexOf(Buffer.from("504b0506", "hex"));
  const entries: Entry[] = [];
  let at = file.readUInt32LE(end + 16);
  for (let left = file.readUInt16LE(end + 10); left > 0; left -= 1) {
    const [packed, nameLength] = [file.readUInt32LE(at + 20), file.readUInt16LE(at + 28)];
    const local = file.readUInt32LE(at + 42);
    const data = local + 30 + file.readUInt16LE(local + 26) + file.readUInt16LE(local + 28);
    const content = inflateRawSync(file.subarray(data, data + packed));
    assert.equal(content.length, file.readUInt32LE(at + 24));
    entries.push({
      name: iconv.decode(file.subarray(at + 46, at + 46 + nameLength), "gbk"),
      flags: file.readUInt16LE(at + 8),
      text: iconv.decode(content, "gbk"),
    });
    at += 46 + nameLength;
  }
  return entries;
}

const download = (date: string) =>
  bench.merchant.exec("alipay.data.dataservice.bill.downloadurl.query", {
    bill_type: "trade",
    bill_date: date,
  });

async function bill(date: string): Promise<Entry[]> {
  const answer = await download(date);
  assert.equal(answer.code, "10000", JSON.stringify(answer));
  return unzip(Buffer.from(await (await fetch(answer.bill_download_url!)).arrayBuffer()));
}

/** The lines of the detail text between header and end, cells trimmed of their TABs. */
function rows(entries: Entry[]): string[][] {
  const lines = entries[0]!.text.split("\r\n");
  const header = lines.findIndex((line) => line.startsWith("支付宝交易号"));
  const end = lines.findIndex((line, index) => index > header && line.startsWith("#"));
  return lines.slice(header + 1, end).map((line) => line.split(",").map((one) => one.replace("\t", "")));
}

void describe("the bill of a day", () => {
  void test("is, byte for byte, what Alipay's looks like", async () => {
    const till = { store_id: "store1", operator_id: "op1", subject: "测试商品" };
    const code = await bench.precreate("T20261119001", "12.34", till);
    await bench.post("/wallet/scan", { code });
    await clock.advance(7_000);
    await bench.post("/wallet/pay", { code });
    await clock.advance(3_685_000);
    const refund = { out_trade_no: "T20261119001", refund_amount: "2.34", out_request_no: "R20261119001" };
    await bench.merchant.exec("alipay.trade.refund", refund);
    const { trade_no: tradeNo } = await bench.query("T20261119001");

    const closed = await bench.post("/alipay/close-day", { app_id: bench.merchant.appId });
    const [totals] = closed.body.bills as object[];
    assert.deepEqual(totals, {
      app_id: bench.merchant.appId,
      seller_id: "2088000000000001",
      date: day,
      published_at: clock.now().toISOString(),
      published_at_beijing: "2026-11-19 11:56:48",
      currency: "CNY",
      rows: 2,
      payments: { count: 1, amount: 1234, receipt: 1234, fee: 7 },
      refunds: { count: 1, amount: 234, receipt: 234, fee: 1 },
      net: 994,
    });

    const entries = await bill(day);
    const name = "20880000000000010156_20261119_业务明细";
    assert.deepEqual(
      entries.map((entry) => entry.name),
      [`${name}.csv`, `${name}(汇总).csv`],
    );
    assert.ok(
      entries.every((entry) => (entry.flags & 0x800) === 0),
      "the names do not claim to be UTF-8",
    );
    const heading = [
      "#账号：[20880000000000010156]",
      "#起始日期：[2026年11月19日 00:00:00]   终止日期：[2026年11月20日 00:00:00]",
    ];
    assert.deepEqual(entries[0]!.text.split("\r\n"), [
      "#支付宝业务明细查询",
      ...heading,
      "#-----------------------------------------业务明细列表----------------------------------------",
      "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户," +
        "订单金额（元）,商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）," +
        "券核销金额（元）,券名称,商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注",
      `${tradeNo}\t,T20261119001\t,交易\t,测试商品,2026-11-19 10:55:16,2026-11-19 10:55:23,store1\t,store1\t,` +
        "op1\t,\t,*三(138****0000)\t,12.34,12.34,0.00,0.00,0.00,0.00,0.00,,0.00\t,0.00,\t,-0.07,0.00,测试商品",
      `${tradeNo}\t,T20261119001\t,退款\t,测试商品,2026-11-19 10:55:16,2026-11-19 11:56:48,store1\t,store1\t,` +
        "op1\t,\t,*三(138****0000)\t,-2.34,-2.34,0.00,0.00,0.00,0.00,0.00,,0.00\t,0.00," +
        "R20261119001\t,0.01,0.00,测试商品",
      "#-----------------------------------------业务明细列表结束------------------------------------",
      "#交易合计：1笔，商家实收共12.34元，商家优惠共0.00元",
      "#退款合计：1笔，商家实收退款共-2.34元，商家优惠退款共0.00元",
      "#导出时间：[2026年11月19日 11:56:48]",
      "",
    ]);
    assert.deepEqual(entries[1]!.text.split("\r\n"), [
      "#支付宝业务汇总查询",
      ...heading,
      "#-----------------------------------------业务汇总列表----------------------------------------",
      "门店编号,门店名称,交易订单总笔数,退款订单总笔数,订单金额（元）,商家实收（元）,支付宝优惠（元）,商家优惠（元）," +
        "卡消费金额（元）,服务费（元）,分润（元）,实收净额（元）",
      "store1\t,store1\t,1,1,10.00,10.00,0.00,0.00,0.00,-0.06,0.00,9.94",
      "合计\t,\t,1,1,10.00,10.00,0.00,0.00,0.00,-0.06,0.00,9.94",
      "#----------------------------------------业务汇总列表结束-------------------------------------",
      "#导出时间：[2026年11月19日 11:56:48]",
      "",
    ]);
  });

  void test("can be fetched for thirty seconds", async () => {
    const url = (await download(day)).bill_download_url!;
    await clock.advance(29_999);
    assert.equal((await fetch(url)).status, 200);
    await clock.advance(1);
    assert.equal((await fetch(url)).status, 403);
    assert.equal((await fetch(`${url}x`)).status, 403);
  });

  void test("shows what the seller's voucher took from the receipt", async () => {
    const code = await bench.precreate("VOUCHER1", "10.00");
    await bench.post("/wallet/pay", { code, voucher_amount: 250 });
    await bench.post("/alipay/close-day");
    const [row] = rows(await bill(day)).filter((cells) => cells[1] === "VOUCHER1");
    assert.deepEqual(row!.slice(11, 19), [
      "10.00",
      "7.50",
      "0.00",
      "0.00",
      "0.00",
      "2.50",
      "0.00",
      "商家优惠券",
    ]);
    assert.equal(row![22], "-0.05");
    const found = await bench.query("VOUCHER1");
    assert.deepEqual([found.total_amount, found.receipt_amount], ["10.00", "7.50"]);
  });

  const differences: [string, (orderNos: string[], paid: string) => void][] = [
    ["missing_row", (orderNos) => assert.ok(!orderNos.includes("DIFF_missing_row"))],
    [
      "duplicate_row",
      (orderNos) => assert.equal(orderNos.filter((one) => one === "DIFF_duplicate_row").length, 2),
    ],
    ["extra_row", (orderNos) => assert.equal(orderNos.filter((one) => one.startsWith("X")).length, 1)],
    ["amount_off", (_, paid) => assert.match(paid, /^1\.01 1\.01 -0\.01$/)],
    ["fee_difference", (_, paid) => assert.match(paid, /^1\.00 1\.00 -0\.02$/)],
  ];
  for (const [difference, check] of differences) {
    void test(`disagrees on demand: ${difference}`, async () => {
      const outTradeNo = `DIFF_${difference}`;
      await bench.paid(outTradeNo, "1.00");
      const match = difference === "extra_row" ? {} : { out_trade_no: outTradeNo };
      const id = await bench.arm("bill_disagrees", { match, count: 1, params: { difference } });
      await bench.post("/alipay/close-day");
      const found = rows(await bill(day));
      const own = found.find((cells) => cells[1] === outTradeNo);
      check(
        found.map((cells) => cells[1]!),
        own ? `${own[11]} ${own[12]} ${own[22]}` : "",
      );
      await fetch(`${bench.url}/faults/${id}`, { method: "DELETE" });
    });
  }

  void test("moves a line to the next day on demand, and is there at nine by itself", async () => {
    await bench.paid("DIFF_day", "1.00");
    await bench.arm("bill_disagrees", {
      match: { out_trade_no: "DIFF_day" },
      params: { difference: "wrong_day" },
    });
    await bench.post("/alipay/close-day");
    assert.ok(!rows(await bill(day)).some((cells) => cells[1] === "DIFF_day"));
    const nineNextDay = Date.parse("2026-11-20T01:00:00Z");
    await clock.advance(nineNextDay - clock.now().getTime() - 1);
    assert.equal((await download("2026-11-20")).sub_code, "isp.bill_not_exist");
    await clock.advance(24 * 3_600_000 + 1);
    const [row] = rows(await bill("2026-11-20"));
    assert.deepEqual([row![1], row![4], row![5]], ["DIFF_day", "2026-11-19 23:59:59", "2026-11-20 00:00:00"]);
    assert.ok(rows(await bill(day)).length > 5);
  });

  void test("of a month is there from the third of the next", async () => {
    assert.equal((await download("2026-11")).sub_code, "isp.bill_not_exist");
    await clock.advance(Date.parse("2026-12-03T01:00:00Z") - clock.now().getTime());
    const month = await bill("2026-11");
    assert.equal(month[0]!.name, "20880000000000010156_202611_业务明细.csv");
    assert.match(
      month[0]!.text,
      /起始日期：\[2026年11月01日 00:00:00\] {3}终止日期：\[2026年12月01日 00:00:00\]/,
    );
    assert.ok(rows(month).length > 6);
  });

  for (const [date, subCode] of [
    ["2026-13-01", "isv.invalid-arguments"],
    ["yesterday", "isv.invalid-arguments"],
    ["2015-12-31", "isv.invalid-arguments"],
    ["2099-01-01", "isv.invalid-arguments"],
    ["2026-10-01", "isp.bill_not_exist"],
  ] as const) {
    void test(`of ${date} is answered ${subCode}`, async () => {
      assert.equal((await download(date)).sub_code, subCode);
    });
  }
});
