import { createHash } from "node:crypto";
import { rootName, serialOf } from "../../certificates/index.ts";

/**
 * Alipay's own idea of a certificate's serial number: md5 of the issuer's name, innermost part first, and the
 * decimal serial.
 */
export function alipaySerialOf(certificate: string): string {
  const reversed = [...rootName].reverse().map(([attribute, value]) => `${attribute}=${value}`);
  const serial = BigInt(`0x${serialOf(certificate)}`);
  return createHash("md5")
    .update(`${reversed.join(",")}${serial}`, "utf8")
    .digest("hex");
}
