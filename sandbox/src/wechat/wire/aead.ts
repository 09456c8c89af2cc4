import { createCipheriv } from "node:crypto";

export const algorithm = "AEAD_AES_256_GCM";

export type Sealed = {
  algorithm: typeof algorithm;
  ciphertext: string;
  associated_data: string;
  nonce: string;
};

/**
 * AES-256-GCM with the APIv3 key, as notifications and certificates carry it: ciphertext and tag in base64.
 */
export function seal(plaintext: string, apiV3Key: string, nonce: string, associatedData: string): Sealed {
  const cipher = createCipheriv("aes-256-gcm", Buffer.from(apiV3Key, "utf8"), Buffer.from(nonce, "utf8"));
  cipher.setAAD(Buffer.from(associatedData, "utf8"));
  const bytes = Buffer.concat([cipher.update(plaintext, "utf8"), cipher.final(), cipher.getAuthTag()]);
  return { algorithm, ciphertext: bytes.toString("base64"), associated_data: associatedData, nonce };
}
