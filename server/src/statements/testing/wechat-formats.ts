/** WeChat Pay's trade bills in each layout, and its fund bill. */
import { gzipSync } from "node:zlib";
import type { FundFlowStatement } from "../../channels/index.ts";
import type { TradeBillType } from "../../channels/wechat/bill.ts";
import { createWechat } from "../../channels/wechat/index.ts";
import type { Chance } from "./chance.ts";
import type { Format } from "./format.ts";
import {
  clock,
  DAY,
  deps,
  digits,
  fromUtf8,
  funds,
  goods,
  rowsOf,
  startingWith,
  trades,
  utf8,
  yuan,
} from "./format-parts.ts";
import { zipOf } from "./zip-of.ts";

const MCHID = "1900000001";

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

export const wechatFormats: readonly Format[] = [
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
];
