/** The lines of a written statement, read by the channel's own strict reader. */
import { parseStatement as parseAlipay } from "../../../channels/alipay/bill.ts";
import { StatementFault, type StatementLine } from "../../../channels/index.ts";
import { fileOf, readStatement as readStripe } from "../../../channels/stripe/movements.ts";
import { parseAdjustments } from "../../../channels/unionpay/adjustments.ts";
import { parseDetail } from "../../../channels/unionpay/bill.ts";
import { parseStatement as parseWechat } from "../../../channels/wechat/bill.ts";
import {
  alipayStatement,
  stripeMovements,
  UNIONPAY_MER_ID,
  unionpayAdjustments,
  unionpayStatement,
  WECHAT_MCHID,
  type WrittenLine,
  wechatStatement,
} from "./writers.ts";

/** Written as the channel writes it, and read as the platform reads it. */
export async function throughTheFile(
  channel: string,
  channelDate: string,
  lines: readonly WrittenLine[],
  failed: readonly WrittenLine[],
): Promise<readonly StatementLine[]> {
  const nothing = Buffer.alloc(0);
  switch (channel) {
    case "alipay":
      return parseAlipay(alipayStatement(channelDate, lines), nothing).lines;
    case "wechat": {
      const expected = { mchid: WECHAT_MCHID, subMchid: null, channelDate };
      const content = wechatStatement(lines, failed);
      return parseWechat([{ name: null, content }], nothing, expected).lines;
    }
    case "unionpay": {
      const expected = { merId: UNIONPAY_MER_ID, channelDate };
      const [adjustments, trades] = [true, false].map((wanted) =>
        lines.filter(({ channelTradeNo }) => channelTradeNo.startsWith("ZME/") === wanted),
      ) as [WrittenLine[], WrittenLine[]];
      const adjusted = parseAdjustments(unionpayAdjustments(adjustments), expected).lines;
      return [...parseDetail(unionpayStatement(trades), expected), ...adjusted];
    }
    case "stripe":
      return readMovements(channelDate, lines);
    default:
      throw new Error(`nobody writes statements of ${channel}`);
  }
}

async function readMovements(
  channelDate: string,
  written: readonly WrittenLine[],
): Promise<readonly StatementLine[]> {
  const of = { channelDate, holder: { account_id: "acct_1" } };
  const read = await readStripe(of, fileOf(stripeMovements(written)));
  if (read instanceof StatementFault) throw read;
  return read.lines;
}
