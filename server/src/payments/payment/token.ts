import { constantTimeEqual, type Keyring } from "../../kernel/crypto.ts";
import type { Id } from "../../kernel/ids.ts";

const MAC_BYTES = 18;
const ID_BYTES = 16;
const PURPOSE = "cashier";

/**
 * A cashier page is reachable by its token alone: the payment's id with a keyed hash of it. It needs no
 * column of its own, and nobody can make one without the master key.
 */
export function cashierToken(keyring: Pick<Keyring, "mac">, paymentId: Id): string {
  const id = Buffer.from(paymentId.replaceAll("-", ""), "hex");
  const mac = keyring.mac(PURPOSE, id).subarray(0, MAC_BYTES);
  return Buffer.concat([id, mac]).toString("base64url");
}

const REMEMBERED_MAX = 10_000;

/** Makes tokens, and remembers those of late: a payment is shown several times within its first moments. */
export function createCashierTokens(keyring: Pick<Keyring, "mac">): (paymentId: Id) => string {
  const known = new Map<Id, string>();
  return (paymentId) => {
    let token = known.get(paymentId);
    if (token === undefined) {
      token = cashierToken(keyring, paymentId);
      if (known.size >= REMEMBERED_MAX) known.clear();
      known.set(paymentId, token);
    }
    return token;
  };
}

/** The payment that a token opens, or null for anything that was not made here. */
export function readCashierToken(keyring: Pick<Keyring, "macs">, token: string): Id | null {
  const bytes = Buffer.from(token, "base64url");
  // The last character has bits to spare: one spelling counts.
  if (bytes.length !== ID_BYTES + MAC_BYTES || bytes.toString("base64url") !== token) return null;
  const id = bytes.subarray(0, ID_BYTES);
  const macs = keyring.macs(PURPOSE, id).map((mac) => mac.subarray(0, MAC_BYTES));
  if (!macs.some((mac) => constantTimeEqual(bytes.subarray(ID_BYTES), mac))) return null;
  const hex = id.toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
