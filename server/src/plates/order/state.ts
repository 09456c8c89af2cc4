import { MINUTE, type Random, SECOND } from "../../kernel/clock.ts";
import { constantTimeEqual, type Keyring } from "../../kernel/crypto.ts";
import type { Id } from "../../kernel/ids.ts";

/**
 * What goes with a browser to the wallet's page and comes back with it: which payment it belongs to, signed,
 * for a few minutes. Its nonce names the attempt that it makes, so that coming back twice makes one.
 */
export type OrderState = {
  readonly paymentId: Id;
  /** The contract whose app asks who the buyer is: he has another name at each. */
  readonly channelAccountId: Id;
  readonly nonce: string;
};

const PURPOSE = "order_state";
const ID_BYTES = 16;
const NONCE_BYTES = 8;
const UNTIL_BYTES = 4;
const MAC_BYTES = 16;
const NONCE_AT = 2 * ID_BYTES;
const UNTIL_AT = NONCE_AT + NONCE_BYTES;
const HEAD_BYTES = UNTIL_AT + UNTIL_BYTES;
const LIFE_MS = 5 * MINUTE;

/** 120 letters and digits: WeChat takes no other characters, and 128 of them. */
export function newOrderState(
  keyring: Pick<Keyring, "mac">,
  random: Random,
  { paymentId, channelAccountId }: Pick<OrderState, "paymentId" | "channelAccountId">,
  now: Date,
): string {
  const head = Buffer.alloc(HEAD_BYTES);
  bytesOf(paymentId).copy(head);
  bytesOf(channelAccountId).copy(head, ID_BYTES);
  random.bytes(NONCE_BYTES).copy(head, NONCE_AT);
  head.writeUInt32BE(Math.floor((now.getTime() + LIFE_MS) / SECOND), UNTIL_AT);
  return Buffer.concat([head, keyring.mac(PURPOSE, head).subarray(0, MAC_BYTES)]).toString("hex");
}

/** Null: not made here, or too old; `late` tells the payment of one that is only too old. */
export function readOrderState(
  keyring: Pick<Keyring, "macs">,
  text: string,
  now: Date,
): { readonly state: OrderState; readonly late: boolean } | null {
  if (!/^[0-9a-f]{120}$/.test(text)) return null;
  const bytes = Buffer.from(text, "hex");
  const head = bytes.subarray(0, HEAD_BYTES);
  const macs = keyring.macs(PURPOSE, head).map((mac) => mac.subarray(0, MAC_BYTES));
  if (!macs.some((mac) => constantTimeEqual(bytes.subarray(HEAD_BYTES), mac))) return null;
  const nonce = head.subarray(NONCE_AT, UNTIL_AT).toString("hex");
  const state = { paymentId: idAt(head, 0), channelAccountId: idAt(head, ID_BYTES), nonce };
  return { state, late: head.readUInt32BE(UNTIL_AT) * SECOND < now.getTime() };
}

function bytesOf(id: Id): Buffer {
  return Buffer.from(id.replaceAll("-", ""), "hex");
}

function idAt(head: Buffer, at: number): Id {
  const hex = head.subarray(at, at + ID_BYTES).toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
