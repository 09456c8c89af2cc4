import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";

const bitsMin = 2_048;

/**
 * The PEM of an RSA public key given as PEM or as the bare base64 that consoles show; undefined when it is
 * not one.
 */
export function readPublicKey(text: string): string | undefined {
  const base64 = text.replace(/-----[A-Z ]+-----/g, "").replace(/\s/g, "");
  if (!/^[A-Za-z0-9+/]+=*$/.test(base64)) return undefined;
  const der = Buffer.from(base64, "base64");
  if (isPrivate(der)) return undefined;
  for (const type of ["spki", "pkcs1"] as const) {
    const key = parsed(() => createPublicKey({ key: der, format: "der", type }));
    if (key?.asymmetricKeyType !== "rsa") continue;
    const strong = (key.asymmetricKeyDetails?.modulusLength ?? 0) >= bitsMin;
    return strong ? (key.export({ type: "spki", format: "pem" }) as string) : undefined;
  }
  return undefined;
}

/** createPublicKey would take a private key too, and keep its public half. */
function isPrivate(der: Buffer): boolean {
  const types = ["pkcs8", "pkcs1"] as const;
  return types.some(
    (type) => parsed(() => createPrivateKey({ key: der, format: "der", type })) !== undefined,
  );
}

function parsed(parse: () => KeyObject): KeyObject | undefined {
  try {
    return parse();
  } catch {
    return undefined;
  }
}

/** The bare base64 of a PEM public key, as a console shows it. */
export function bareKey(pem: string): string {
  return pem.replace(/-----[A-Z ]+-----/g, "").replace(/\s/g, "");
}
