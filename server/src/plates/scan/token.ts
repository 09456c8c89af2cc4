import type { Random } from "../../kernel/clock.ts";
import { MINUTE, SECOND } from "../../kernel/clock.ts";
import { constantTimeEqual, type Keyring } from "../../kernel/crypto.ts";
import type { Plate } from "../model.ts";

/**
 * One scan. It is made by the first answer to a scan and carried by the page's form and addresses, for a
 * wallet's browser keeps no cookies that one could rely on. The payment's number is made of it, so the unique
 * constraint `payments_order_no` makes a second payment of one scan impossible: a double tap, a reload and a
 * repeated request all find the first one.
 */
export type Scan = {
  /** 12 bytes of chance, in hexadecimal. */
  readonly nonce: string;
};

const PURPOSE = "plate_scan";
const NONCE_BYTES = 12;
const UNTIL_BYTES = 4;
const MAC_BYTES = 15;
const HEAD_BYTES = NONCE_BYTES + UNTIL_BYTES;
/** A buyer who takes longer to enter an amount scans again. */
const LIFE_MS = 30 * MINUTE;

type About = Pick<Plate, "id" | "version">;

/** A token of a new scan of this plate as it now is: 42 characters. */
export function newScanToken(keyring: Pick<Keyring, "mac">, random: Random, plate: About, now: Date): string {
  const head = Buffer.alloc(HEAD_BYTES);
  random.bytes(NONCE_BYTES).copy(head);
  head.writeUInt32BE(Math.floor((now.getTime() + LIFE_MS) / SECOND), NONCE_BYTES);
  const mac = keyring.mac(PURPOSE, said(head, plate)).subarray(0, MAC_BYTES);
  return Buffer.concat([head, mac]).toString("base64url");
}

/** Null: not made here, for another plate, for the plate as it was before a change, or too old. */
export function readScanToken(
  keyring: Pick<Keyring, "macs">,
  token: string,
  plate: About,
  now: Date,
): Scan | null {
  const bytes = Buffer.from(token, "base64url");
  if (bytes.length !== HEAD_BYTES + MAC_BYTES || bytes.toString("base64url") !== token) return null;
  const head = bytes.subarray(0, HEAD_BYTES);
  const macs = keyring.macs(PURPOSE, said(head, plate)).map((mac) => mac.subarray(0, MAC_BYTES));
  if (!macs.some((mac) => constantTimeEqual(bytes.subarray(HEAD_BYTES), mac))) return null;
  if (head.readUInt32BE(NONCE_BYTES) * SECOND < now.getTime()) return null;
  return { nonce: head.subarray(0, NONCE_BYTES).toString("hex") };
}

function said(head: Buffer, { id, version }: About): string {
  return `${head.toString("hex")} ${id} ${version}`;
}
