/** What samples of all channels' statements are made of. */
import iconv from "iconv-lite";
import { type FundFlowStatement, type Statement, StatementFault } from "../../channels/index.ts";
import type { Chance } from "./chance.ts";
import type { Told } from "./format.ts";

export const DAY = "2026-11-19";

/** Reading needs nothing of what calls need. */
export const deps = null as never;
export const gbk = (text: string) => iconv.encode(text, "gbk");
export const fromGbk = (content: Buffer) => iconv.decode(content, "gbk");
export const utf8 = (text: string) => Buffer.from(text);
export const fromUtf8 = (content: Buffer) => content.toString();
export const yuan = (fen: number) => (fen / 100).toFixed(2);
export const digits = (chance: Chance, count: number) =>
  Array.from({ length: count }, () => chance.upTo(10)).join("");
export const rowsOf = (chance: Chance) => 2 + chance.upTo(5);
export const clock = (chance: Chance) =>
  [8 + chance.upTo(12), chance.upTo(60), chance.upTo(60)]
    .map((part) => String(part).padStart(2, "0"))
    .join(":");
export const goods = ["茶", "大杯拿铁", "测试商品", "Tea & cake", "礼盒（一）"];

export function trades(read: Statement | StatementFault): readonly Told[] | StatementFault {
  if (read instanceof StatementFault) return read;
  return read.lines.map(({ line, channelOrderNo, channelTradeNo, channelRefundNo, amount }) => ({
    line,
    texts: [channelOrderNo, channelTradeNo, channelRefundNo].filter((text) => text !== null && text !== ""),
    amounts: [amount],
  })) as readonly Told[];
}

export function funds(read: FundFlowStatement | StatementFault): readonly Told[] | StatementFault {
  if (read instanceof StatementFault) return read;
  return read.lines.map(({ line, flowNo, kind, amountMillionths, balanceMillionths }) => ({
    line,
    texts: [flowNo, kind],
    amounts:
      amountMillionths % 10_000n === 0n ? [amountMillionths / 10_000n, balanceMillionths / 10_000n] : [],
  }));
}

export const lines = (text: string) => text.split(/\r?\n/);
export const startingWith = (mark: string) => (text: string) =>
  lines(text).filter((line) => line.startsWith(mark)).length;
