import { namingNumber, orFault, StatementFault } from "../../channels/index.ts";
import { type Currency, isCurrency } from "../../kernel/money.ts";
import { type BankEntry, type BankStatement, bankAmountOf, checkBalances } from "./model.ts";
import { readXml, type Xml } from "./xml.ts";

// ISO 20022 camt.053.001.02 and .08, the bank's statement at the end of a day.
//
// Document/BkToCstmrStmt/Stmt: Acct (whose), Bal OPBD and CLBD (before and after), Ntry (what moved), of
// which one may be a batch with several NtryDtls/TxDtls. Only what is booked counts: PDNG and INFO are
// announcements.

const NAMESPACE = /^urn:iso:std:iso:20022:tech:xsd:camt\.053\.001\.(02|08)$/;

/** Which account of which day it must be. */
export type BankDay = { readonly account: string; readonly statementDate: string };

/**
 * Reads the statement of an account and a day, all of it or nothing: another account or day, a balance that
 * the entries do not make, a count or a sum of the summary that they do not make, each refuses the file.
 */
export function readCamt053(of: BankDay, content: Buffer): Promise<BankStatement | StatementFault> {
  return orFault(() => {
    const document = readXml(content);
    const namespace = document.attribute("xmlns") ?? prefixed(document);
    if (document.name !== "Document" || !NAMESPACE.test(namespace)) {
      throw new StatementFault(
        document.line,
        `is no camt.053.001.02 or .08, but ${namespace || document.name}`,
      );
    }
    return statementOf(must(document.one("BkToCstmrStmt"), document, "BkToCstmrStmt"), of);
  });
}

function prefixed(document: Xml): string {
  for (const prefix of ["ns", "ns0", "ns1", "ns2", "camt", "iso", "n0", "p"]) {
    const found = document.attribute(`xmlns:${prefix}`);
    if (found !== null && NAMESPACE.test(found)) return found;
  }
  return "";
}

function must<T>(value: T | null, at: Xml, what: string): T {
  if (value === null) throw new StatementFault(at.line, `${what} is missing or is not what it must be`);
  return value;
}

function statementOf(message: Xml, { account, statementDate }: BankDay): BankStatement {
  const statements = message.all("Stmt");
  const own = statements.filter((statement) => accountOf(statement) === account);
  const [statement, second] = own;
  if (statement === undefined) {
    const others = [...new Set(statements.map(accountOf))].join(", ");
    throw new StatementFault(message.line, `is of ${others || "no account"}, not of ${account}`);
  }
  if (second !== undefined) throw new StatementFault(second.line, `has two statements of ${account}`);
  refusePage(message, statement);

  const opening = balanceOf(statement, ["OPBD", "PRCD"]);
  const closing = must(balanceOf(statement, ["CLBD"]), statement, "the balance CLBD");
  if (opening === null) throw new StatementFault(statement.line, "the balance OPBD is missing");
  const currency = closing.currency;
  if (opening.currency !== currency)
    throw new StatementFault(opening.line, `the balance is in ${opening.currency}`);
  if (closing.date !== statementDate) {
    throw new StatementFault(closing.line, `is of ${closing.date}, not of ${statementDate}`);
  }
  const booked = statement.all("Ntry").filter((entry) => statusOf(entry) === "BOOK");
  const entries = booked.flatMap((entry) => entriesOf(entry, currency));
  const read = {
    account,
    statementDate,
    currency,
    statementId: statement.text("Id"),
    opening: opening.amount,
    closing: closing.amount,
    entries,
  };
  checkBalances(read, closing.line);
  checkSummary(statement, booked, currency);
  return read;
}

function accountOf(statement: Xml): string {
  return statement.text("Acct", "Id", "IBAN") ?? statement.text("Acct", "Id", "Othr", "Id") ?? "";
}

/** A page is a part of a statement, whose balances tie over all pages only. */
function refusePage(message: Xml, statement: Xml): void {
  for (const page of [message.one("GrpHdr")?.one("MsgPgntn"), statement.one("StmtPgntn")]) {
    if (page == null) continue;
    if (page.text("PgNb") !== "1" || page.text("LastPgInd") !== "true") {
      throw new StatementFault(page.line, "is one page of several; have the bank send the whole");
    }
  }
}

type Balance = {
  readonly line: number;
  readonly amount: bigint;
  readonly currency: Currency;
  readonly date: string;
};

/** The balance of the first of these kinds that is told. */
function balanceOf(statement: Xml, kinds: readonly string[]): Balance | null {
  const balances = statement.all("Bal");
  for (const kind of kinds) {
    const found = balances.filter((balance) => balance.text("Tp", "CdOrPrtry", "Cd") === kind);
    const [balance, second] = found;
    if (second !== undefined) throw new StatementFault(second.line, `the balance ${kind} is there twice`);
    if (balance === undefined) continue;
    const { amount, currency } = moneyOf(balance);
    return { line: balance.line, amount, currency, date: must(dateOf(balance.one("Dt")), balance, "Dt") };
  }
  return null;
}

/** The amount of an element, its sign by whether it is a credit. */
function moneyOf(element: Xml): { readonly amount: bigint; readonly currency: Currency } {
  const { amount, currency } = unsigned(element.one("Amt"), element);
  switch (element.text("CdtDbtInd")) {
    case "CRDT":
      return { amount, currency };
    case "DBIT":
      return { amount: -amount, currency };
    default:
      throw new StatementFault(element.line, "CdtDbtInd is neither CRDT nor DBIT");
  }
}

function unsigned(amt: Xml | null, at: Xml): { readonly amount: bigint; readonly currency: Currency } {
  const element = must(amt, at, "Amt");
  const currency = element.attribute("Ccy") ?? "";
  if (!isCurrency(currency)) throw new StatementFault(element.line, `Ccy is ${JSON.stringify(currency)}`);
  const text = element.text() ?? "";
  const amount = bankAmountOf(text, currency);
  if (amount === null || amount < 0n) {
    throw new StatementFault(element.line, `Amt is ${JSON.stringify(text)} ${currency}`);
  }
  return { amount, currency };
}

function dateOf(element: Xml | null): string | null {
  const text = element?.text("Dt") ?? element?.text("DtTm") ?? null;
  const date = /^(\d{4}-\d{2}-\d{2})(?:T.*|Z|[+-]\d{2}:\d{2})?$/.exec(text ?? "")?.[1] ?? null;
  if (date === null) return null;
  const at = new Date(`${date}T00:00:00Z`);
  return !Number.isNaN(at.getTime()) && at.toISOString().startsWith(date) ? date : null;
}

/** Version 02 writes the status itself, version 08 its code. */
function statusOf(entry: Xml): string {
  const status = entry.text("Sts", "Cd") ?? entry.text("Sts") ?? "";
  if (["BOOK", "PDNG", "INFO", "FUTR"].includes(status)) return status;
  throw new StatementFault(entry.line, `Sts is ${JSON.stringify(status)}`);
}

/** An entry of several transfers is told by each of them, where each has its amount and they add up. */
function entriesOf(entry: Xml, currency: Currency): BankEntry[] {
  const whole = moneyOf(entry);
  if (whole.currency !== currency) throw new StatementFault(entry.line, `the entry is in ${whole.currency}`);
  const details = entry.all("NtryDtls").flatMap((list) => list.all("TxDtls"));
  const sign = whole.amount < 0n ? -1n : 1n;
  const parts = details.map((detail) => partOf(detail, currency));
  const sum = parts.reduce<bigint>((total, part) => total + (part ?? 0n), 0n);
  if (details.length < 2 || parts.includes(null)) {
    return [entryOf(entry, details.length === 1 ? (details[0] as Xml) : null, whole.amount, currency)];
  }
  if (sum !== whole.amount * sign) {
    throw new StatementFault(entry.line, `the entry is of ${whole.amount}, its parts make ${sum}`);
  }
  return details.map((detail, index) => ({
    ...entryOf(entry, detail, (parts[index] ?? 0n) * sign, currency),
    part: detail.one("Refs")?.text("AcctSvcrRef") == null ? index + 1 : null,
  }));
}

/** What a transfer within a batch is of, in the account's currency; null: not told. */
function partOf(detail: Xml, currency: Currency): bigint | null {
  const amt = detail.one("Amt") ?? detail.one("AmtDtls")?.one("TxAmt")?.one("Amt") ?? null;
  if (amt === null) return null;
  const part = unsigned(amt, detail);
  return part.currency === currency ? part.amount : null;
}

function entryOf(entry: Xml, detail: Xml | null, amount: bigint, currency: Currency): BankEntry {
  const refs = detail?.one("Refs") ?? null;
  const [list = null] = entry.all("NtryDtls");
  const batch = list?.one("Btch") ?? null;
  const naming = (text: string | null): string | null => {
    if (text === null || namingNumber(text) !== "") return text;
    throw new StatementFault(entry.line, `the reference ${JSON.stringify(text)} holds a control character`);
  };
  const ref = (name: string) => naming(refs?.text(name) ?? null);
  const endToEndId = ref("EndToEndId");
  return {
    line: entry.line,
    bankReference: ref("AcctSvcrRef") ?? naming(entry.text("AcctSvcrRef") ?? entry.text("NtryRef")),
    part: null,
    endToEndId: endToEndId === "NOTPROVIDED" ? null : endToEndId,
    messageId: ref("MsgId") ?? naming(batch?.text("MsgId") ?? null),
    paymentInformationId: ref("PmtInfId") ?? naming(batch?.text("PmtInfId") ?? null),
    transactionId: ref("TxId"),
    amount,
    currency,
    isReversal: reversalOf(entry),
    bookedOn: dateOf(entry.one("BookgDt")),
    valueOn: dateOf(entry.one("ValDt")),
    ...counterpartyOf(detail, amount),
    code: codeOf(detail?.one("BkTxCd") ?? entry.one("BkTxCd")),
    returnReason: detail?.text("RtrInf", "Rsn", "Cd") ?? null,
    text: textOf(detail) || (entry.text("AddtlNtryInf") ?? ""),
    balanceAfter: null,
  };
}

function reversalOf(entry: Xml): boolean {
  const said = entry.text("RvslInd");
  if (said === null || said === "false" || said === "0") return false;
  if (said === "true" || said === "1") return true;
  throw new StatementFault(entry.line, `RvslInd is ${JSON.stringify(said)}`);
}

/** Who paid what came in, who was paid what went out. Version 08 has the name under Pty. */
function counterpartyOf(
  detail: Xml | null,
  amount: bigint,
): Pick<BankEntry, "counterpartyName" | "counterpartyAccount"> {
  const parties = detail?.one("RltdPties") ?? null;
  const [who, account] = amount < 0n ? ["Cdtr", "CdtrAcct"] : ["Dbtr", "DbtrAcct"];
  return {
    counterpartyName: parties?.text(who, "Nm") ?? parties?.text(who, "Pty", "Nm") ?? null,
    counterpartyAccount:
      parties?.text(account, "Id", "IBAN") ?? parties?.text(account, "Id", "Othr", "Id") ?? null,
  };
}

function codeOf(code: Xml | null): string | null {
  const domain = code?.one("Domn") ?? null;
  if (domain === null) return code?.text("Prtry", "Cd") ?? null;
  const parts = [domain.text("Cd"), domain.text("Fmly", "Cd"), domain.text("Fmly", "SubFmlyCd")];
  return parts.filter((part) => part !== null).join("/");
}

function textOf(detail: Xml | null): string {
  const told = detail?.one("RmtInf")?.all("Ustrd") ?? [];
  return told.flatMap((text) => text.text() ?? []).join(" ");
}

/** Counts and sums that the file tells of its own entries, where it does. */
function checkSummary(statement: Xml, booked: readonly Xml[], currency: Currency): void {
  const summary = statement.one("TxsSummry");
  if (summary === null) return;
  // A summary counts what is announced too, where anything is.
  if (booked.length !== statement.all("Ntry").length) return;
  const made = booked.map((entry) => moneyOf(entry).amount);
  const groups = {
    TtlNtries: made,
    TtlCdtNtries: made.filter((amount) => amount > 0n),
    TtlDbtNtries: made.filter((amount) => amount < 0n),
  };
  for (const [name, amounts] of Object.entries(groups)) {
    const told = summary.one(name);
    if (told === null) continue;
    const count = told.text("NbOfNtries");
    if (count !== null && count !== String(amounts.length)) {
      throw new StatementFault(told.line, `${name} says ${count} entries, there are ${amounts.length}`);
    }
    const sum = told.text("Sum");
    const counted = amounts.reduce((total, amount) => total + (amount < 0n ? -amount : amount), 0n);
    if (sum !== null && bankAmountOf(sum, currency) !== counted) {
      throw new StatementFault(told.line, `${name} says ${sum}, the entries make ${counted}`);
    }
  }
}
