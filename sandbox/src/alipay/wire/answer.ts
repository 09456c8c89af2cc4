import { rsa2Sign } from "./signing.ts";

/**
 * The inside of an answer: `code` and `msg` first, then what the method says; fields without a value are not
 * sent.
 */
export type Answer = { code: string; msg: string } & Record<string, unknown>;

export type AnswerSigner = { privateKey: string; certSn: string | null };

/** 10000: the call succeeded. Fields that are null or undefined are left out, as Alipay leaves them out. */
export function success(fields: Record<string, unknown>): Answer {
  return { code: "10000", msg: "Success", ...withoutMissing(fields) };
}

/** 10003: the buyer is asked for a password; the trade stands, unpaid. */
export function waitingForBuyer(fields: Record<string, unknown>): Answer {
  return { code: "10003", msg: "order success pay inprocess", ...withoutMissing(fields) };
}

const messages: Record<string, string> = {
  "20000": "Service Currently Unavailable",
  "20001": "Insufficient Token Permissions",
  "40001": "Missing Required Arguments",
  "40002": "Invalid Arguments",
  "40003": "Insufficient Conditions",
  "40004": "Business Failed",
  "40005": "Call Limited",
  "40006": "Insufficient Permissions",
};

/** An answer that says no. */
export function failure(code: string, subCode: string, subMsg: string, fields: object = {}): Answer {
  return { code, msg: messages[code]!, sub_code: subCode, sub_msg: subMsg, ...fields };
}

/**
 * The bytes of an answer: the response object under the method's name, then `alipay_cert_sn` in certificate
 * mode,
 * `sign` last. The signature covers the response object exactly as sent, its escaped slashes included.
 * Without a signer (the app is unknown) nothing is signed.
 */
export function envelope(responseKey: string, answer: Answer, signer: AnswerSigner | null): string {
  const inner = JSON.stringify(answer).replaceAll("/", "\\/");
  const certSn = signer?.certSn ? `,"alipay_cert_sn":"${signer.certSn}"` : "";
  const sign = signer ? `,"sign":"${rsa2Sign(inner, signer.privateKey)}"` : "";
  return `{"${responseKey}":${inner}${certSn}${sign}}`;
}

/** "alipay_trade_query_response" for "alipay.trade.query". */
export function responseKeyOf(method: string): string {
  return `${method.replaceAll(".", "_")}_response`;
}

function withoutMissing(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== null && value !== undefined),
  );
}
