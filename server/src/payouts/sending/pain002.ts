/**
 * A bank's answer: ISO 20022 pain.002, CustomerPaymentStatusReport. Any version is read; a report of several
 * groups is read as far as it is about our message. `ACSC` and the like say that the bank took it, never that
 * it arrived: only the statement does.
 */
import { StatementFault } from "../../channels/index.ts";
import { readXml, type Xml } from "../../statements/index.ts";
import type { ReportOutcome } from "../model.ts";

export type StatusOfTransfer = {
  readonly endToEndId: string;
  readonly status: string;
  readonly outcome: ReportOutcome;
  readonly code: string | null;
  readonly detail: string | null;
};

export type StatusReport = {
  /** Of the whole message, or of what is not listed. */
  readonly overall: Omit<StatusOfTransfer, "endToEndId"> | null;
  readonly transfers: readonly StatusOfTransfer[];
};

const ACCEPTED = ["RCVD", "ACTC", "ACCP", "ACSP", "ACSC", "ACCC", "ACWC", "ACWP", "ACFC"];
const REJECTED = ["RJCT", "CANC"];
const DECLARATION = /^\s*<\?xml[^>]*\?>/;
/** The bank has had this very instruction before: a word about the message, not about the money. */
const DOUBLE = ["AM05", "DUPL", "DU01", "DU02", "DU03", "DU04", "DU05"];

/**
 * What the bank says about the message `messageId`; null for anything that is no such report, which says
 * nothing.
 */
export function readPain002(text: string, messageId: string): StatusReport | null {
  try {
    // It is decoded already, whatever it says of its encoding.
    return reportOf(readXml(Buffer.from(text.replace(DECLARATION, ""))), messageId);
  } catch (error) {
    if (error instanceof StatementFault) return null;
    throw error;
  }
}

function reportOf(document: Xml, messageId: string): StatusReport | null {
  if (document.name !== "Document") return null;
  const own = document
    .all("CstmrPmtStsRpt")
    .filter((report) => report.text("OrgnlGrpInfAndSts", "OrgnlMsgId") === messageId);
  if (own.length === 0) return null;
  let overall: StatusReport["overall"] = null;
  const transfers: StatusOfTransfer[] = [];
  for (const report of own) {
    const group = report.one("OrgnlGrpInfAndSts") as Xml;
    overall = statusOf(group.text("GrpSts"), group) ?? overall;
    for (const payment of report.all("OrgnlPmtInfAndSts")) {
      // A message of ours has one PmtInf: its status is that of all that it does not list.
      overall = statusOf(payment.text("PmtInfSts"), payment) ?? overall;
      transfers.push(...payment.all("TxInfAndSts").flatMap(transferOf));
    }
  }
  return { overall, transfers };
}

function transferOf(of: Xml): StatusOfTransfer[] {
  const endToEndId = of.text("OrgnlEndToEndId");
  const status = statusOf(of.text("TxSts"), of);
  return endToEndId === null || status === null ? [] : [{ endToEndId, ...status }];
}

function statusOf(status: string | null, of: Xml): Omit<StatusOfTransfer, "endToEndId"> | null {
  // Some of the message was taken and some not: each transfer has its own status then.
  if (status === null || status === "PART") return null;
  const reasons = of.all("StsRsnInf");
  const reason = reasons.flatMap((each) => each.all("Rsn"))[0];
  const code = reason === undefined ? null : (reason.text("Cd") ?? reason.text("Prtry"));
  const details = reasons.flatMap((each) => each.all("AddtlInf").flatMap((info) => info.text() ?? []));
  return {
    status,
    outcome: outcomeOf(status, code),
    code: code ?? status,
    detail: details.length === 0 ? null : details.join(" ").slice(0, 500),
  };
}

function outcomeOf(status: string, code: string | null): ReportOutcome {
  if (ACCEPTED.includes(status)) return "accepted";
  if (!REJECTED.includes(status)) return "pending";
  return code !== null && DOUBLE.includes(code) ? "pending" : "rejected";
}
