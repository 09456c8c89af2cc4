import type { FastifyRequest } from "fastify";
import type { Random } from "../kernel/clock.ts";
import { sha256 } from "../kernel/crypto.ts";
import { problem } from "../kernel/errors.ts";

const SECRET_BYTES = 32;
/** Characters of a secret that are shown to tell one from another: the kind and 24 of its 256 bits. */
const SHOWN_CHARACTERS = 9;
const SECRET_CHARACTERS_MAX = 200;

/** A bearer secret of 256 random bits, shown once; only its hash and its first characters are kept. */
export type NewSecret = { readonly secret: string; readonly hash: Buffer; readonly prefix: string };

/** Makes a secret: `op_…` for an operator, `sk_…` for a merchant. */
export function newSecret(kind: "op" | "sk", random: Random): NewSecret {
  const secret = `${kind}_${random.bytes(SECRET_BYTES).toString("hex")}`;
  return { secret, hash: sha256(secret), prefix: prefixOf(secret) };
}

/** What may be shown of a secret. */
export function prefixOf(secret: string): string {
  return secret.slice(0, SHOWN_CHARACTERS);
}

/**
 * The bearer secret of a request. Throws `unauthenticated` saying what is wrong with the header, never
 * quoting it.
 */
export function readBearer(request: FastifyRequest): string {
  const header = request.headers.authorization;
  if (header === undefined) {
    throw problem("unauthenticated", { detail: "the authorization header is missing" });
  }
  const secret = /^Bearer +([\x21-\x7e]+) *$/i.exec(header)?.[1];
  if (secret === undefined || secret.length > SECRET_CHARACTERS_MAX) {
    throw problem("unauthenticated", {
      detail: "the authorization header must be the word Bearer, a space and the key",
    });
  }
  return secret;
}
