import { createCipheriv, createDecipheriv, type KeyObject, sign, verify } from "node:crypto";

// RSA2 is SHA256withRSA (PKCS#1 v1.5) over UTF-8 text, in base64. Which text it is differs per kind of
// message.

export type Parameters = Readonly<Record<string, string>>;

/** The signature of a text, base64. */
export function signText(text: string, privateKey: KeyObject): string {
  return sign("RSA-SHA256", Buffer.from(text, "utf8"), privateKey).toString("base64");
}

/** Whether `signature` (base64) is the key holder's for this text. Any malformed signature is just wrong. */
export function verifyText(text: string, signature: string, publicKey: KeyObject): boolean {
  return verify("RSA-SHA256", Buffer.from(text, "utf8"), publicKey, Buffer.from(signature, "base64"));
}

/**
 * What a request's signature covers: all parameters that have a value but `sign`, sorted, raw; `sign_type`
 * included.
 */
export function requestText(parameters: Parameters): string {
  return Object.keys(parameters)
    .filter((name) => name !== "sign" && parameters[name] !== "")
    .sort()
    .map((name) => `${name}=${parameters[name]}`)
    .join("&");
}

/**
 * Whether a notification is Alipay's. `sign` and `sign_type` are left out of the text; some products leave
 * `sign_type` in, so that is tried second, as Alipay's own verifier does. Empty values count as they stand.
 * SHA-1 (`RSA`) is never accepted.
 */
export function verifyNotification(parameters: Parameters, publicKey: KeyObject): boolean {
  const { sign: signature, sign_type: signType, ...rest } = parameters;
  if (signature === undefined || signature === "" || (signType ?? "RSA2") !== "RSA2") return false;
  const withType = { ...rest, sign_type: "RSA2" };
  return [rest, withType].some((covered) => verifyText(sortedText(covered), signature, publicKey));
}

/**
 * The raw text of every member of a JSON object, exactly as it was sent: a signature covers those bytes,
 * escapes included, and parsing and writing again would lose them. Null when the text is no JSON object or
 * names a member twice.
 */
export function rawMembers(json: string): ReadonlyMap<string, string> | null {
  if (!isJsonObject(json)) return null;
  const members = new Map<string, string>();
  let at = json.indexOf("{") + 1;
  for (;;) {
    // Well-formedness is established, so what stands between members is only space, commas and the closing
    // brace.
    while (/[\s,]/.test(json[at] as string)) at += 1;
    if (json[at] === "}") return members;
    const nameEnd = endOfString(json, at);
    const name = JSON.parse(json.slice(at, nameEnd)) as string;
    at = json.indexOf(":", nameEnd) + 1;
    while (/\s/.test(json[at] as string)) at += 1;
    const end = endOfValue(json, at);
    if (members.has(name)) return null;
    members.set(name, json.slice(at, end));
    at = end;
  }
}

/** Content encryption (接口内容加密): AES-128-CBC with a zero IV, PKCS#7, base64. @param key 16 bytes */
export function encryptContent(text: string, key: Buffer): string {
  const cipher = createCipheriv("aes-128-cbc", key, Buffer.alloc(16));
  return Buffer.concat([cipher.update(text, "utf8"), cipher.final()]).toString("base64");
}

/** The inverse of `encryptContent`, or null when the text was not encrypted with this key. */
export function decryptContent(text: string, key: Buffer): string | null {
  try {
    const decipher = createDecipheriv("aes-128-cbc", key, Buffer.alloc(16));
    return Buffer.concat([decipher.update(text, "base64"), decipher.final()]).toString("utf8");
  } catch {
    return null;
  }
}

function sortedText(parameters: Parameters): string {
  return Object.keys(parameters)
    .sort()
    .map((name) => `${name}=${parameters[name]}`)
    .join("&");
}

function isJsonObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

function endOfString(json: string, quote: number): number {
  let at = quote + 1;
  while (json[at] !== '"') at += json[at] === "\\" ? 2 : 1;
  return at + 1;
}

function endOfValue(json: string, start: number): number {
  if (json[start] === '"') return endOfString(json, start);
  let at = start;
  let depth = 0;
  for (;;) {
    const character = json[at] as string;
    if (depth === 0 && /[\s,}\]]/.test(character)) return at;
    if (character === '"') {
      at = endOfString(json, at);
      continue;
    }
    if (character === "{" || character === "[") depth += 1;
    if (character === "}" || character === "]") {
      depth -= 1;
      if (depth === 0) return at + 1;
    }
    at += 1;
  }
}
