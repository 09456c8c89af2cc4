import type { Keyring } from "../../kernel/crypto.ts";
import { problem } from "../../kernel/errors.ts";
import { formatId, type Id } from "../../kernel/ids.ts";
import type { BankAccount } from "../model.ts";

const HASH_PURPOSE = "bank account numbers";
const LAST_DIGITS = 4;
const NUMBER = /^[0-9A-Z]{5,34}$/;
const BANK_CODE = /^(\d{12}|[A-Z]{6}[0-9A-Z]{2}([0-9A-Z]{3})?)$/;

/** The number without the spaces and hyphens that people group it by. Throws `invalid_request`. */
export function readNumber(text: string, field = "number"): string {
  const number = text.replace(/[ -]/g, "").toUpperCase();
  if (NUMBER.test(number)) return number;
  throw problem("invalid_request", {
    field,
    detail: "an account number has 5 to 34 letters and digits",
  });
}

/** A CNAPS number of 12 digits or a BIC of 8 or 11. Throws `invalid_request`. */
export function readBankCode(text: string): string {
  if (BANK_CODE.test(text)) return text;
  throw problem("invalid_request", {
    field: "bank_code",
    detail: "bank_code is the bank's CNAPS number (12 digits) or its BIC (8 or 11 characters)",
  });
}

export function lastOf(number: string): string {
  return number.slice(-LAST_DIGITS);
}

export function hashOf(keyring: Keyring, number: string): Buffer {
  return keyring.mac(HASH_PURPOSE, number);
}

/** Under the present master key and those before it: rows may not be wrapped anew yet. */
export function hashesOf(keyring: Keyring, number: string): readonly Buffer[] {
  return keyring.macs(HASH_PURPOSE, number);
}

function recordOf(id: Id): string {
  return `bank account ${formatId("bac", id)}`;
}

export function sealNumber(keyring: Keyring, id: Id, number: string): Promise<Buffer> {
  return keyring.seal(recordOf(id), Buffer.from(number));
}

export async function openNumber(
  keyring: Keyring,
  account: Pick<BankAccount, "id" | "numberSealed">,
): Promise<string> {
  return (await keyring.open(recordOf(account.id), account.numberSealed)).toString("utf8");
}
