/**
 * The code of a plate: 15 characters of chance and one that checks them, in Crockford's base32, printed in
 * four groups of four.
 *
 * 75 bits of chance: of ten million plates one is met once in 3.8 · 10^15 guesses, and the address stays
 * short enough for a QR code of version 4, whose modules are still large on a small print. 128 bits would
 * cost one more version and a line that nobody types.
 */
import type { Random } from "../kernel/clock.ts";

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const CHANCE_CHARACTERS = 15;
const CODE = /^[0-9A-HJKMNP-TV-Z]{16}$/;
/** The field of 32 elements: x^5 + x^2 + 1, of which x is a generator. */
const POLYNOMIAL = 0b100101;

export function newPlateCode(random: Random): string {
  const values = Array.from({ length: CHANCE_CHARACTERS }, () => random.integer(ALPHABET.length));
  return [...values, checkOf(values)].map((value) => ALPHABET[value]).join("");
}

/**
 * The code in what was scanned or typed: small letters, hyphens and spaces are forgiven, O is read as 0, I
 * and L as 1. Null: it can be no code of a plate, for its length, a character, or its check.
 */
export function readPlateCode(text: string): string | null {
  const code = text.toUpperCase().replaceAll(/[\s-]/g, "").replaceAll("O", "0").replaceAll(/[IL]/g, "1");
  if (!CODE.test(code)) return null;
  const values = [...code].map((character) => ALPHABET.indexOf(character));
  return checkOf(values.slice(0, -1)) === values.at(-1) ? code : null;
}

/** As people read it: `ABCD-EFGH-JKMN-PQRS`. */
export function groupedCode(code: string): string {
  return code.match(/.{4}/g)?.join("-") ?? code;
}

/**
 * Weights are powers of a generator of the field, so every wrong character changes the check, and so does
 * every exchange of two different ones, neighbours or not.
 */
function checkOf(values: readonly number[]): number {
  return values.reduce((check, value) => timesX(check ^ value), 0);
}

function timesX(value: number): number {
  const shifted = value << 1;
  return shifted & 0b100000 ? shifted ^ POLYNOMIAL : shifted;
}
