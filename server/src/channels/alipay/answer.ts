import type { CallEnd } from "../port.ts";
import type { AlipayCredentials } from "./credentials.ts";
import { withoutSigningText } from "./masking.ts";
import { decryptContent, rawMembers, verifyText } from "./signing.ts";

/** An answer of the gateway whose signature was verified. */
export type Answer = {
  /** `10000` success · `10003` the buyer is asked · `40004` a business refusal. */
  readonly code: string;
  /** `ACQ.…` where the method says no. */
  readonly subCode: string | null;
  readonly message: string;
  readonly body: Readonly<Record<string, unknown>>;
};

/** What came back instead of an answer to the question asked. */
export type NoAnswer = Exclude<CallEnd<never>, { end: "answered" }>;

/** `read`: whatever could be read of it, verified or not, for the record alone. */
export type Reading = {
  readonly result: { readonly end: "answer"; readonly answer: Answer } | NoAnswer;
  readonly read: Readonly<Record<string, unknown>> | null;
};

/** Methods whose yes has no `code` at all; their no has one. */
const CODELESS: ReadonlySet<string> = new Set(["alipay.system.oauth.token"]);

/**
 * Verifies and reads the envelope `{"<method>_response":{…},"sign":"…"}`. The signature covers the raw text
 * of the inner value. What is not signed by Alipay is `unknown`, whatever it says, except that an unsigned
 * "no" to a call that moves nothing (`readOnly`) is a refusal: a gateway that does not know the app has no
 * key to sign with.
 */
export function readEnvelope(
  text: string,
  method: string,
  credentials: AlipayCredentials,
  readOnly: boolean,
): Reading {
  const members = rawMembers(text);
  const raw = members?.get(`${method.replaceAll(".", "_")}_response`) ?? members?.get("error_response");
  if (members === null || raw === undefined) return broken("the answer is not Alipay's envelope", null);
  const body = innerBody(raw, credentials.encryptKey);
  if (body === null) return broken("the answer cannot be read", null);

  const signature = members.get("sign");
  if (signature === undefined) {
    const refusal = readOnly ? withoutAnswer(answerOf(body)) : null;
    return refusal?.end === "refused"
      ? { result: refusal, read: body }
      : broken("the answer is not signed", body);
  }
  const signer = members.get("alipay_cert_sn");
  const expected = credentials.certificates?.alipayCertSn;
  if (expected !== undefined && signer !== undefined && textOf(signer) !== expected) {
    return broken(
      "the answer is signed with another certificate of Alipay's; download alipay_cert again",
      body,
    );
  }
  if (!verifyText(raw, textOf(signature), credentials.alipayPublicKey)) {
    return broken("the answer's signature is not Alipay's", body);
  }
  const answer = answerOf(body, CODELESS.has(method) ? "10000" : "");
  return { result: withoutAnswer(answer) ?? { end: "answer", answer }, read: body };
}

/** `10000`, or `40004/ACQ.TRADE_NOT_EXIST`; null when there is no code. */
export function channelCodeOf(read: Reading["read"]): string | null {
  if (read === null) return null;
  const [code, subCode] = [textIn(read, "code"), textIn(read, "sub_code")];
  return code !== null && subCode !== null ? `${code}/${subCode}` : code;
}

/**
 * The codes that say the same of every method (Alipay: 公共错误码): nothing known, nothing done, or the call
 * itself is wrong. Null when the method has spoken.
 */
function withoutAnswer(answer: Answer): NoAnswer | null {
  const { code, subCode, message } = answer;
  const said = `${subCode ?? code} ${message}`;
  // Every sub-code of this name, whatever its prefix, means that Alipay does not know how it ended.
  if (code === "20000" || subCode?.endsWith("SYSTEM_ERROR")) return { end: "unknown", reason: said };
  if (code === "40005") return { end: "not_sent", reason: `Alipay limits the rate of calls: ${said}` };
  if (code === "10000" || code === "10003" || code === "40004") return null;
  if (/^(20001|4000\d)$/.test(code)) {
    return { end: "refused", code: subCode ?? code, message, retryable: false };
  }
  return { end: "unknown", reason: `an answer of no known meaning: ${said}` };
}

/** @param codeless what it means where the answer names no code. */
function answerOf(body: Readonly<Record<string, unknown>>, codeless = ""): Answer {
  return {
    code: textIn(body, "code") ?? codeless,
    subCode: textIn(body, "sub_code"),
    message: withoutSigningText(textIn(body, "sub_msg") ?? textIn(body, "msg") ?? ""),
    body,
  };
}

function textIn(body: Readonly<Record<string, unknown>>, name: string): string | null {
  const value = body[name];
  return typeof value === "string" ? value : null;
}

/**
 * An encrypted answer is a JSON string; a gateway that could not decrypt the question answers in the clear.
 */
function innerBody(raw: string, encryptKey: Buffer | null): Readonly<Record<string, unknown>> | null {
  const value: unknown = JSON.parse(raw);
  if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  if (typeof value !== "string" || encryptKey === null) return null;
  const clear = decryptContent(value, encryptKey);
  return clear === null || rawMembers(clear) === null ? null : (JSON.parse(clear) as Record<string, unknown>);
}

function textOf(rawJson: string): string {
  return String(JSON.parse(rawJson));
}

function broken(reason: string, read: Reading["read"]): Reading {
  return { result: { end: "unknown", reason }, read };
}
