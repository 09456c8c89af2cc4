import iconv from "iconv-lite";
import { orFault, StatementFault } from "../../channels/index.ts";
import { readCamt053 } from "../bank/camt053.ts";
import type { BankStatement } from "../bank/model.ts";
import { readMappedBank } from "../mapping/bank.ts";
import type { Mapping } from "../mapping/model.ts";
import { readMapped } from "../mapping/read.ts";
import type { Chance } from "./chance.ts";
import type { Format, Told } from "./format.ts";

const DAY = "2026-11-19";
const ACCOUNT = "31050161000000000001";

const yuan = (fen: number) => (fen / 100).toFixed(2);
const grouped = (fen: number) => yuan(fen).replace(/\B(?=(\d{3})+\.)/g, ",");
const digits = (chance: Chance, count: number) =>
  Array.from({ length: count }, () => chance.upTo(10)).join("");
const clock = (chance: Chance) =>
  [8 + chance.upTo(12), chance.upTo(60), chance.upTo(60)]
    .map((part) => String(part).padStart(2, "0"))
    .join(":");

/** A delivery platform's sales, quoted where needed, in UTF-8. */
export const SALES: Mapping = {
  kind: "sales",
  format: "csv",
  header_line: 3,
  columns: {
    number: "订单号",
    at: "下单时间",
    kind: "类型",
    amount: "金额",
    fee: "佣金",
    settle_amount: "结算金额",
    store: "门店",
    text: "备注",
  },
  currency: "CNY",
  date_format: "yyyy/MM/dd HH:mm:ss",
  thousands: ",",
  kinds: { 外卖: { kind: "sale" }, 退款: { kind: "refund", negate: true } },
  preamble: [
    { line: 1, before: "商户：", after: "，", is: "account" },
    { line: 2, before: "账单日期：", after: "", is: "date" },
  ],
  trailer: { marker: "合计", count: 2, amount: 4, fee: 5 },
};

export function salesSample(chance: Chance): string {
  const sum = { count: 0, amount: 0, fee: 0 };
  const rows = Array.from({ length: 2 + chance.upTo(5) }, () => {
    const isRefund = chance.upTo(4) === 0;
    const fen = 100 + chance.upTo(400_000);
    const fee = Math.trunc(fen / 20);
    sum.count += 1;
    sum.amount += isRefund ? -fen : fen;
    sum.fee += isRefund ? -fee : fee;
    const text = chance.pick(["", '"少冰, 多糖"', '"他说""好"""', "堂食"]);
    const at = `2026/11/19 ${clock(chance)}`;
    const head = `M${digits(chance, 12)},${at},${isRefund ? "退款" : "外卖"}`;
    return `${head},"${grouped(fen)}",${yuan(fee)},${yuan(fen - fee)},一店,${text}`;
  });
  return [
    `商户：${ACCOUNT}，账单`,
    `账单日期：${DAY}`,
    "订单号,下单时间,类型,金额,佣金,结算金额,门店,备注",
    ...rows,
    `合计,${sum.count},,${yuan(sum.amount)},${yuan(sum.fee)},,,`,
    "",
  ].join("\n");
}

/** A bank's CSV in GBK, with the balance after each movement. */
export const BANK: Mapping = {
  kind: "bank",
  format: "csv",
  encoding: "gbk",
  columns: {
    number: "流水号",
    at: "交易日期",
    credit: "贷方发生额",
    debit: "借方发生额",
    balance: "余额",
    counterparty_name: "对方户名",
    counterparty_account: "对方账号",
    text: "摘要",
  },
  currency: "CNY",
  date_format: "yyyyMMdd",
};

function bankSample(chance: Chance): string {
  let balance = 5_000_000;
  const rows = Array.from({ length: 2 + chance.upTo(5) }, () => {
    const isIn = chance.upTo(2) === 0;
    const fen = 1 + chance.upTo(400_000);
    balance += isIn ? fen : -fen;
    const money = isIn ? `${yuan(fen)},` : `,${yuan(fen)}`;
    return `${digits(chance, 16)},20261119,${money},${yuan(balance)},张三,62220${digits(chance, 12)},结算款`;
  });
  return ["流水号,交易日期,贷方发生额,借方发生额,余额,对方户名,对方账号,摘要", ...rows, ""].join("\r\n");
}

function camtSample(version: "02" | "08"): (chance: Chance) => string {
  return (chance) => {
    let balance = 1_000_000;
    const opening = balance;
    const sums = { CRDT: [0, 0], DBIT: [0, 0] } as Record<"CRDT" | "DBIT", [number, number]>;
    const entries = Array.from({ length: 2 + chance.upTo(4) }, () => {
      const way = chance.pick(["CRDT", "DBIT"] as const);
      const fen = 1 + chance.upTo(90_000);
      balance += way === "CRDT" ? fen : -fen;
      sums[way][0] += 1;
      sums[way][1] += fen;
      return entryXml(version, chance, way, fen);
    });
    const bal = (code: string, fen: number, date: string) =>
      `<Bal><Tp><CdOrPrtry><Cd>${code}</Cd></CdOrPrtry></Tp><Amt Ccy="CNY">${yuan(fen)}</Amt>` +
      `<CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>${date}</Dt></Dt></Bal>`;
    const total = (name: string, [count, sum]: readonly [number, number]) =>
      `<${name}><NbOfNtries>${count}</NbOfNtries><Sum>${yuan(sum)}</Sum></${name}>`;
    return [
      '<?xml version="1.0" encoding="UTF-8"?>',
      `<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.${version}"><BkToCstmrStmt>`,
      "<GrpHdr><MsgId>S20261119</MsgId><CreDtTm>2026-11-20T01:00:00+08:00</CreDtTm></GrpHdr>",
      "<Stmt><Id>S20261119-1</Id><ElctrncSeqNb>42</ElctrncSeqNb>",
      `<Acct><Id><Othr><Id>${ACCOUNT}</Id></Othr></Id><Ccy>CNY</Ccy></Acct>`,
      bal("OPBD", opening, "2026-11-18"),
      bal("CLBD", balance, DAY),
      `<TxsSummry>${total("TtlCdtNtries", sums.CRDT)}${total("TtlDbtNtries", sums.DBIT)}</TxsSummry>`,
      ...entries,
      "</Stmt></BkToCstmrStmt></Document>",
      "",
    ].join("\n");
  };
}

function entryXml(version: "02" | "08", chance: Chance, way: "CRDT" | "DBIT", fen: number): string {
  const status = version === "02" ? "BOOK" : "<Cd>BOOK</Cd>";
  const party = (name: string) => (version === "02" ? `<Nm>${name}</Nm>` : `<Pty><Nm>${name}</Nm></Pty>`);
  const role = way === "CRDT" ? "Dbtr" : "Cdtr";
  return (
    `<Ntry><NtryRef>${digits(chance, 6)}</NtryRef><Amt Ccy="CNY">${yuan(fen)}</Amt>` +
    `<CdtDbtInd>${way}</CdtDbtInd><Sts>${status}</Sts><BookgDt><Dt>${DAY}</Dt></BookgDt>` +
    `<AcctSvcrRef>B${digits(chance, 12)}</AcctSvcrRef>` +
    "<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>RCDT</Cd><SubFmlyCd>ESCT</SubFmlyCd></Fmly></Domn></BkTxCd>" +
    `<NtryDtls><TxDtls><Refs><EndToEndId>P${digits(chance, 14)}</EndToEndId></Refs>` +
    `<RltdPties><${role}>${party("张三 &amp; 李四")}</${role}><${role}Acct><Id><Othr>` +
    `<Id>6222${digits(chance, 12)}</Id></Othr></Id></${role}Acct></RltdPties>` +
    "<RmtInf><Ustrd>结算 2026-11-19</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>"
  );
}

const of = { account: ACCOUNT, statementDate: DAY };

function entries(read: BankStatement | StatementFault): readonly Told[] | StatementFault {
  if (read instanceof StatementFault) return read;
  return read.entries.map(({ line, bankReference, endToEndId, amount }) => ({
    line,
    texts: [bankReference ?? "", endToEndId ?? ""].filter((text) => text !== ""),
    amounts: [amount],
  }));
}

const utf8 = { encode: (text: string) => Buffer.from(text), decode: (content: Buffer) => content.toString() };
const asIs = { pack: (content: Buffer) => content, minorPerUnit: 1 };

function camt(version: "02" | "08"): Format {
  return {
    ...utf8,
    ...asIs,
    name: `camt.053.001.${version}`,
    sample: camtSample(version),
    read: async (original) => entries(await readCamt053(of, original)),
    count: (text) => (text.match(/<Ntry>/g) ?? []).length,
    cells: (line: string) => line.split(/<[^<>]*>/),
    spread: 3,
  };
}

/** Every form that is read by a mapping or by a standard. */
export const ownFormats: readonly Format[] = [
  {
    ...utf8,
    ...asIs,
    name: "sales CSV",
    sample: salesSample,
    read: async (original) => {
      const read = await orFault(() => readMapped(SALES, of, original));
      if (read instanceof StatementFault) return read;
      return read.rows.map(({ line, number, amount, settleAmount }) => ({
        line,
        texts: [number],
        amounts: [amount, settleAmount],
      }));
    },
    count: (text) =>
      text
        .split("\n")
        .slice(3)
        .filter((line) => /[^,\s]/.test(line) && !line.startsWith("合计")).length,
    // Thousands are grouped by commas within quotes.
    cells: (line) => (line.match(/"[^"]*"|[^,"]+/g) ?? []).map((cell) => cell.replaceAll('"', "")),
  },
  {
    ...asIs,
    name: "bank CSV",
    sample: bankSample,
    encode: (text) => iconv.encode(text, "gbk"),
    decode: (content) => iconv.decode(content, "gbk"),
    read: async (original) => entries(await orFault(() => readMappedBank(BANK, of, original))),
    count: (text) =>
      text
        .split("\n")
        .slice(1)
        .filter((line) => /[^,\s]/.test(line)).length,
    cells: (line: string) => line.split(/,/),
  },
  camt("02"),
  camt("08"),
];
