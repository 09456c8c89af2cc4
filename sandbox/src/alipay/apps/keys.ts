import { createPublicKey } from "node:crypto";

/**
 * The PEM of an RSA public key given as PEM or as the bare base64 that Alipay shows; undefined when it is not
 * one.
 */
export function readPublicKey(text: string): string | undefined {
  const base64 = text.replace(/-----[A-Z ]+-----/g, "").replace(/\s/g, "");
  if (!/^[A-Za-z0-9+/]+=*$/.test(base64)) return undefined;
  const der = Buffer.from(base64, "base64");
  for (const type of ["spki", "pkcs1"] as const) {
    try {
      const key = createPublicKey({ key: der, format: "der", type });
      // A private key would be taken too, and its public half kept.
      if (!key.export({ type, format: "der" }).equals(der)) return undefined;
      if (key.asymmetricKeyType !== "rsa") return undefined;
      if ((key.asymmetricKeyDetails?.modulusLength ?? 0) < 2048) return undefined;
      return key.export({ type: "spki", format: "pem" }) as string;
    } catch {
      // The other encoding is tried next.
    }
  }
  return undefined;
}

/** The bare base64 of a PEM public key, as Alipay's console shows it. */
export function bareKey(pem: string): string {
  return pem.replace(/-----[A-Z ]+-----/g, "").replace(/\s/g, "");
}
