/**
 * A bank's answer: ISO 20022 pain.002, CustomerPaymentStatusReport. Any version is read; a report of several
 * groups is read as far as it is about our message. `ACSC` and the like say that the bank took it, never that
 * it arrived: only the statement does.
 */
import { XMLParser } from "fast-xml-parser";
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
/** The bank has had this very instruction before: a word about the message, not about the money. */
const DOUBLE = ["AM05", "DUPL", "DU01", "DU02", "DU03", "DU04", "DU05"];
const REPEATED = ["CstmrPmtStsRpt", "OrgnlPmtInfAndSts", "TxInfAndSts", "StsRsnInf", "AddtlInf"];

type Node = { readonly [name: string]: unknown };

const parser = new XMLParser({
  removeNSPrefix: true,
  ignoreAttributes: true,
  parseTagValue: false,
  trimValues: true,
  // Five entities and no document types: nothing in an answer can be made to grow.
  processEntities: true,
  isArray: (name) => REPEATED.includes(name),
});

/**
 * What the bank says about the message `messageId`; null for anything that is no such report, which says
 * nothing.
 */
export function readPain002(text: string, messageId: string): StatusReport | null {
  if (text.includes("<!DOCTYPE")) return null;
  let document: Node;
  try {
    document = parser.parse(text, true) as Node;
  } catch {
    return null;
  }
  const reports = nodes(node(document.Document)?.CstmrPmtStsRpt);
  const own = reports.filter((report) => textOf(node(report.OrgnlGrpInfAndSts)?.OrgnlMsgId) === messageId);
  if (own.length === 0) return null;
  let overall: StatusReport["overall"] = null;
  const transfers: StatusOfTransfer[] = [];
  for (const report of own) {
    const group = node(report.OrgnlGrpInfAndSts) as Node;
    overall = statusOf(textOf(group.GrpSts), group) ?? overall;
    for (const payment of nodes(report.OrgnlPmtInfAndSts)) {
      // A message of ours has one PmtInf: its status is that of all that it does not list.
      overall = statusOf(textOf(payment.PmtInfSts), payment) ?? overall;
      transfers.push(...nodes(payment.TxInfAndSts).flatMap(transferOf));
    }
  }
  return { overall, transfers };
}

function transferOf(of: Node): StatusOfTransfer[] {
  const endToEndId = textOf(of.OrgnlEndToEndId);
  const status = statusOf(textOf(of.TxSts), of);
  return endToEndId === null || status === null ? [] : [{ endToEndId, ...status }];
}

function statusOf(status: string | null, of: Node): Omit<StatusOfTransfer, "endToEndId"> | null {
  // Some of the message was taken and some not: each transfer has its own status then.
  if (status === null || status === "PART") return null;
  const reasons = nodes(of.StsRsnInf);
  const reason = reasons.map((each) => node(each.Rsn)).find((each) => each !== null) ?? null;
  const code = reason === null ? null : (textOf(reason.Cd) ?? textOf(reason.Prtry));
  const details = reasons.flatMap((each) => list(each.AddtlInf).map(textOf)).filter((each) => each !== null);
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

function list(value: unknown): readonly unknown[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value];
}

function nodes(value: unknown): readonly Node[] {
  return list(value)
    .map(node)
    .filter((each) => each !== null);
}

function node(value: unknown): Node | null {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Node) : null;
}

function textOf(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}
