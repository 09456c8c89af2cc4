/** UnionPay's ZM. */
import { createUnionpay } from "../../channels/unionpay/index.ts";
import type { Chance } from "./chance.ts";
import type { Format } from "./format.ts";
import { clock, DAY, deps, digits, fromGbk, gbk, goods, rowsOf, trades } from "./format-parts.ts";
import { zipOf } from "./zip-of.ts";

const MER_ID = "777290058110048";

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

export const unionpayFormats: readonly Format[] = [
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
];
