import { formatBeijing } from "../china/beijing.ts";
import { formatYuan } from "../china/yuan.ts";
import type { BankAccount, BankEntry, BankMessage, Transfer } from "./model.ts";
import { all, branch, type Element, find, leaf, readXml, textAt } from "./xml.ts";

// The three messages: pain.001.001.09 is read, pain.002.001.10 and camt.053.001.08 are written. Amounts have
// two decimals: the bank's currencies are CNY and others with cents.

export type Instruction = {
  messageId: string;
  account: string;
  transfers: { endToEndId: string; amount: bigint; currency: string; name: string; number: string }[];
};

const pain001 = "CstmrCdtTrfInitn";
const idMax = 35;
const nameMax = 140;

/** What a message asks for, or the sentence that says why it is none. */
export function readInstruction(text: string): Instruction | string {
  const root = readXml(text);
  const message = find(root, pain001);
  if (root?.name !== "Document" || !message) return "This is no pain.001 document.";
  const messageId = textAt(message, "GrpHdr/MsgId");
  if (!messageId || messageId.length > idMax) return "GrpHdr/MsgId has 1 to 35 characters.";
  const payments = all(message, "PmtInf");
  const [payment] = payments;
  if (payments.length !== 1 || !payment) return "One PmtInf is taken.";
  const account = textAt(payment, "DbtrAcct/Id/Othr/Id");
  if (!account) return "PmtInf/DbtrAcct/Id/Othr/Id is missing.";
  const transfers: Instruction["transfers"] = [];
  for (const element of all(payment, "CdtTrfTxInf")) {
    const transfer = readTransfer(element);
    if (typeof transfer === "string") return transfer;
    transfers.push(transfer);
  }
  const sum = transfers.reduce((total, { amount }) => total + amount, 0n);
  for (const head of [find(message, "GrpHdr"), payment]) {
    if (textAt(head, "NbOfTxs") !== String(transfers.length))
      return "NbOfTxs is not the number of transfers.";
    if (amountOf(textAt(head, "CtrlSum")) !== sum) return "CtrlSum is not the sum of the transfers.";
  }
  const distinct = new Set(transfers.map(({ endToEndId }) => endToEndId));
  if (transfers.length === 0 || distinct.size < transfers.length)
    return "Transfers need an EndToEndId of their own.";
  return { messageId, account, transfers };
}

function readTransfer(element: Element): Instruction["transfers"][number] | string {
  const endToEndId = textAt(element, "PmtId/EndToEndId");
  if (!endToEndId || endToEndId.length > idMax) return "PmtId/EndToEndId has 1 to 35 characters.";
  const amount = amountOf(textAt(element, "Amt/InstdAmt"));
  if (amount === undefined || amount <= 0n) return `${endToEndId}: Amt/InstdAmt is no amount.`;
  const name = textAt(element, "Cdtr/Nm");
  if (!name || [...name].length > nameMax) return `${endToEndId}: Cdtr/Nm has 1 to 140 characters.`;
  const number = textAt(element, "CdtrAcct/Id/Othr/Id");
  if (!number) return `${endToEndId}: CdtrAcct/Id/Othr/Id is missing.`;
  const bank =
    textAt(element, "CdtrAgt/FinInstnId/ClrSysMmbId/MmbId") ?? textAt(element, "CdtrAgt/FinInstnId/BICFI");
  if (!bank) return `${endToEndId}: CdtrAgt names no bank.`;
  return { endToEndId, amount, currency: "", name, number };
}

/** The minor units of a decimal with at most two places. */
export function amountOf(text: string | undefined): bigint | undefined {
  const match = /^(\d{1,15})(?:\.(\d{1,2}))?$/.exec(text ?? "");
  return match ? BigInt(match[1] + (match[2] ?? "").padEnd(2, "0")) : undefined;
}

const statusOf: Record<Transfer["state"], string> = { booked: "ACSC", silent: "PDNG", rejected: "RJCT" };

/** The report on a message as it now is. */
export function writeReport(message: BankMessage, now: Date): string {
  const transfers = message.transfers.map((transfer) =>
    branch(
      "TxInfAndSts",
      leaf("OrgnlEndToEndId", transfer.endToEndId),
      leaf("TxSts", statusOf[transfer.state]),
      transfer.code ? reasonOf(transfer.code, transfer.detail) : "",
    ),
  );
  const payment = branch("OrgnlPmtInfAndSts", leaf("OrgnlPmtInfId", message.messageId), ...transfers);
  return report(message.messageId, now, "", payment);
}

/** The refusal of a whole message. */
export function writeRefusal(messageId: string, code: string, detail: string, now: Date): string {
  return report(messageId, now, leaf("GrpSts", "RJCT") + reasonOf(code, detail), "");
}

function report(messageId: string, now: Date, group: string, payment: string): string {
  const original = branch(
    "OrgnlGrpInfAndSts",
    leaf("OrgnlMsgId", messageId),
    leaf("OrgnlMsgNmId", "pain.001.001.09"),
    group,
  );
  const header = branch("GrpHdr", leaf("MsgId", `R${now.getTime()}`), leaf("CreDtTm", time(now)));
  return document("pain.002.001.10", branch("CstmrPmtStsRpt", header, original, payment));
}

function reasonOf(code: string, detail: string | null): string {
  return branch(
    "StsRsnInf",
    branch("Rsn", leaf("Cd", code)),
    detail === null ? "" : leaf("AddtlInf", detail),
  );
}

export type StatementDay = { date: string; number: number; opening: bigint; entries: BankEntry[] };

/** An account's statement of a day. */
export function writeStatement(account: BankAccount, day: StatementDay, now: Date): string {
  const closing = day.entries.reduce((sum, { amount }) => sum + amount, day.opening);
  const header = branch(
    "GrpHdr",
    leaf("MsgId", `S${account.number}-${day.date}`),
    leaf("CreDtTm", time(now)),
  );
  const statement = branch(
    "Stmt",
    leaf("Id", `${account.number}-${day.date}`),
    leaf("ElctrncSeqNb", String(day.number)),
    leaf("CreDtTm", time(now)),
    branch(
      "FrToDt",
      leaf("FrDtTm", `${day.date}T00:00:00+08:00`),
      leaf("ToDtTm", `${day.date}T23:59:59+08:00`),
    ),
    branch(
      "Acct",
      branch("Id", branch("Othr", leaf("Id", account.number))),
      leaf("Ccy", account.currency),
      branch("Ownr", leaf("Nm", account.name)),
      branch("Svcr", bankOf(account.bankCode)),
    ),
    balance("OPBD", day.opening, account.currency, day.date),
    balance("CLBD", closing, account.currency, day.date),
    ...day.entries.map(entryOf),
  );
  return document("camt.053.001.08", branch("BkToCstmrStmt", header, statement));
}

function entryOf(entry: BankEntry): string {
  const isIn = entry.amount > 0n;
  const family = isIn ? "RCDT" : "ICDT";
  const party = branch("Pty", leaf("Nm", entry.name ?? "NOTPROVIDED"));
  const account = entry.number ? branch("Id", branch("Othr", leaf("Id", entry.number))) : "";
  const parties = isIn
    ? branch("RltdPties", branch("Dbtr", party), account && branch("DbtrAcct", account))
    : branch("RltdPties", branch("Cdtr", party), account && branch("CdtrAcct", account));
  const reference = entry.originalEndToEndId ?? entry.endToEndId ?? "NOTPROVIDED";
  const details = branch(
    "TxDtls",
    branch("Refs", entry.messageId ? leaf("MsgId", entry.messageId) : "", leaf("EndToEndId", reference)),
    parties,
    entry.info ? branch("RmtInf", leaf("Ustrd", entry.info)) : "",
    entry.returnCode ? branch("RtrInf", branch("Rsn", leaf("Cd", entry.returnCode))) : "",
  );
  return branch(
    "Ntry",
    leaf("NtryRef", String(entry.seq)),
    money(entry.amount, entry.currency),
    leaf("CdtDbtInd", isIn ? "CRDT" : "DBIT"),
    entry.originalEndToEndId ? leaf("RvslInd", "true") : "",
    branch("Sts", leaf("Cd", "BOOK")),
    branch("BookgDt", leaf("Dt", entry.date)),
    branch("ValDt", leaf("Dt", entry.date)),
    leaf("AcctSvcrRef", entry.ref),
    branch(
      "BkTxCd",
      branch("Domn", leaf("Cd", "PMNT"), branch("Fmly", leaf("Cd", family), leaf("SubFmlyCd", "DMCT"))),
    ),
    branch("NtryDtls", details),
  );
}

function balance(kind: string, amount: bigint, currency: string, date: string): string {
  return branch(
    "Bal",
    branch("Tp", branch("CdOrPrtry", leaf("Cd", kind))),
    money(amount, currency),
    leaf("CdtDbtInd", amount < 0n ? "DBIT" : "CRDT"),
    branch("Dt", leaf("Dt", date)),
  );
}

function money(amount: bigint, currency: string): string {
  return `<Amt Ccy="${currency}">${formatYuan(amount < 0n ? -amount : amount)}</Amt>`;
}

function bankOf(code: string): string {
  if (!/^\d{12}$/.test(code)) return branch("FinInstnId", leaf("BICFI", code));
  return branch(
    "FinInstnId",
    branch("ClrSysMmbId", branch("ClrSysId", leaf("Cd", "CNAPS")), leaf("MmbId", code)),
  );
}

function time(at: Date): string {
  return `${formatBeijing(at).replace(" ", "T")}+08:00`;
}

function document(kind: string, body: string): string {
  const namespace = `urn:iso:std:iso:20022:tech:xsd:${kind}`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="${namespace}">${body}</Document>\n`;
}
