import { gzipSync } from "node:zlib";
import iconv from "iconv-lite";
import { createAlipay } from "../../channels/alipay/index.ts";
import { type FundFlowStatement, type Statement, StatementFault } from "../../channels/index.ts";
import { readStatement as readStripe } from "../../channels/stripe/movements.ts";
import { createUnionpay } from "../../channels/unionpay/index.ts";
import type { TradeBillType } from "../../channels/wechat/bill.ts";
import { createWechat } from "../../channels/wechat/index.ts";
import type { Chance } from "./chance.ts";
import type { Format, Told } from "./format.ts";
import { zipOf } from "./zip-of.ts";

const DAY = "2026-11-19";
const SELLER = "2088000000000010";
const MCHID = "1900000001";
const MER_ID = "777290058110048";

/** Reading needs nothing of what calls need. */
const deps = null as never;
const gbk = (text: string) => iconv.encode(text, "gbk");
const fromGbk = (content: Buffer) => iconv.decode(content, "gbk");
const utf8 = (text: string) => Buffer.from(text);
const fromUtf8 = (content: Buffer) => content.toString();
const yuan = (fen: number) => (fen / 100).toFixed(2);
const digits = (chance: Chance, count: number) =>
  Array.from({ length: count }, () => chance.upTo(10)).join("");
const rowsOf = (chance: Chance) => 2 + chance.upTo(5);
const clock = (chance: Chance) =>
  [8 + chance.upTo(12), chance.upTo(60), chance.upTo(60)]
    .map((part) => String(part).padStart(2, "0"))
    .join(":");
const goods = ["茶", "大杯拿铁", "测试商品", "Tea & cake", "礼盒（一）"];

function trades(read: Statement | StatementFault): readonly Told[] | StatementFault {
  if (read instanceof StatementFault) return read;
  return read.lines.map(({ line, channelOrderNo, channelTradeNo, channelRefundNo, amount }) => ({
    line,
    texts: [channelOrderNo, channelTradeNo, channelRefundNo].filter((text) => text !== null && text !== ""),
    amounts: [amount],
  })) as readonly Told[];
}

function funds(read: FundFlowStatement | StatementFault): readonly Told[] | StatementFault {
  if (read instanceof StatementFault) return read;
  return read.lines.map(({ line, flowNo, kind, amountMillionths, balanceMillionths }) => ({
    line,
    texts: [flowNo, kind],
    amounts:
      amountMillionths % 10_000n === 0n ? [amountMillionths / 10_000n, balanceMillionths / 10_000n] : [],
  }));
}

const lines = (text: string) => text.split(/\r?\n/);
const startingWith = (mark: string) => (text: string) =>
  lines(text).filter((line) => line.startsWith(mark)).length;

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

const WECHAT_HEAD =
  "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额";
const WECHAT_REFUND = "微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态";
const WECHAT_TAIL = "商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注";
const WECHAT_HEADERS: Readonly<Record<TradeBillType, string>> = {
  ALL: `${WECHAT_HEAD},${WECHAT_REFUND},${WECHAT_TAIL}`,
  SUCCESS: `${WECHAT_HEAD},商品名称,商户数据包,手续费,费率,订单金额,费率备注`,
  REFUND: `${WECHAT_HEAD},退款申请时间,退款成功时间,${WECHAT_REFUND},${WECHAT_TAIL}`,
};
const fee5 = (units: number) => (units / 100_000).toFixed(5);

function wechatSample(type: TradeBillType): (chance: Chance) => string {
  return (chance) => {
    const sum = { count: 0, settled: 0, refunded: 0, fee: 0 };
    const rows = Array.from({ length: rowsOf(chance) }, () => {
      const isRefund = type === "REFUND" || (type === "ALL" && chance.upTo(3) === 0);
      const fen = 1 + chance.upTo(400_000);
      const fee = fen * 6 * (isRefund ? -1 : 1);
      sum.count += 1;
      sum[isRefund ? "refunded" : "settled"] += fen;
      sum.fee += fee;
      const at = `${DAY} ${clock(chance)}`;
      const [paid, back] = isRefund ? ["0.00", yuan(fen)] : [yuan(fen), "0.00"];
      const head = [
        at,
        "wx2421b1c4370ec43b",
        MCHID,
        "0",
        "",
        `42${digits(chance, 26)}`,
        `T${digits(chance, 14)}`,
      ];
      const state = isRefund ? "REFUND" : "SUCCESS";
      const trade = ["oUpF8uMuAJO", "NATIVE", state, "OTHERS", "CNY", paid, "0.00"];
      const times = type === "REFUND" ? [at, at] : [];
      const refund = isRefund
        ? [`503${digits(chance, 20)}`, `R${digits(chance, 12)}`, back, "0.00", "ORIGINAL", "SUCCESS"]
        : ["0", "0", "0.00", "0.00", "", ""];
      const packed = chance.pick(["", "a,b", "{'k':1}"]);
      const tail = [chance.pick(goods), packed, fee5(fee), "0.60%", paid];
      const cells =
        type === "SUCCESS"
          ? [...head, ...trade, ...tail, ""]
          : [...head, ...trade, ...times, ...refund, ...tail, back, ""];
      return cells.map((cell) => `\`${cell}`).join(",");
    });
    const paid = yuan(sum.settled);
    const back = yuan(sum.refunded);
    const summary =
      type === "SUCCESS"
        ? ["总交易单数,应结订单总金额,手续费总金额,订单总金额", [sum.count, paid, fee5(sum.fee), paid]]
        : [
            "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额",
            [sum.count, paid, back, "0.00", fee5(sum.fee), paid, back],
          ];
    const figures = (summary[1] as (string | number)[]).map((figure) => `\`${figure}`).join(",");
    return [`\uFEFF${WECHAT_HEADERS[type]}`, ...rows, summary[0], figures, ""].join("\r\n");
  };
}

function wechatFundSample(chance: Chance): string {
  let millis = 1_000_000;
  const sum = { in: [0, 0], out: [0, 0] } as Record<"in" | "out", [number, number]>;
  const rows = Array.from({ length: rowsOf(chance) }, () => {
    const way = chance.upTo(3) > 0 ? "in" : "out";
    const amount = 1 + chance.upTo(90_000);
    millis += way === "in" ? amount : -amount;
    sum[way][0] += 1;
    sum[way][1] += amount;
    const cells = [
      `${DAY} ${clock(chance)}`,
      `42${digits(chance, 24)}`,
      `19${digits(chance, 16)}`,
      "交易",
      way === "in" ? "交易" : "扣除交易手续费",
      way === "in" ? "收入" : "支出",
      yuan(amount),
      yuan(millis),
      "system",
      chance.pick(goods),
      `T${digits(chance, 12)}`,
    ];
    return cells.map((cell) => `\`${cell}`).join(",");
  });
  const figures = [sum.in[0] + sum.out[0], sum.in[0], yuan(sum.in[1]), sum.out[0], yuan(sum.out[1])];
  return [
    "\uFEFF记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),资金变更提交申请人,备注,业务凭证号",
    ...rows,
    "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额",
    figures.map((figure) => `\`${figure}`).join(","),
    "",
  ].join("\r\n");
}

const wechatChannel = createWechat(deps);
const wechatOf = { holder: { mchid: MCHID }, channelDate: DAY };
/** Records begin with a backtick, and so does the summary's line of figures. */
const wechatRows = (text: string) => startingWith("`")(text) - 1;
const wechat = {
  spread: 3,
  encode: utf8,
  decode: fromUtf8,
  count: wechatRows,
  // A name may go on in the next line; the last cell of a record does not.
  cells: (line: string) => [line, ...line.split("\n")].flatMap((part) => part.replace(/^`/, "").split(",`")),
  minorPerUnit: 1,
};

/** The other half of a day on which only one kind of movement happened. */
const wechatNothing: Readonly<Record<"SUCCESS" | "REFUND", string>> = {
  SUCCESS: `${WECHAT_HEADERS.SUCCESS}\n总交易单数,应结订单总金额,手续费总金额,订单总金额\n\`0,\`0,\`0,\`0\n`,
  REFUND:
    `${WECHAT_HEADERS.REFUND}\n总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额\n` +
    "`0,`0,`0,`0,`0,`0,`0\n",
};

function wechatPacked(type: TradeBillType): (content: Buffer) => Buffer {
  if (type === "ALL") return (content) => gzipSync(content);
  const other = type === "SUCCESS" ? "REFUND" : "SUCCESS";
  return (content) =>
    zipOf([
      [Buffer.from(`${type}.csv`), content],
      [Buffer.from(`${other}.csv`), utf8(wechatNothing[other])],
    ]);
}

function wechatLayout(type: TradeBillType): Format {
  return {
    ...wechat,
    name: `wechat ${type}`,
    sample: wechatSample(type),
    pack: wechatPacked(type),
    read: async (original) => trades(await wechatChannel.readStatement(wechatOf, original)),
  };
}

const ZM_LENGTHS = [
  3, 11, 11, 6, 10, 19, 12, 4, 2, 21, 2, 32, 2, 6, 10, 13, 13, 4, 15, 2, 2, 6, 2, 4, 32, 1, 21, 15, 1, 15, 32,
  13, 13, 8, 32, 13, 13, 12, 2, 1, 32, 98,
];

function unionpaySample(chance: Chance): string {
  const pad = (count: number, value: number) => String(value).padStart(count, "0");
  const records = Array.from({ length: rowsOf(chance) }, () => {
    const isRefund = chance.upTo(3) === 0;
    const fen = 1 + chance.upTo(500_000);
    const fee = Math.trunc(fen / 167);
    const order = `T${digits(chance, 15)}`;
    const fields: Record<number, string> = {
      1: isRefund ? "S30" : "S22",
      5: `1119${clock(chance).replaceAll(":", "")}`,
      6: "6216***********0018",
      7: pad(12, fen),
      10: digits(chance, 21),
      12: isRefund ? `R${digits(chance, 15)}` : order,
      16: `${isRefund ? "C" : "D"}${pad(12, fee)}`,
      17: `${isRefund ? "D" : "C"}${pad(12, fen - fee)}`,
      20: isRefund ? "04" : "01",
      28: MER_ID,
      31: "测试商户",
      35: chance.pick(goods.slice(0, 3)),
      ...(isRefund ? { 27: digits(chance, 21), 41: order } : {}),
    };
    return ZM_LENGTHS.map((length, index) => {
      const text = fields[index + 1] ?? "";
      return text + " ".repeat(Math.max(0, length - gbk(text).length));
    }).join(" ");
  });
  return `${records.join("\r\n")}\r\n`;
}

function stripeSample(chance: Chance): string {
  const rows = Array.from({ length: rowsOf(chance) }, (_, index) => {
    const isRefund = chance.upTo(3) === 0;
    const isOwn = chance.upTo(4) === 0;
    const amount = (1 + chance.upTo(90_000)) * (isRefund ? -1 : 1);
    const fee = isRefund ? 0 : 30 + chance.upTo(500);
    const created = 1_795_000_000 + index * 600;
    const source = {
      id: `${isRefund ? "re" : "ch"}_${digits(chance, 12)}`,
      object: isRefund ? "refund" : "charge",
      currency: "usd",
      created,
      description: "Tea",
      payment_intent: `pi_${digits(chance, 14)}`,
      metadata: {
        channel_order_no: `att${digits(chance, 26)}`,
        ...(isRefund ? { channel_refund_no: `rfd${digits(chance, 26)}` } : {}),
      },
    };
    const type = isOwn ? "stripe_fee" : isRefund ? "refund" : "charge";
    const head = {
      amount,
      created,
      currency: "usd",
      fee,
      id: `txn_${digits(chance, 12)}`,
      net: amount - fee,
    };
    return JSON.stringify({ ...head, object: "balance_transaction", source: isOwn ? null : source, type });
  });
  return rows.map((row) => `${row}\n`).join("");
}

const stripeOf = { holder: { account_id: "acct_1" }, channelDate: "2026-11-18" };

/** Every form in which a channel hands out what it says. */
export const channelFormats: readonly Format[] = [
  {
    name: "alipay detail",
    sample: alipaySample,
    encode: gbk,
    decode: fromGbk,
    pack: alipayZip,
    read: async (original) => trades(await alipayChannel.readStatement(alipayOf, original)),
    count: alipayRows,
    cells: (line: string) => line.split(/[,\t]/),
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
    cells: (line: string) => line.split(/[,\t]/),
    minorPerUnit: 1,
  },
  wechatLayout("ALL"),
  wechatLayout("SUCCESS"),
  wechatLayout("REFUND"),
  {
    ...wechat,
    name: "wechat fund",
    sample: wechatFundSample,
    pack: (content) => gzipSync(content),
    read: async (original) =>
      funds((await wechatChannel.readFundFlow?.(wechatOf, original)) as FundFlowStatement),
  },
  {
    name: "unionpay ZM",
    sample: unionpaySample,
    encode: gbk,
    decode: fromGbk,
    pack: (content) => zipOf([[Buffer.from(`INN26111988ZM_${MER_ID}`), content]]),
    read: async (original) =>
      trades(
        await createUnionpay(deps).readStatement({ holder: { mer_id: MER_ID }, channelDate: DAY }, original),
      ),
    count: (text) => text.split("\r\n").filter((line) => line !== "").length,
    cells: (line: string) => line.split(/ +/),
    minorPerUnit: 100,
  },
  {
    name: "stripe movements",
    sample: stripeSample,
    encode: utf8,
    decode: fromUtf8,
    pack: (content) => content,
    read: async (original) => trades(await readStripe(stripeOf, original)),
    count: (text) =>
      text.split("\n").filter((line) => /"type":"(charge|refund|stripe_fee)"/.test(line)).length,
    cells: (line: string) => line.split(/[",:{}]/),
    minorPerUnit: 100,
  },
];
