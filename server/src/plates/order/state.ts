import { MINUTE, type Random, SECOND } from "../../kernel/clock.ts";
import { constantTimeEqual, type Keyring } from "../../kernel/crypto.ts";
import type { Id } from "../../kernel/ids.ts";

/**
 * What goes with a browser to the wallet's page and comes back with it: which payment it belongs to, signed,
 * for a few minutes. Its nonce names the attempt that it makes, so that coming back twice makes one.
 */
export type OrderState = { readonly paymentId: Id; readonly nonce: string };

const PURPOSE = "order_state";
const ID_BYTES = 16;
const NONCE_BYTES = 8;
const UNTIL_BYTES = 4;
const MAC_BYTES = 16;
const HEAD_BYTES = ID_BYTES + NONCE_BYTES + UNTIL_BYTES;
const LIFE_MS = 5 * MINUTE;

/** 88 letters and digits: WeChat takes no other characters, and 128 of them. */
export function newOrderState(
  keyring: Pick<Keyring, "mac">,
  random: Random,
  paymentId: Id,
  now: Date,
): string {
  const head = Buffer.alloc(HEAD_BYTES);
  Buffer.from(paymentId.replaceAll("-", ""), "hex").copy(head);
  random.bytes(NONCE_BYTES).copy(head, ID_BYTES);
  head.writeUInt32BE(Math.floor((now.getTime() + LIFE_MS) / SECOND), ID_BYTES + NONCE_BYTES);
  return Buffer.concat([head, keyring.mac(PURPOSE, head).subarray(0, MAC_BYTES)]).toString("hex");
}

/** Null: not made here, or too old; `late` tells the payment of one that is only too old. */
export function readOrderState(
  keyring: Pick<Keyring, "macs">,
  text: string,
  now: Date,
): { readonly state: OrderState; readonly late: boolean } | null {
  if (!/^[0-9a-f]{88}$/.test(text)) return null;
  const bytes = Buffer.from(text, "hex");
  const head = bytes.subarray(0, HEAD_BYTES);
  const macs = keyring.macs(PURPOSE, head).map((mac) => mac.subarray(0, MAC_BYTES));
  if (!macs.some((mac) => constantTimeEqual(bytes.subarray(HEAD_BYTES), mac))) return null;
  const hex = head.subarray(0, ID_BYTES).toString("hex");
  const paymentId = [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20),
  ].join("-");
  const nonce = head.subarray(ID_BYTES, ID_BYTES + NONCE_BYTES).toString("hex");
  const late = head.readUInt32BE(ID_BYTES + NONCE_BYTES) * SECOND < now.getTime();
  return { state: { paymentId, nonce }, late };
}
