import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { XMLParser } from "fast-xml-parser";
import { formatId } from "../../kernel/ids.ts";
import type { BankConnection, Payout } from "../model.ts";
import { bankText, endToEndIdOf, messageIdOf, payoutOfEndToEndId, writePain001 } from "./pain001.ts";
import { readPain002 } from "./pain002.ts";

const id = (last: number) => `00000000-0000-7000-8000-00000000000${last}`;
const connection = {
  accountNumber: "31050161000000000001",
  holderName: "Tributary <备付金> & Co",
  bankCode: "105100000017",
  currency: "CNY",
} as BankConnection;
const payout = (last: number, more: Partial<Payout>): Payout =>
  ({
    id: id(last),
    amount: 1_234n,
    currency: "CNY",
    holderName: "张三",
    bankCode: "102100099996",
    remark: null,
    ...more,
  }) as Payout;

const when = { at: new Date("2026-11-20T01:30:00Z"), date: "2026-11-20" };
const transfers = [
  { payout: payout(1, { remark: "结算 2026-11-19" }), accountNumber: "6222020000000000000" },
  {
    payout: payout(2, { amount: 5n, holderName: 'A & B "Ltd"', bankCode: "BKCHCNBJ" }),
    accountNumber: "GB29",
  },
];

describe("the instruction", () => {
  const text = writePain001(id(9), connection, transfers, when);
  const parsed = new XMLParser({ ignoreAttributes: false, parseTagValue: false }).parse(text, true);
  const message = parsed.Document.CstmrCdtTrfInitn;
  const payment = message.PmtInf;

  test("names itself, its count and its sum twice, as a bank checks them", () => {
    assert.equal(parsed.Document["@_xmlns"], "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09");
    assert.deepEqual(Object.keys(message.GrpHdr), ["MsgId", "CreDtTm", "NbOfTxs", "CtrlSum", "InitgPty"]);
    assert.equal(message.GrpHdr.MsgId, messageIdOf(id(9)));
    assert.equal(message.GrpHdr.CreDtTm, "2026-11-20T09:30:00+08:00");
    for (const head of [message.GrpHdr, payment]) {
      assert.deepEqual([head.NbOfTxs, head.CtrlSum], ["2", "12.39"]);
    }
  });

  test("has the standard's elements in the standard's order", () => {
    assert.deepEqual(Object.keys(payment), [
      "PmtInfId",
      "PmtMtd",
      "BtchBookg",
      "NbOfTxs",
      "CtrlSum",
      "ReqdExctnDt",
      "Dbtr",
      "DbtrAcct",
      "DbtrAgt",
      "CdtTrfTxInf",
    ]);
    const [first, second] = payment.CdtTrfTxInf;
    assert.deepEqual(Object.keys(first), ["PmtId", "Amt", "CdtrAgt", "Cdtr", "CdtrAcct", "RmtInf"]);
    assert.deepEqual(first.PmtId.EndToEndId, endToEndIdOf(id(1)));
    assert.deepEqual(first.Amt.InstdAmt, { "#text": "12.34", "@_Ccy": "CNY" });
    assert.deepEqual(first.CdtrAgt.FinInstnId.ClrSysMmbId, {
      ClrSysId: { Cd: "CNAPS" },
      MmbId: "102100099996",
    });
    assert.equal(second.CdtrAgt.FinInstnId.BICFI, "BKCHCNBJ");
    assert.equal(second.Cdtr.Nm, 'A & B "Ltd"');
    assert.equal(payment.Dbtr.Nm, connection.holderName);
  });

  test("is the same bytes for the same payouts", () => {
    assert.equal(writePain001(id(9), connection, transfers, when), text);
  });

  test("has ids of at most 35 characters that lead back to their payout", () => {
    assert.match(endToEndIdOf(id(1)), /^[0-9a-z]{1,35}$/);
    assert.equal(payoutOfEndToEndId(endToEndIdOf(id(1))), id(1));
    for (const text of ["NOTPROVIDED", "", formatId("pyt", id(1)), messageIdOf(id(1))]) {
      assert.equal(payoutOfEndToEndId(text), null);
    }
  });

  test("writes no character that XML has no way to write", () => {
    assert.equal(bankText("a\u0000b\uD800c\n茶"), "a b c 茶");
    assert.equal([...bankText("茶".repeat(200))].length, 140);
  });
});

describe("a bank's report", () => {
  const report = (group: string, payments = "", messageId = "M1") =>
    `<Document><CstmrPmtStsRpt><GrpHdr/><OrgnlGrpInfAndSts><OrgnlMsgId>${messageId}</OrgnlMsgId>${group}` +
    `</OrgnlGrpInfAndSts>${payments}</CstmrPmtStsRpt></Document>`;
  const reason = (code: string) => `<StsRsnInf><Rsn><Cd>${code}</Cd></Rsn></StsRsnInf>`;

  test("tells each transfer, and the rest by the payment's or the group's status", () => {
    const status = `<TxSts>RJCT</TxSts>${reason("AC01")}`;
    const one = `<TxInfAndSts><OrgnlEndToEndId>E1</OrgnlEndToEndId>${status}</TxInfAndSts>`;
    const text = report(
      "<GrpSts>PART</GrpSts>",
      `<OrgnlPmtInfAndSts><PmtInfSts>ACSC</PmtInfSts>${one}</OrgnlPmtInfAndSts>`,
    );
    const read = readPain002(text, "M1");
    assert.deepEqual([read?.overall?.outcome, read?.overall?.status], ["accepted", "ACSC"]);
    assert.deepEqual(
      read?.transfers.map(({ endToEndId, outcome, code }) => [endToEndId, outcome, code]),
      [["E1", "rejected", "AC01"]],
    );
  });

  test("of a double rejects nothing: the first one stands", () => {
    for (const code of ["AM05", "DUPL", "DU01"]) {
      assert.equal(
        readPain002(report(`<GrpSts>RJCT</GrpSts>${reason(code)}`), "M1")?.overall?.outcome,
        "pending",
      );
    }
    assert.equal(
      readPain002(report(`<GrpSts>RJCT</GrpSts>${reason("FF01")}`), "M1")?.overall?.outcome,
      "rejected",
    );
  });

  test("in a status that nobody knows says nothing yet", () => {
    assert.equal(readPain002(report("<GrpSts>PDNG</GrpSts>"), "M1")?.overall?.outcome, "pending");
    assert.equal(readPain002(report("<GrpSts>ZZZZ</GrpSts>"), "M1")?.overall?.outcome, "pending");
  });

  test("is read by its text, whatever its declaration says of the bytes that it came in", () => {
    const text = `<?xml version="1.0" encoding="GB18030"?>\n${report("<GrpSts>RJCT</GrpSts>")}`;
    assert.equal(readPain002(text, "M1")?.overall?.outcome, "rejected");
  });

  test("that is none, or about another message, is no word at all", () => {
    const texts = ["", "<html></html>", "<Document>", `<!DOCTYPE a>${report("<GrpSts>RJCT</GrpSts>")}`];
    for (const text of [...texts, report("<GrpSts>RJCT</GrpSts>", "", "M2")]) {
      assert.equal(readPain002(text, "M1"), null);
    }
  });
});
