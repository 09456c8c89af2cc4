/**
 * The instruction to a bank: ISO 20022 pain.001.001.09, CustomerCreditTransferInitiation. One message is one
 * batch; one PmtInf, each credit transfer booked by the bank as an entry of its own, so that its statement
 * names every EndToEndId.
 */
import { HOUR, plus } from "../../kernel/clock.ts";
import { channelNumber, type Id, parseChannelNumber } from "../../kernel/ids.ts";
import { escapeMarkup } from "../../kernel/markup.ts";
import { formatDecimal } from "../../kernel/money.ts";
import type { BankConnection, Payout } from "../model.ts";

export const PAIN001 = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09";

/** Max140Text, the limit of names and of unstructured remittance information. */
const TEXT_MAX = 140;
const CHINA_OFFSET_MS = 8 * HOUR;

export type Instructed = {
  readonly payout: Payout;
  /** The account's number, opened for this message alone. */
  readonly accountNumber: string;
};

/** The MsgId of a batch: 29 letters and digits of at most 35, the same for ever. */
export function messageIdOf(batchId: Id): string {
  return channelNumber("pyb", batchId);
}

/** The EndToEndId of a payout: 29 letters and digits, the same for ever. */
export function endToEndIdOf(payoutId: Id): string {
  return channelNumber("pyt", payoutId);
}

/** The payout that an EndToEndId names, or null for one that is none of ours. */
export function payoutOfEndToEndId(text: string): Id | null {
  return parseChannelNumber("pyt", text);
}

/**
 * The message. @param date when the bank is to carry it out, `yyyy-mm-dd`
 */
export function writePain001(
  batchId: Id,
  connection: BankConnection,
  transfers: readonly Instructed[],
  when: { readonly at: Date; readonly date: string },
): string {
  const messageId = messageIdOf(batchId);
  const { currency } = connection;
  const total = transfers.reduce((sum, { payout }) => sum + payout.amount, 0n);
  const sum = formatDecimal({ amount: total, currency });
  const counts = element("NbOfTxs", String(transfers.length)) + element("CtrlSum", sum);
  const header = tag(
    "GrpHdr",
    element("MsgId", messageId),
    element("CreDtTm", chinaTime(when.at)),
    counts,
    tag("InitgPty", element("Nm", bankText(connection.holderName))),
  );
  const payment = tag(
    "PmtInf",
    element("PmtInfId", messageId),
    element("PmtMtd", "TRF"),
    element("BtchBookg", "false"),
    counts,
    tag("ReqdExctnDt", element("Dt", when.date)),
    tag("Dbtr", element("Nm", bankText(connection.holderName))),
    tag("DbtrAcct", accountId(connection.accountNumber), element("Ccy", currency)),
    tag("DbtrAgt", institution(connection.bankCode)),
    ...transfers.map(transfer),
  );
  const body = `<Document xmlns="${PAIN001}">${tag("CstmrCdtTrfInitn", header, payment)}</Document>`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n${body}\n`;
}

function transfer({ payout, accountNumber }: Instructed): string {
  const { currency } = payout;
  const endToEndId = endToEndIdOf(payout.id);
  const amount = formatDecimal({ amount: payout.amount, currency });
  return tag(
    "CdtTrfTxInf",
    tag("PmtId", element("InstrId", endToEndId), element("EndToEndId", endToEndId)),
    tag("Amt", `<InstdAmt Ccy="${escapeMarkup(currency)}">${amount}</InstdAmt>`),
    tag("CdtrAgt", institution(payout.bankCode)),
    tag("Cdtr", element("Nm", bankText(payout.holderName))),
    tag("CdtrAcct", accountId(accountNumber)),
    payout.remark === null ? "" : tag("RmtInf", element("Ustrd", bankText(payout.remark))),
  );
}

/** A bank by its CNAPS number (12 digits), else by its BIC. */
function institution(bankCode: string): string {
  if (!/^\d{12}$/.test(bankCode)) return tag("FinInstnId", element("BICFI", bankCode));
  const system = tag("ClrSysId", element("Cd", "CNAPS"));
  return tag("FinInstnId", tag("ClrSysMmbId", system, element("MmbId", bankCode)));
}

function accountId(number: string): string {
  return tag("Id", tag("Othr", element("Id", number)));
}

/** Without control characters and lone surrogates, which XML has no way to write, and as long as may be. */
export function bankText(text: string): string {
  const plain = text.toWellFormed().replace(/[\p{Cc}\p{Cf}\uFFFD\uFFFE\uFFFF]/gu, " ");
  return [...plain.replace(/ +/g, " ").trim()].slice(0, TEXT_MAX).join("");
}

function chinaTime(at: Date): string {
  return `${plus(at, CHINA_OFFSET_MS).toISOString().slice(0, 19)}+08:00`;
}

function element(name: string, text: string): string {
  return `<${name}>${escapeMarkup(text)}</${name}>`;
}

function tag(name: string, ...children: readonly string[]): string {
  return `<${name}>${children.join("")}</${name}>`;
}
