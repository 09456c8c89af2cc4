/** Alipay's detail and fund bills. */
import { createAlipay } from "../../channels/alipay/index.ts";
import type { FundFlowStatement } from "../../channels/index.ts";
import type { Chance } from "./chance.ts";
import type { Format } from "./format.ts";
import {
  clock,
  DAY,
  deps,
  digits,
  fromGbk,
  funds,
  gbk,
  goods,
  lines,
  rowsOf,
  trades,
  yuan,
} from "./format-parts.ts";
import { zipOf } from "./zip-of.ts";

const SELLER = "2088000000000010";

const alipayChannel = createAlipay(deps);
const alipayOf = { holder: { seller_id: SELLER }, channelDate: DAY };
const alipayZip = (content: Buffer) =>
  zipOf([
    [gbk(`${SELLER}0156_20261119_业务明细.csv`), content],
    [gbk(`${SELLER}0156_20261119_业务明细(汇总).csv`), gbk("#支付宝业务汇总查询\r\n")],
  ]);
const alipayHead = (title: string, list: string, header: string) => [
  `#支付宝${title}查询`,
  `#账号：[${SELLER}0156]`,
  "#起始日期：[2026年11月19日 00:00:00]   终止日期：[2026年11月20日 00:00:00]",
  `#-----------------------------------------${list}----------------------------------------`,
  header,
];

const ALIPAY_HEADER =
  "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,订单金额（元）,商家实收（元）," +
  "支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,券名称,商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号," +
  "服务费（元）,分润（元）,备注";

function alipaySample(chance: Chance): string {
  const sums = { 交易: [0, 0], 退款: [0, 0] };
  const rows = Array.from({ length: rowsOf(chance) }, () => {
    const kind = chance.pick(["交易", "交易", "退款"] as const);
    const fen = (1 + chance.upTo(500_000)) * (kind === "交易" ? 1 : -1);
    sums[kind][0] = (sums[kind][0] as number) + 1;
    sums[kind][1] = (sums[kind][1] as number) + fen;
    const time = `${DAY} ${clock(chance)}`;
    const refund = kind === "退款" ? `R${digits(chance, 12)}` : "\t";
    const paid = `${yuan(fen)},${yuan(fen)},0.00,0.00,0.00,0.00,0.00,,0.00\t,0.00`;
    const money = `${paid},${refund},${yuan(-Math.trunc(fen / 167))},0.00`;
    const numbers = `20261119${digits(chance, 20)}\t,T${digits(chance, 14)}\t,${kind}\t`;
    const place = "s1\t,店一\t,op\t,\t,*三(138****0000)\t";
    return `${numbers},${chance.pick(goods)},${time},${time},${place},${money},${chance.pick(goods)}`;
  });
  const total = (kind: "交易" | "退款", word: string) =>
    `#${kind}合计：${sums[kind][0]}笔，商家实收${word}共${yuan(sums[kind][1] as number)}元，商家优惠${word}共0.00元`;
  return [
    ...alipayHead("业务明细", "业务明细列表", ALIPAY_HEADER),
    ...rows,
    "#-----------------------------------------业务明细列表结束------------------------------------",
    total("交易", ""),
    total("退款", "退款"),
    "#导出时间：[2026年11月20日 05:46:49]",
    "",
  ].join("\r\n");
}

function alipayFundSample(chance: Chance): string {
  let balance = 100_000;
  const sums = { came: [0, 0], went: [0, 0] } as Record<"came" | "went", [number, number]>;
  const rows = Array.from({ length: rowsOf(chance) }, () => {
    const isIn = chance.upTo(3) > 0;
    const fen = 1 + chance.upTo(9_000);
    balance += isIn ? fen : -fen;
    const sum = sums[isIn ? "came" : "went"];
    sum[0] += 1;
    sum[1] += isIn ? fen : -fen;
    const money = isIn ? `${yuan(fen)},` : `,-${yuan(fen)}`;
    const name = isIn ? "交易" : "收费";
    const numbers = `1${digits(chance, 12)}\t,20261119${digits(chance, 18)}\t,T${digits(chance, 10)}\t`;
    const head = `${numbers},${chance.pick(goods)},${DAY} ${clock(chance)},*三\t`;
    return `${head},${money},${yuan(balance)},支付宝\t,${name}\t,\t`;
  });
  return [
    ...alipayHead(
      "账务明细",
      "账务明细列表",
      "账务流水号,业务流水号,商户订单号,商品名称,发生时间,对方账号,收入金额（+元）,支出金额（-元）,账户余额（元）,交易渠道,业务类型,备注",
    ),
    ...rows,
    "#-----------------------------------------账务明细列表结束------------------------------------",
    `#支出合计：${sums.went[0]}笔，共${yuan(sums.went[1])}元`,
    `#收入合计：${sums.came[0]}笔，共${yuan(sums.came[1])}元`,
    "#导出时间：[2026年11月20日 05:46:49]",
    "",
  ].join("\r\n");
}

const alipayRows = (text: string) =>
  lines(text).filter((line) => /^[^#]/.test(line.trim()) && !/创建时间|发生时间/.test(line)).length;

export const alipayFormats: readonly Format[] = [
  {
    name: "alipay detail",
    sample: alipaySample,
    encode: gbk,
    decode: fromGbk,
    pack: alipayZip,
    read: async (original) => trades(await alipayChannel.readStatement(alipayOf, original)),
    count: alipayRows,
    cells: (line: string) => line.split(","),
    minorPerUnit: 1,
  },
  {
    name: "alipay fund",
    sample: alipayFundSample,
    encode: gbk,
    decode: fromGbk,
    pack: alipayZip,
    read: async (original) =>
      funds((await alipayChannel.readFundFlow?.(alipayOf, original)) as FundFlowStatement),
    count: alipayRows,
    cells: (line: string) => line.split(","),
    minorPerUnit: 1,
  },
];
