import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { crc32 } from "node:zlib";
import fc from "fast-check";
import iconv from "iconv-lite";
import type { StatementLine } from "../port.ts";
import { StatementFault } from "../statement-fault.ts";
import { fenOf, yuanText } from "./amount.ts";
import { createBillReader, isStatement, parseStatement } from "./bill.ts";
import {
  contextOf,
  newPair,
  publicKeyInput,
  response,
  SELLER_ID,
  scripted,
  signedAnswer,
} from "./testing.ts";
import { beijingDate, beijingTime, parseBeijingTime } from "./time.ts";

const HEADER =
  "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,订单金额（元）,商家实收（元）," +
  "支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,券名称,商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号," +
  "服务费（元）,分润（元）,备注";

type Line = Omit<StatementLine, "line"> & { readonly discount: bigint };

/** A statement as Alipay writes it, down to the tabs. */
function written(lines: readonly Line[], date = "2026-11-20"): string {
  const [year, month, day] = date.split("-");
  const rows = lines.map((line) =>
    [
      `${line.channelTradeNo}\t`,
      `${line.channelOrderNo}\t`,
      `${line.kind === "payment" ? "交易" : "退款"}\t`,
      line.subject,
      beijingTime(line.createdAt),
      beijingTime(line.finishedAt),
      "store1\t,store1\t,op1\t,\t,*三(138****0000)\t",
      yuanText(line.amount),
      yuanText(line.settleAmount),
      "0.00,0.00,0.00",
      yuanText(line.discount),
      "0.00,,0.00\t,0.00",
      `${line.channelRefundNo ?? "\t"}`,
      yuanText(-line.fee),
      "0.00",
      line.subject,
    ].join(","),
  );
  const total = (kind: Line["kind"]) => {
    const own = lines.filter((line) => line.kind === kind);
    const sum = (of: (line: Line) => bigint) => yuanText(own.reduce((total, line) => total + of(line), 0n));
    const word = kind === "payment" ? "" : "退款";
    const settled = sum((line) => line.settleAmount);
    const discount = sum((line) => line.discount);
    return `${own.length}笔，商家实收${word}共${settled}元，商家优惠${word}共${discount}元`;
  };
  return [
    "#支付宝业务明细查询",
    `#账号：[${SELLER_ID}0156]`,
    `#起始日期：[${year}年${month}月${day}日 00:00:00]   终止日期：[2026年11月21日 00:00:00]`,
    `#${"-".repeat(41)}业务明细列表${"-".repeat(40)}`,
    HEADER,
    ...rows,
    `#${"-".repeat(41)}业务明细列表结束${"-".repeat(36)}`,
    `#交易合计：${total("payment")}`,
    `#退款合计：${total("refund")}`,
    "#导出时间：[2026年11月21日 05:46:49]",
    "",
  ].join("\r\n");
}

const gbk = (text: string) => iconv.encode(text, "gbk");
const parse = (text: string) => parseStatement(gbk(text), Buffer.alloc(0));

const digits = (length: number) =>
  fc
    .array(fc.integer({ min: 0, max: 9 }), { minLength: length, maxLength: length })
    .map((all) => all.join(""));
const instants = fc
  .integer({ min: 1_700_000_000, max: 1_900_000_000 })
  .map((seconds) => new Date(seconds * 1_000));
const numbers = fc.stringMatching(/^[A-Za-z0-9_]{1,64}$/);
const subjects = fc
  .stringMatching(/^[a-zA-Z0-9 测试商品，。（）～《》啊鼠乄]{0,20}$/)
  .map((text) => text.trim());

const arbitraryLine: fc.Arbitrary<Line> = fc
  .record({
    payment: fc.boolean(),
    tradeNo: digits(28),
    orderNo: numbers,
    refundNo: numbers,
    amount: fc.bigInt({ min: 1n, max: 10_000_000_000n }),
    voucherPercent: fc.integer({ min: 0, max: 100 }),
    fee: fc.bigInt({ min: 0n, max: 100_000n }),
    createdAt: instants,
    finishedAt: instants,
    subject: subjects,
  })
  .map(({ payment, tradeNo, orderNo, refundNo, amount, voucherPercent, fee, ...rest }) => {
    const sign = payment ? 1n : -1n;
    const discount = (amount * BigInt(voucherPercent)) / 100n;
    return {
      ...rest,
      kind: payment ? "payment" : "refund",
      channelTradeNo: tradeNo,
      channelOrderNo: orderNo,
      channelRefundNo: payment ? null : refundNo,
      amount: sign * amount,
      settleAmount: sign * (amount - discount),
      discount: sign * discount,
      fee: sign * fee,
      currency: "CNY",
    };
  });
const arbitraryLines = fc.array(arbitraryLine, { maxLength: 12 });

describe("amounts", () => {
  it("any amount survives the way to yuan text and back", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 53n), max: 2n ** 53n }), (fen) => {
        assert.match(yuanText(fen), /^-?\d+\.\d{2}$/);
        assert.equal(fenOf(yuanText(fen)), fen);
      }),
      { numRuns: 500 },
    );
  });

  it("what is no yuan text is no amount", () => {
    for (const text of ["", "1.234", "1,000.00", "1e3", " 1.00", "１.00", "0x10", null, 12.34, undefined]) {
      assert.equal(fenOf(text), null, String(text));
    }
  });
});

describe("Beijing time", () => {
  it("survives the way to text and back, and its day changes at 16:00 UTC", () => {
    fc.assert(fc.property(instants, (at) => assert.deepEqual(parseBeijingTime(beijingTime(at)), at)));
    assert.equal(beijingDate(new Date("2026-11-19T15:59:59Z")), "2026-11-19");
    assert.equal(beijingDate(new Date("2026-11-19T16:00:00Z")), "2026-11-20");
  });

  it("a time that does not exist is none", () => {
    for (const text of [
      "2026-02-30 00:00:00",
      "2026-13-01 00:00:00",
      "2026-11-20 24:00:01",
      "2026-11-20",
      "",
    ]) {
      assert.equal(parseBeijingTime(text), null, text);
    }
  });
});

describe("the business statement", () => {
  it("is read exactly as it was written", () => {
    fc.assert(
      fc.property(arbitraryLines, (lines) => {
        const statement = parse(written(lines));
        assert.equal(statement.account, `${SELLER_ID}0156`);
        assert.equal(statement.channelDate, "2026-11-20");
        const expected = lines.map(({ discount: _, ...line }, index) => ({ line: index + 6, ...line }));
        assert.deepEqual(statement.lines, expected);
      }),
      { numRuns: 300 },
    );
  });

  it("columns are found by name: another order and further columns change nothing", () => {
    const [line] = fc.sample(arbitraryLine, { numRuns: 1, seed: 7 });
    assert.ok(line);
    const file = written([line]);
    const reversed = file
      .split("\r\n")
      .map((text, index) =>
        index === 4 || index === 5 ? `备用,${text.split(",").reverse().join(",")}` : text,
      )
      .join("\r\n");
    assert.deepEqual(parse(reversed).lines, parse(file).lines);
  });

  /** Each does one thing to a file of at least one payment and one refund. */
  const damages: Record<string, [damage: (file: string) => string, reason: RegExp]> = {
    "a line left out": [without(5), /says .+, the lines make/],
    "a line twice": [(file) => edit(file, 5, (line) => `${line}\r\n${line}`), /says .+, the lines make/],
    "a settled amount one fen off": [
      (file) => editCell(file, 12, (amount) => yuanText((fenOf(amount) ?? 0n) + 1n)),
      /商家实收 .+, the lines make/,
    ],
    "a discount one fen off": [
      (file) => editCell(file, 16, (amount) => yuanText((fenOf(amount) ?? 0n) + 1n)),
      /商家优惠 .+, the lines make/,
    ],
    "an amount that is none": [
      (file) => editCell(file, 11, () => "12.3.4"),
      /line 6: 订单金额\(元\) is "12\.3\.4"/,
    ],
    "a payment with a refund's sign": [(file) => editCell(file, 11, () => "-1.00"), /line 6: 订单金额/],
    "a time that does not exist": [
      (file) => editCell(file, 4, () => "2026-02-30 00:00:00"),
      /line 6: 创建时间/,
    ],
    "a business of no known kind": [(file) => editCell(file, 2, () => "转账"), /line 6: 业务类型 is "转账"/],
    "no trade number": [(file) => editCell(file, 0, () => "\t"), /line 6: 支付宝交易号/],
    "a comma inside a cell": [(file) => editCell(file, 3, () => "tea, green"), /line 6: has 26 cells/],
    "a missing cell": [
      (file) => edit(file, 5, (line) => line.slice(line.indexOf(",") + 1)),
      /line 6: has 24/,
    ],
    "a missing column": [(file) => file.replace("服务费（元）", "手续费（元）"), /line 5: .+服务费/],
    "a column twice": [(file) => file.replace("备注", "服务费（元）"), /line 5: .+twice/],
    "another title for the trailer": [(file) => file.replace("#交易合计", "#合计"), /is not the total/],
    "no trailer for refunds": [(file) => file.replace(/#退款合计.*\r\n/, ""), /is not the total of 退款合计/],
    "no end of the list": [(file) => file.slice(0, file.indexOf("#", file.indexOf("备注"))), /cut off/],
    "the end cut off": [(file) => file.slice(0, file.indexOf("#导出")), /not the time of export|cut off/],
    "something after the end": [(file) => `${file}\r\nmore`, /follows the end/],
    "another account line": [(file) => file.replace("#账号", "#户名"), /line 2: is not the account/],
    "a day that does not exist": [(file) => file.replace("11月20日", "02月30日"), /line 3: /],
  };
  for (const [title, [damage, reason]] of Object.entries(damages)) {
    it(`with ${title} is refused as a whole, with line and reason`, () => {
      fc.assert(
        fc.property(arbitraryLines, arbitraryLine, (others, line) => {
          const payment: Line = { ...line, ...PAYMENT };
          const file = written([payment, ...others]);
          assert.throws(
            () => parse(damage(file)),
            (error) => error instanceof StatementFault && error.line > 0 && reason.test(error.message),
          );
        }),
        { numRuns: 20 },
      );
    });
  }

  it("with bytes that are not GBK is refused with their line", () => {
    const content = gbk(written([]));
    const damaged = Buffer.concat([content.subarray(0, 60), Buffer.from([0xff, 0xff]), content.subarray(60)]);
    assert.throws(() => parseStatement(damaged, damaged), /line \d+: has bytes that are not GBK/);
  });

  it("whatever byte is changed: refused, or count and settled sum are still those of the trailer", () => {
    const settled = (lines: readonly { kind: string; settleAmount: bigint }[], kind: string) => {
      const own = lines.filter((line) => line.kind === kind);
      return [own.length, own.reduce((sum, line) => sum + line.settleAmount, 0n)];
    };
    let refused = 0;
    fc.assert(
      fc.property(arbitraryLines, fc.nat(), fc.integer({ min: 1, max: 255 }), (lines, position, change) => {
        const content = gbk(written(lines));
        const at = position % content.length;
        content[at] = (content[at] as number) ^ change;
        try {
          const read = parseStatement(content, content).lines;
          for (const kind of ["payment", "refund"])
            assert.deepEqual(settled(read, kind), settled(lines, kind));
        } catch (error) {
          if (!(error instanceof StatementFault)) throw error;
          refused += 1;
        }
      }),
      { numRuns: 500 },
    );
    assert.ok(refused > 0);
  });

  it("with a line that does not end is refused before more than 1 MB of it is held", () => {
    const reader = createBillReader();
    const piece = Buffer.alloc(65_536, "x");
    let given = 0;
    const giveAll = () => {
      for (given = 0; given < 64; given += 1) reader.push(piece);
    };
    assert.throws(giveAll, /^StatementFault: line 1: the line is longer than 1048576 bytes/);
    assert.equal(given, 16);
  });

  it("in pieces of whatever length is read, or refused for the same reason, as in one", () => {
    const outcome = (read: () => unknown) => {
      try {
        return read();
      } catch (error) {
        if (error instanceof StatementFault) return error.message;
        throw error;
      }
    };
    const damage = fc.option(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })));
    const lengths = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1 });
    fc.assert(
      fc.property(arbitraryLines, damage, fc.nat(), lengths, (lines, damaged, cut, pieces) => {
        const whole = gbk(written(lines));
        const content = whole.subarray(0, cut % 3 === 0 ? cut % whole.length : whole.length);
        const at = (damaged?.[0] ?? 0) % Math.max(1, content.length);
        if (damaged !== null && content.length > 0) content[at] = (content[at] as number) ^ damaged[1];
        const inPieces = outcome(() => {
          const reader = createBillReader();
          const read: StatementLine[] = [];
          for (let from = 0, piece = 0; from < content.length; piece += 1) {
            const to = from + (pieces[piece % pieces.length] as number);
            read.push(...reader.push(content.subarray(from, to)));
            from = to;
          }
          const { of, lines: last } = reader.end();
          return { ...of, lines: [...read, ...last] };
        });
        const inOne = outcome(() => {
          const { original: _, ...statement } = parseStatement(content, content);
          return statement;
        });
        assert.deepEqual(inPieces, inOne);
      }),
      { numRuns: 500 },
    );
  });

  it("is told from its summary by its title", () => {
    assert.ok(isStatement(gbk(written([]))));
    assert.ok(!isStatement(gbk("#支付宝业务汇总查询\r\n")));
  });
});

const PAYMENT = {
  kind: "payment",
  channelRefundNo: null,
  amount: 1_000n,
  settleAmount: 900n,
  discount: 100n,
  fee: 6n,
} as const;

function edit(file: string, index: number, change: (line: string) => string): string {
  return file
    .split("\r\n")
    .map((line, at) => (at === index ? change(line) : line))
    .join("\r\n");
}

function editCell(file: string, column: number, change: (cell: string) => string): string {
  return edit(file, 5, (line) =>
    line
      .split(",")
      .map((cell, at) => (at === column ? change(cell) : cell))
      .join(","),
  );
}

function without(index: number): (file: string) => string {
  return (file) =>
    file
      .split("\r\n")
      .filter((_, at) => at !== index)
      .join("\r\n");
}

describe("a statement's download", () => {
  const app = newPair();
  const alipay = newPair();
  const METHOD = "alipay.data.dataservice.bill.downloadurl.query";
  const ADDRESS = "https://dwbill.example/download?token=SECRET";
  const address = response(
    signedAnswer(METHOD, { code: "10000", bill_download_url: ADDRESS }, alipay.privateKey),
  );
  const archiveOf = (...files: string[]) =>
    zip(files.map((text, index) => [`${SELLER_ID}0156_20261120_业务明细${index}.csv`, gbk(text)] as const));
  const summary = "#支付宝业务汇总查询\r\n";

  async function download(...answers: Parameters<typeof scripted>[0]) {
    const { channel } = scripted(answers);
    return channel.downloadStatement(contextOf(channel, publicKeyInput(app, alipay)), "2026-11-20");
  }

  it("finds the statement beside its summary and keeps the archive as it came", async () => {
    const archive = archiveOf(summary, written([]));
    const call = await download(address, response(archive));
    assert.ok(call.end === "answered", JSON.stringify(call));
    assert.deepEqual(call.value.original, archive);
    assert.doesNotMatch(`${call.exchange.request}${call.exchange.response}`, /SECRET/);
  });

  it("says when there is none yet, and that asking later may help", async () => {
    const none = { code: "40004", sub_code: "isp.bill_not_exist" };
    const call = await download(response(signedAnswer(METHOD, none, alipay.privateKey)));
    assert.ok(call.end === "refused");
    assert.deepEqual([call.code, call.retryable], ["no_statement", true]);
  });

  const bad: Record<string, [archive: Buffer, end: RegExp]> = {
    "of another day": [archiveOf(written([], "2026-11-19")), /^refused .+2026-11-19/],
    "of another seller": [
      archiveOf(written([]).replace(SELLER_ID, "2088000000000009")),
      /^refused .+another seller/,
    ],
    "that contradicts itself": [archiveOf(written([]).replace("合计：0笔", "合计：1笔")), /^refused line 7/],
    "twice in one archive": [archiveOf(written([]), written([])), /^refused .+2 business statements/],
    "missing from the archive": [archiveOf(summary), /^refused .+0 business statements/],
    "in no archive": [Buffer.from("<html>"), /^unknown/],
    "in a damaged archive": [damaged(archiveOf(written([]))), /^unknown/],
    "in a truncated archive": [archiveOf(written([])).subarray(0, 400), /^unknown/],
  };
  for (const [title, [archive, end]] of Object.entries(bad)) {
    it(`a statement ${title} is not taken`, async () => {
      const call = await download(address, response(archive));
      assert.ok(call.end === "refused" || call.end === "unknown");
      assert.match(`${call.end} ${call.end === "refused" ? call.message : call.reason}`, end);
    });
  }

  it("an address that has expired is unknown, to be asked for again", async () => {
    assert.equal((await download(address, response("gone", 403))).end, "unknown");
    assert.equal((await download(address, { end: "not_sent", reason: "refused" })).end, "not_sent");
  });
});

function damaged(archive: Buffer): Buffer {
  const copy = Buffer.from(archive);
  copy[120] = (copy[120] as number) ^ 1;
  return copy;
}

/** A zip archive of stored files, names in GBK without the flag that would say so. */
function zip(files: readonly (readonly [name: string, content: Buffer])[]): Buffer {
  const locals: Buffer[] = [];
  const centrals: Buffer[] = [];
  let offset = 0;
  for (const [name, content] of files) {
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(20, 0);
    fields.writeUInt32LE(crc32(content), 10);
    fields.writeUInt32LE(content.length, 14);
    fields.writeUInt32LE(content.length, 18);
    const rawName = gbk(name);
    fields.writeUInt16LE(rawName.length, 22);
    const local = Buffer.concat([Buffer.from("PK\x03\x04", "latin1"), fields, rawName, content]);
    const where = Buffer.alloc(14);
    where.writeUInt32LE(offset, 10);
    const head = Buffer.concat([Buffer.from("PK\x01\x02", "latin1"), Buffer.from([20, 0]), fields]);
    centrals.push(Buffer.concat([head, where, rawName]));
    locals.push(local);
    offset += local.length;
  }
  const directory = Buffer.concat(centrals);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", "latin1");
  end.writeUInt16LE(files.length, 8);
  end.writeUInt16LE(files.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, directory, end]);
}
