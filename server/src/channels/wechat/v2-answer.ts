import { NOT_KNOWN, RATE, type RawAnswer, type Reading } from "./answer.ts";
import { isV2Signed } from "./v2-signing.ts";
import { readXml } from "./v2-xml.ts";

/**
 * Verifies and reads one answer of API v2. Only what carries a right signature is believed: a `return_code`
 * of FAIL carries none, and is `unknown` whatever it says. WeChat Pay's own "not known" is `unknown` too,
 * unless it asks for the same call once more (`recall`).
 */
export function readV2Answer(raw: RawAnswer, apiV2Key: string): Reading {
  const read = raw.status === 200 ? fieldsOf(raw.body) : null;
  const unknown = (reason: string): Reading => ({ result: { end: "unknown", reason }, read });
  if (raw.status !== 200) return unknown(`HTTP status ${raw.status}`);
  if (read === null) return unknown("the answer cannot be read");
  if (read.return_code !== "SUCCESS")
    return unknown(`API v2 did not hear it: ${read.return_code ?? ""} ${read.return_msg ?? ""}`.trim());
  if (!isV2Signed(read, apiV2Key))
    return unknown("the answer is not verified: the signature is not WeChat Pay's");

  if (read.result_code === "SUCCESS") {
    return { result: { end: "answer", answer: { code: null, message: "", body: read } }, read };
  }
  const { err_code: code = "", err_code_des: message = "" } = read;
  const said = `${code} ${message}`.trim();
  if (RATE.has(code)) {
    const reason = `WeChat Pay limits the rate of calls: ${said}`;
    return { result: { end: "not_sent", reason, isRateRefusal: true }, read };
  }
  const again = read.recall === "Y";
  if (code === "" || (NOT_KNOWN.has(code) && !again)) return unknown(said);
  return { result: { end: "answer", answer: { code, message, body: read } }, read };
}

/** `SUCCESS`, or `FAIL/NOTENOUGH`. */
export function v2ChannelCodeOf(read: Reading["read"]): string | null {
  const [code, fault] = [read?.result_code ?? read?.return_code, read?.err_code];
  if (typeof code !== "string") return null;
  return typeof fault === "string" && fault !== "" ? `${code}/${fault}` : code;
}

function fieldsOf(body: Buffer): Readonly<Record<string, string>> | null {
  try {
    return readXml(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch {
    return null;
  }
}
