import { constantTimeEqual, type Keyring } from "../kernel/crypto.ts";

const PURPOSE = "day report link";
const SEPARATOR = ".";

/**
 * What opens a day's report in a browser, which sends no token: the instant that it ends at, with a keyed
 * hash of it and the date. Nobody can make one without the master key.
 */
export function linkKeyOf(keyring: Pick<Keyring, "mac">, date: string, expiresAt: Date): string {
  const ends = String(expiresAt.getTime());
  return ends + SEPARATOR + keyring.mac(PURPOSE, textOf(date, ends)).toString("base64url");
}

/** Whether a key opens the report of this date now. */
export function readLinkKey(keyring: Pick<Keyring, "macs">, date: string, key: string, now: Date): boolean {
  const [ends = "", mac = "", ...more] = key.split(SEPARATOR);
  if (more.length > 0 || !/^\d{1,15}$/.test(ends) || Number(ends) <= now.getTime()) return false;
  const given = Buffer.from(mac, "base64url");
  return keyring.macs(PURPOSE, textOf(date, ends)).some((own) => constantTimeEqual(given, own));
}

function textOf(date: string, ends: string): string {
  return `${date} ${ends}`;
}
