import assert from "node:assert/strict";
import { test } from "node:test";
import { StatementFault } from "../../channels/index.ts";
import { readCamt053 } from "./camt053.ts";

const of = { account: "31050161000000000001", statementDate: "2026-11-19" };
const read = (text: string) => readCamt053(of, Buffer.from(text));

const bal = (code: string, amount: string, date = "2026-11-19", ccy = "CNY") =>
  `<Bal><Tp><CdOrPrtry><Cd>${code}</Cd></CdOrPrtry></Tp><Amt Ccy="${ccy}">${amount}</Amt>
   <CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>${date}</Dt></Dt></Bal>`;
const entry = (amount: string, way: string, details = "", more = "<Sts><Cd>BOOK</Cd></Sts>") =>
  `<Ntry><Amt Ccy="CNY">${amount}</Amt><CdtDbtInd>${way}</CdtDbtInd>${more}
   <BookgDt><DtTm>2026-11-19T10:00:00+08:00</DtTm></BookgDt><AcctSvcrRef>B1</AcctSvcrRef>${details}</Ntry>`;
const detail = (id: string, amount = "") =>
  `<TxDtls><Refs><MsgId>B20</MsgId><PmtInfId>B20-1</PmtInfId><EndToEndId>${id}</EndToEndId></Refs>
   ${amount === "" ? "" : `<Amt Ccy="CNY">${amount}</Amt>`}</TxDtls>`;
const file = (inner: string, { account = of.account, version = "08" } = {}) =>
  `<?xml version="1.0" encoding="utf-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.${version}"><BkToCstmrStmt><GrpHdr/>
<Stmt><Id>S1</Id><Acct><Id><Othr><Id>${account}</Id></Othr></Id></Acct>
${inner}
</Stmt></BkToCstmrStmt></Document>`;

test("a transfer of ours is found in the bank's statement by the number that we gave it", async () => {
  const returned = `<NtryDtls><TxDtls><Refs><EndToEndId>P1</EndToEndId></Refs>
    <RltdPties><Dbtr><Pty><Nm>张三 &amp; 李四</Nm></Pty></Dbtr>
    <DbtrAcct><Id><IBAN>DE89</IBAN></Id></DbtrAcct></RltdPties>
    <RtrInf><Rsn><Cd>AC01</Cd></Rsn></RtrInf>
    <RmtInf><Ustrd>a</Ustrd><Ustrd>b</Ustrd></RmtInf></TxDtls></NtryDtls>
    <BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>RCDT</Cd><SubFmlyCd>RRTN</SubFmlyCd></Fmly></Domn></BkTxCd>`;
  const booked = "<RvslInd>true</RvslInd><Sts><Cd>BOOK</Cd></Sts>";
  const statement = await read(
    file(
      bal("OPBD", "100.00", "2026-11-18") +
        bal("CLBD", "90.01") +
        entry("12.34", "DBIT", `<NtryDtls>${detail("P1")}</NtryDtls>`) +
        entry("2.35000", "CRDT", returned, booked) +
        entry("99.00", "CRDT", "", "<Sts><Cd>PDNG</Cd></Sts>"),
    ),
  );
  assert.ok(!(statement instanceof StatementFault), String((statement as StatementFault).message));
  assert.deepEqual([statement.opening, statement.closing, statement.currency], [10_000n, 9_001n, "CNY"]);
  assert.deepEqual(
    statement.entries.map((one) => [one.amount, one.endToEndId, one.messageId, one.isReversal, one.bookedOn]),
    [
      [-1_234n, "P1", "B20", false, "2026-11-19"],
      [235n, "P1", null, true, "2026-11-19"],
    ],
  );
  const { counterpartyName, counterpartyAccount, code, returnReason, text, line } =
    statement.entries[1] ?? {};
  assert.deepEqual(
    [counterpartyName, counterpartyAccount, code, returnReason, text],
    ["张三 & 李四", "DE89", "PMNT/RCDT/RRTN", "AC01", "a b"],
  );
  assert.equal(line, 8);
});

test("a batch is told transfer by transfer where each has its amount, else as one", async () => {
  const balances = bal("OPBD", "10.00", "2026-11-18") + bal("CLBD", "7.00");
  const parts = `<NtryDtls>${detail("P1", "1.00")}${detail("P2", "2.00")}</NtryDtls>`;
  const told = await read(file(balances + entry("3.00", "DBIT", parts)));
  assert.ok(!(told instanceof StatementFault));
  assert.deepEqual(
    told.entries.map((one) => [one.endToEndId, one.amount]),
    [
      ["P1", -100n],
      ["P2", -200n],
    ],
  );
  const batch = `<NtryDtls><Btch><MsgId>B20</MsgId><NbOfTxs>2</NbOfTxs></Btch></NtryDtls>`;
  const whole = await read(
    file(balances + entry("3.00", "DBIT", batch, "<Sts>BOOK</Sts>"), { version: "02" }),
  );
  assert.ok(!(whole instanceof StatementFault));
  assert.deepEqual(
    whole.entries.map((one) => [one.messageId, one.endToEndId, one.amount]),
    [["B20", null, -300n]],
  );
});

const good = bal("OPBD", "10.00", "2026-11-18") + bal("CLBD", "7.00") + entry("3.00", "DBIT");
const faults: [title: string, text: string, reason: RegExp][] = [
  [
    "expands an entity",
    `<!DOCTYPE a [<!ENTITY b "c">]>${file(good).replace(/^.*\n/, "")}`,
    /line 1: has a document type/,
  ],
  ["is another account's", file(good, { account: "42" }), /line 2: is of 42, not of 3105/],
  ["is another day's", file(good.replace("2026-11-19", "2026-11-20")), /line 5: is of 2026-11-20, not of/],
  [
    "does not tie",
    file(good.replace("7.00", "7.01")),
    /the balance was 1000 and is 701, but the entries make 700/,
  ],
  ["lacks its balance", file(good.replace("OPBD", "OPAV")), /line 3: the balance OPBD is missing/],
  ["has an amount that is none", file(good.replace("3.00", "3,00")), /Amt is "3,00" CNY/],
  ["has an amount finer than a fen", file(good.replace("3.00", "3.001")), /Amt is "3.001" CNY/],
  ["has a way that is none", file(good.replace("DBIT", "OUT")), /CdtDbtInd is neither/],
  ["is in another encoding", file(good).replace("utf-8", "GB18030"), /line 1: says that it is in GB18030/],
  ["is of another message", file(good).replace("053.001.08", "052.001.08"), /is no camt.053/],
  ["is cut off", file(good).slice(0, -20), /line \d+: /],
  [
    "is one page of several",
    file(good).replace(
      "<GrpHdr/>",
      "<GrpHdr><MsgPgntn><PgNb>1</PgNb><LastPgInd>false</LastPgInd></MsgPgntn></GrpHdr>",
    ),
    /one page/,
  ],
  [
    "counts wrongly",
    file(`${good}<TxsSummry><TtlNtries><NbOfNtries>2</NbOfNtries></TtlNtries></TxsSummry>`),
    /TtlNtries says 2 entries, there are 1/,
  ],
  [
    "has parts that do not add up",
    file(
      bal("OPBD", "10.00") +
        bal("CLBD", "7.00") +
        entry("3.00", "DBIT", `<NtryDtls>${detail("P1", "1.00")}${detail("P2", "1.00")}</NtryDtls>`),
    ),
    /the entry is of -300, its parts make 200/,
  ],
  ["is nested without end", "<a>".repeat(100_000), /./],
  ["is no XML", "hello", /line 1: /],
];
for (const [title, text, reason] of faults) {
  test(`a bank's statement that ${title} is refused as a whole`, async () => {
    const fault = await read(text);
    assert.ok(fault instanceof StatementFault, "it was read");
    assert.match(fault.message, reason);
  });
}

test("bytes that are not UTF-8 refuse a bank's statement", async () => {
  const fault = await readCamt053(of, Buffer.concat([Buffer.from(file(good)), Buffer.from([0xff])]));
  assert.ok(fault instanceof StatementFault);
  assert.match(fault.message, /not UTF-8/);
});
