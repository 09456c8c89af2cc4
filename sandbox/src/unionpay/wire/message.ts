import { messageOf, type RespCode } from "./resp-codes.ts";
import { type Params, signed } from "./signing.ts";

/** An answer before it is signed. */
export type Answer = { code: RespCode; detail?: string; fields: Record<string, string | null | undefined> };

/** Who signs what UnionPay says. */
export type Signer = { privateKey: string; certificate: string };

const echoed = [
  "txnType",
  "txnSubType",
  "bizType",
  "accessType",
  "merId",
  "orderId",
  "txnTime",
  "txnAmt",
  "currencyCode",
  "reqReserved",
] as const;

/** What UnionPay says of its own messages. */
export const own = { version: "5.1.0", encoding: "UTF-8", signMethod: "01" };

export function answer(code: RespCode, fields: Answer["fields"] = {}): Answer {
  return { code, fields };
}

/** The answer to a request: what it said of itself, the outcome, and what the call adds. */
export function answerParams(request: Params, { code, detail, fields }: Answer): Params {
  const echo = Object.fromEntries(echoed.map((name) => [name, request[name]]));
  const outcome = { respCode: code, respMsg: messageOf(code, detail) };
  return said({ ...echo, ...own, ...outcome, ...fields });
}

/** A message with the certificate of its signer, signed. */
export function signedBy(params: Params, signer: Signer): Params {
  return signed({ ...params, signPubKeyCert: signer.certificate }, signer.privateKey);
}

/** The body of an answer: not URL-encoded, the certificate in its lines. */
export function rawBody(params: Params): string {
  return Object.entries(params)
    .map(([name, value]) => `${name}=${value}`)
    .join("&");
}

/** The fields that say something. */
export function said(fields: Record<string, string | null | undefined>): Params {
  return Object.fromEntries(
    Object.entries(fields).filter((entry): entry is [string, string] => Boolean(entry[1])),
  );
}
