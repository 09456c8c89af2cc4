import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { inflateRawSync, inflateSync } from "node:zlib";
import iconv from "iconv-lite";
import { type TestClock, testClock } from "../../testing/clock.ts";
import { type Form, startUnionpayBench, type UnionpayBench } from "../../testing/unionpay.ts";
import { zmLengths } from "./zm.ts";

const hour = 3_600_000;
let bench: UnionpayBench;
let clock: TestClock;

before(async () => {
  clock = testClock("2026-11-20T01:30:00Z");
  bench = await startUnionpayBench({ clock });
});
after(() => bench.stop());

const asked = { txnType: "76", txnSubType: "01", bizType: "000000", fileType: "00" };
const fetchFile = (settleDate: string): Promise<Form> => bench.call("file", { ...asked, settleDate });

/** The files of a fileContent, by name; read from the archive's directory as any reader would. */
function filesIn(fileContent: string): Map<string, Buffer> {
  const zip = inflateSync(Buffer.from(fileContent, "base64"));
  const files = new Map<string, Buffer>();
  const end = zip.lastIndexOf(Buffer.from("504b0506", "hex"));
  let at = zip.readUInt32LE(end + 16);
  for (let left = zip.readUInt16LE(end + 10); left > 0; left -= 1) {
    const [packed, nameLength] = [zip.readUInt32LE(at + 20), zip.readUInt16LE(at + 28)];
    const local = zip.readUInt32LE(at + 42);
    const name = zip.subarray(at + 46, at + 46 + nameLength).toString("latin1");
    const start = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
    files.set(name, inflateRawSync(zip.subarray(start, start + packed)));
    at += 46 + nameLength + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32);
  }
  return files;
}

/** The lines of the ZM file, cut at 607 bytes and CRLF. */
function linesIn(content: string, day: string): Buffer[] {
  const zm = filesIn(content).get(`INN${day}88ZM_${bench.merId}`)!;
  assert.equal(zm.length % 609, 0);
  return Array.from({ length: zm.length / 609 }, (_, index) => {
    const line = zm.subarray(index * 609, index * 609 + 609);
    assert.equal(line.subarray(607).toString("latin1"), "\r\n");
    return line.subarray(0, 607);
  });
}

/** What stands at an offset in bytes, as the layout of the reference counts it. */
const cut = (line: Buffer, from: number, length: number): string =>
  iconv.decode(line.subarray(from, from + length), "gbk");

void describe("the layout of a ZM line", () => {
  void test("is the reference's 42 fields, 566 bytes, 607 with the spaces between them", () => {
    assert.equal(zmLengths.length, 42);
    const sum = zmLengths.reduce<number>((total, length) => total + length, 0);
    assert.deepEqual([sum, sum + 41], [566, 607]);
  });
});

void describe("the statement of a clearing day", () => {
  void test("is not there before it is published", async () => {
    const none = await fetchFile("1120");
    assert.deepEqual([none.respCode, none.fileContent], ["98", undefined]);
    assert.equal(none.orderId, undefined);
  });

  void test("has a payment's fields where the layout puts them", async () => {
    const queryId = await bench.paid("STATE00001", { reqReserved: "茶壶十二把，含运费与包装费共计一百元" });
    const { body } = await bench.post("/unionpay/close-day", { mer_id: bench.merId });
    assert.deepEqual((body.bills as object[])[0], {
      mer_id: bench.merId,
      date: "2026-11-20",
      published_at: "2026-11-20T01:30:00.000Z",
      published_at_beijing: "2026-11-20 09:30:00",
      currency: "CNY",
      rows: 1,
      payments: { count: 1, amount: 1234, fee: 7 },
      refunds: { count: 0, amount: 0, fee: 0 },
      voids: { count: 0, amount: 0, fee: 0 },
      net: 1227,
    });
    const { respCode, fileName, fileContent } = await fetchFile("1120");
    assert.deepEqual([respCode, fileName], ["00", `${bench.merId}_20261120.zip`]);
    const names = [...filesIn(fileContent!).keys()];
    assert.deepEqual(names, [`INN26112088ZM_${bench.merId}`, `INN26112088ZME_${bench.merId}`]);
    const [line] = linesIn(fileContent!, "261120");
    const [told] = await bench.hear("STATE00001", 1);
    for (const [what, from, length, is] of [
      ["trade code", 0, 3, "S22"],
      ["trace number", 28, 6, told!.traceNo!],
      ["time", 35, 10, "1120093000"],
      ["card", 46, 19, "6216***********0018"],
      ["amount", 66, 12, "000000001234"],
      ["category", 79, 4, "5411"],
      ["terminal type", 84, 2, "08"],
      ["query number", 87, 21, queryId],
      ["order number", 112, 32, "STATE00001".padEnd(32)],
      ["card type", 145, 2, "01"],
      ["original trace number", 148, 6, "      "],
      ["fee", 166, 13, "D000000000007"],
      ["settled amount", 180, 13, "C000000001227"],
      ["transaction type", 215, 2, "01"],
      ["transaction subtype", 218, 2, "07"],
      ["business type", 221, 6, "000000"],
      ["original query number", 271, 21, " ".repeat(21)],
      ["merchant", 293, 15, bench.merId],
      ["net", 374, 13, "C000000001227"],
      ["merchant's own", 397, 32, "茶壶十二把，含运费与包装费共计一"],
      ["discount", 430, 13, "C000000000000"],
      ["instalment fee", 458, 12, "C00000000000"],
      ["reserve", 509, 98, " ".repeat(98)],
    ] as const) {
      assert.equal(cut(line!, from, length), is, what);
    }
  });

  void test("has voids of the day, and refunds of the days on which they were made", async () => {
    const voided = await bench.paid("STATE00002");
    await bench.voidPayment("STATE0002V", voided, 1234);
    const queryId = (await bench.query("STATE00001")).queryId!;
    await clock.advance(14 * hour);
    await bench.refund("STATE0001R", queryId, 617);
    await bench.post("/unionpay/close-day", { date: "2026-11-20" });
    await bench.post("/unionpay/close-day");
    const first = linesIn((await fetchFile("1120")).fileContent!, "261120");
    assert.deepEqual(
      first.map((line) => cut(line, 0, 3)),
      ["S22", "S22", "S31"],
    );
    assert.deepEqual([cut(first[2]!, 166, 13), cut(first[2]!, 374, 13)], ["C000000000007", "D000000001227"]);
    assert.equal(cut(first[2]!, 271, 21), voided);
    assert.equal(cut(first[2]!, 476, 32).trim(), "STATE00002");
    const [refund, ...rest] = linesIn((await fetchFile("1121")).fileContent!, "261121");
    assert.equal(rest.length, 0);
    for (const [from, length, is] of [
      [0, 3, "S30"],
      [66, 12, "000000000617"],
      [112, 32, "STATE0001R".padEnd(32)],
      [155, 10, "1120093000"],
      [166, 13, "C000000000004"],
      [180, 13, "D000000000613"],
      [215, 2, "04"],
      [271, 21, queryId],
    ] as const) {
      assert.equal(cut(refund!, from, length), is);
    }
  });

  void test("does not know of what was reversed", async () => {
    await bench.chargeCode("STATE00003", await bench.newCode());
    const { body: before_ } = await bench.post("/unionpay/close-day");
    await bench.reverse("STATE00003");
    const { body: after_ } = await bench.post("/unionpay/close-day");
    const rows = (body: Record<string, unknown>) => (body.bills as { rows: number }[])[0]!.rows;
    assert.equal(rows(before_) - rows(after_), 1);
  });

  void test("is whole and there by itself from nine the next morning", async () => {
    await bench.paid("STATE00004");
    await clock.advance(33.5 * hour - 1);
    const early = await fetchFile("1121");
    assert.equal(linesIn(early.fileContent!, "261121").length, 1);
    await clock.advance(1);
    const lines = linesIn((await fetchFile("1121")).fileContent!, "261121");
    assert.deepEqual(
      lines.map((line) => cut(line, 112, 32).trim()),
      ["STATE0001R", "STATE00004"],
    );
    assert.equal((await fetchFile("1122")).respCode, "98");
    assert.equal((await fetchFile("1119")).respCode, "98");
  });

  for (const [title, more, code] of [
    ["no settleDate", {}, "13"],
    ["an odd settleDate", { settleDate: "1331" }, "10"],
    ["another fileType", { settleDate: "1120", fileType: "01" }, "10"],
  ] as const) {
    void test(`is refused with ${code} for ${title}`, async () => {
      assert.equal((await bench.call("file", { ...asked, ...more })).respCode, code);
    });
  }
});

void describe("a statement that disagrees", () => {
  const difference = async (orderId: string, how: string, line: boolean): Promise<Buffer[]> => {
    await bench.paid(orderId);
    const match = line ? { out_trade_no: orderId } : {};
    await bench.arm("bill_disagrees", { match, count: 1, params: { difference: how } });
    const { body } = await bench.post("/unionpay/close-day");
    const date = body.date as string;
    const { fileContent } = await fetchFile(date.slice(5).replace("-", ""));
    return linesIn(fileContent!, date.slice(2).replaceAll("-", ""));
  };
  const of = (lines: Buffer[], orderId: string): Buffer[] =>
    lines.filter((line) => cut(line, 112, 32).trim() === orderId);

  void test("lacks a line, has one twice, or has one that nobody knows", async () => {
    assert.equal(of(await difference("DIFFER0001", "missing_row", true), "DIFFER0001").length, 0);
    assert.equal(of(await difference("DIFFER0002", "duplicate_row", true), "DIFFER0002").length, 2);
    const lines = await difference("DIFFER0003", "extra_row", false);
    assert.match(cut(lines.at(-1)!, 112, 32), /^X\d{20} /);
  });

  void test("is a fen off in the amount or the fee", async () => {
    const [amount] = of(await difference("DIFFER0004", "amount_off", true), "DIFFER0004");
    assert.deepEqual([cut(amount!, 66, 12), cut(amount!, 166, 13)], ["000000001235", "D000000000007"]);
    const [fee] = of(await difference("DIFFER0005", "fee_difference", true), "DIFFER0005");
    assert.deepEqual([cut(fee!, 66, 12), cut(fee!, 166, 13)], ["000000001234", "D000000000008"]);
  });

  void test("shows a line a clearing day late", async () => {
    assert.equal(of(await difference("DIFFER0006", "wrong_day", true), "DIFFER0006").length, 0);
    await clock.advance(24 * hour);
    const { body } = await bench.post("/unionpay/close-day");
    const date = body.date as string;
    const { fileContent } = await fetchFile(date.slice(5).replace("-", ""));
    const lines = linesIn(fileContent!, date.slice(2).replaceAll("-", ""));
    assert.equal(of(lines, "DIFFER0006").length, 1);
  });
});
