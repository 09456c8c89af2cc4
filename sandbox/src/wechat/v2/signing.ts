import { createHash, createHmac } from "node:crypto";
import type { V2Fields } from "./xml.ts";

export const signTypes = ["MD5", "HMAC-SHA256"] as const;
export type SignType = (typeof signTypes)[number];

/** The signature over every field that is not empty, sorted by name, in upper-case hexadecimal. */
export function v2Signature(fields: V2Fields, key: string, type: SignType): string {
  const names = Object.keys(fields).filter((name) => name !== "sign" && fields[name] !== "");
  const text = [...names.sort().map((name) => `${name}=${fields[name]!}`), `key=${key}`].join("&");
  const hash = type === "MD5" ? createHash("md5") : createHmac("sha256", key);
  return hash.update(text, "utf8").digest("hex").toUpperCase();
}
