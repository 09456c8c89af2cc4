/**
 * How a bank is spoken to: messages as XML over HTTP, as the front-end machines of banks' direct links
 * (银企直联) take them inside a company's own network. A bank with another transport needs a gateway that
 * speaks this.
 *
 * - `POST {url}/payments`: takes a pain.001, answers a pain.002.
 * - `GET {url}/payments/{MsgId}`: the pain.002 as it now is; 404 with `unknown_message` where the bank never
 *   had it.
 * - `GET {url}/statements/{date}`: the account's camt.053 of a closed day; 404 before there is one.
 */
import type { ChannelHttp } from "../../channels/index.ts";
import type { BankConnection } from "../model.ts";
import { readPain002, type StatusReport } from "./pain002.ts";

export type BankAnswer =
  | { readonly end: "report"; readonly report: StatusReport }
  /** Not one byte left: nothing has happened. */
  | { readonly end: "not_sent"; readonly reason: string }
  | { readonly end: "never_had"; readonly reason: string }
  /** Everything else, whatever its HTTP status: it says nothing of the money. */
  | { readonly end: "unknown"; readonly reason: string };

const ANSWER_BYTES_MAX = 4 * 1024 * 1024;
const NEVER_HAD = /"code"\s*:\s*"unknown_message"/;
const XML = "application/xml; charset=utf-8";

/** Sends a message, as it stands. */
export async function sendMessage(
  http: ChannelHttp,
  connection: BankConnection,
  messageId: string,
  message: string,
): Promise<BankAnswer> {
  const result = await http.request({
    url: `${connection.url}/payments`,
    method: "POST",
    headers: { "content-type": XML, accept: "application/xml" },
    body: message,
    timeoutMs: connection.timeoutMs,
    responseBytesMax: ANSWER_BYTES_MAX,
  });
  return result.end === "response" ? reportOf(result.status, result.body, messageId) : result;
}

/** Asks what became of a message. Whether the question arrived is no matter. */
export async function askAbout(
  http: ChannelHttp,
  connection: BankConnection,
  messageId: string,
): Promise<BankAnswer> {
  const result = await http.request({
    url: `${connection.url}/payments/${messageId}`,
    method: "GET",
    headers: { accept: "application/xml" },
    body: null,
    timeoutMs: connection.timeoutMs,
    responseBytesMax: ANSWER_BYTES_MAX,
  });
  if (result.end !== "response") return { end: "unknown", reason: result.reason };
  // A 404 of whatever stands between us and the bank is not the bank's word.
  if (result.status === 404 && NEVER_HAD.test(result.body.toString("utf8"))) {
    return { end: "never_had", reason: "the bank says that it never had the message" };
  }
  return reportOf(result.status, result.body, messageId);
}

function reportOf(status: number, body: Buffer, messageId: string): BankAnswer {
  const report = status === 200 ? readPain002(body.toString("utf8"), messageId) : null;
  if (report !== null) return { end: "report", report };
  return { end: "unknown", reason: `the bank answered ${status} without a report on the message` };
}

/** The statement of a closed day as the bank publishes it; null while there is none. */
export async function fetchStatement(
  http: ChannelHttp,
  connection: BankConnection,
  date: string,
): Promise<Buffer | null> {
  const result = await http.request({
    url: `${connection.url}/statements/${date}`,
    method: "GET",
    headers: { accept: "application/xml" },
    body: null,
    timeoutMs: connection.timeoutMs,
    responseBytesMax: 64 * ANSWER_BYTES_MAX,
  });
  return result.end === "response" && result.status === 200 ? result.body : null;
}
