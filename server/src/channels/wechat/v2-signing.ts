import { createHmac, timingSafeEqual } from "node:crypto";
import type { V2Fields } from "./v2-xml.ts";

/** Of the two kinds of v2's signatures the one that is asked for and believed; the other is MD5. */
export const V2_SIGN_TYPE = "HMAC-SHA256";

/** The signature over every field that is not empty, sorted by name, in upper-case hexadecimal. */
export function v2Signature(fields: V2Fields, key: string): string {
  const signed = Object.entries(fields)
    .filter(([name, value]) => name !== "sign" && value !== "")
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`);
  const text = [...signed, `key=${key}`].join("&");
  return createHmac("sha256", key).update(text, "utf8").digest("hex").toUpperCase();
}

/** Whether the fields carry the signature of who holds the key. */
export function isV2Signed(fields: V2Fields, key: string): boolean {
  const right = Buffer.from(v2Signature(fields, key));
  const given = Buffer.from(fields.sign ?? "");
  return given.length === right.length && timingSafeEqual(given, right);
}
