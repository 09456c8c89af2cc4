import { createHash, createPrivateKey, createPublicKey, createSign, createVerify } from "node:crypto";

/** The fields of a message. */
export type Params = Record<string, string>;

/** What is signed: every field that says something, but the signature, raw, in the order of its name. */
export function signedText(params: Params): string {
  return Object.keys(params)
    .filter((name) => name !== "signature" && params[name] !== "")
    .sort()
    .map((name) => `${name}=${params[name]}`)
    .join("&");
}

/** The lower-case hexadecimal SHA-256 of a text; the signature hashes this text once more. */
export function digestOf(text: string): string {
  return createHash("sha256").update(text, "utf8").digest("hex");
}

/** The message with its signature. */
export function signed(params: Params, privateKey: string): Params {
  const digest = digestOf(signedText(params));
  const signature = createSign("RSA-SHA256").update(digest).sign(createPrivateKey(privateKey), "base64");
  return { ...params, signature };
}

/** Whether the owner of the key signed exactly these fields. */
export function isSignedBy(params: Params, publicKey: string): boolean {
  const { signature } = params;
  if (!signature || !/^[A-Za-z0-9+/]+={0,2}$/.test(signature)) return false;
  const verify = createVerify("RSA-SHA256").update(digestOf(signedText(params)));
  return verify.verify(createPublicKey(publicKey), signature, "base64");
}
