/** UnionPay's ZM, and the adjustments (ZME) that lie beside it. */
import { StatementFault } from "../../channels/index.ts";
import { createUnionpay } from "../../channels/unionpay/index.ts";
import type { Chance } from "./chance.ts";
import type { Format, Told } from "./format.ts";
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
    return fixed(ZM_LENGTHS, fields);
  });
  return `${records.join("\r\n")}\r\n`;
}

function fixed(lengths: readonly number[], fields: Readonly<Record<number, string>>): string {
  const padded = lengths.map((length, index) => {
    const text = fields[index + 1] ?? "";
    return text + " ".repeat(Math.max(0, length - gbk(text).length));
  });
  return padded.join(" ");
}

const ZME_LENGTHS = [3, 11, 11, 6, 10, 19, 12, 4, 2, 2, 6, 10, 4, 12, 13, 13, 15, 15, 1, 12, 2, 135];

/** Some are not as remembered: those tell no amount. */
function adjustmentsSample(chance: Chance): string {
  const pad = (count: number, value: number) => String(value).padStart(count, "0");
  const records = Array.from({ length: rowsOf(chance) }, () => {
    const fen = 1 + chance.upTo(500_000);
    const [taken, given] = chance.pick([
      ["D", "C"],
      ["C", "D"],
    ]) as [string, string];
    return fixed(ZME_LENGTHS, {
      1: chance.pick(["E74", "E84", "S30"]),
      2: digits(chance, 8),
      3: digits(chance, 8),
      4: digits(chance, 6),
      5: `1119${clock(chance).replaceAll(":", "")}`,
      6: "6226090000000048",
      7: pad(12, fen),
      15: `${given}${pad(12, Math.trunc(fen / 167))}`,
      16: `${taken}${pad(12, fen)}`,
      18: chance.upTo(5) === 0 ? "" : MER_ID,
      22: chance.pick(["", "持卡人否认交易"]),
    });
  });
  return `${records.join("\r\n")}\r\n`;
}

/** By where the fields are. */
function cellsAt(lengths: readonly number[], line: string): string[] {
  const bytes = gbk(line.replace(/\r$/, ""));
  let at = 0;
  return lengths.map((length) => {
    const cell = fromGbk(bytes.subarray(at, at + length)).trim();
    at += length + 1;
    return cell;
  });
}

/** Their key as a line's number shows it, and figures without their letter. */
function adjustmentCells(line: string): string[] {
  const cells = cellsAt(ZME_LENGTHS, line);
  const key = ["ZME", ...cells.slice(1, 5)].join("/");
  return [key, ...cells.map((cell) => cell.replace(/^[CD](?=\d{12}$)/, ""))];
}

async function readAdjustments(original: Buffer): Promise<readonly Told[] | StatementFault> {
  const read = await createUnionpay(deps).readStatement(
    { holder: { mer_id: MER_ID }, channelDate: DAY },
    original,
  );
  if (read instanceof StatementFault) return read;
  return read.lines.map(({ line, channelTradeNo, amount, fee }) => ({
    line,
    texts: [channelTradeNo],
    amounts: amount === 0n && fee === 0n ? [] : [amount - fee, fee],
  }));
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
    cells: (line: string) => cellsAt(ZM_LENGTHS, line),
    minorPerUnit: 100,
  },
  {
    name: "unionpay ZME",
    sample: adjustmentsSample,
    encode: gbk,
    decode: fromGbk,
    pack: (content) =>
      zipOf([
        [Buffer.from(`INN26111988ZM_${MER_ID}`), Buffer.alloc(0)],
        [Buffer.from(`INN26111988ZME_${MER_ID}`), content],
      ]),
    read: readAdjustments,
    count: (text) => text.split("\r\n").filter((line) => line !== "").length,
    cells: adjustmentCells,
    minorPerUnit: 100,
  },
];
