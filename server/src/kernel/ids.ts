import type { Clock, Random } from "./clock.ts";

/**
 * Ids are UUIDv7 whose 12 `rand_a` bits name the cell (0 by default). Inside the program and in rows an id is
 * its uuid text; on the wire it is a TypeID: prefix, `_`, 26 characters of Crockford base32
 * (https://github.com/jetify-com/typeid, specification 0.3).
 */
export type Id = string;

/** The prefixes of every entity that has an id of its own on the wire. */
export const ID_PREFIXES = {
  merchant: "mch",
  store: "str",
  terminal: "trm",
  channelAccount: "cha",
  apiKey: "key",
  payment: "pay",
  attempt: "att",
  refund: "rfd",
  journal: "jnl",
  book: "bok",
  account: "acc",
  hold: "hld",
  event: "evt",
  delivery: "dlv",
  webhookEndpoint: "whe",
  operator: "opr",
  audit: "aud",
  approval: "apr",
  exchange: "exc",
  workItem: "wrk",
} as const;
export type IdPrefix = (typeof ID_PREFIXES)[keyof typeof ID_PREFIXES];

const CELLS_MAX = 1 << 12;
const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";
const VALUES = new Map([...ALPHABET].map((character, value) => [character, value]));

/** Makes ids of one cell. Ids made in the same millisecond are ordered by chance, later ones sort after. */
export type IdMaker = () => Id;

/** @param cell 0 to 4095; anything else throws a RangeError. */
export function createIdMaker(deps: { clock: Clock; random: Random }, cell: number): IdMaker {
  if (!Number.isInteger(cell) || cell < 0 || cell >= CELLS_MAX) {
    throw new RangeError(`a cell is an integer from 0 to ${CELLS_MAX - 1}, not ${cell}`);
  }
  const third = `7${cell.toString(16).padStart(3, "0")}`;
  return () => {
    const at = deps.clock.now().getTime().toString(16).padStart(12, "0");
    const chance = deps.random.bytes(8);
    chance[0] = ((chance[0] as number) & 0x3f) | 0x80;
    const rest = chance.toString("hex");
    return `${at.slice(0, 8)}-${at.slice(8)}-${third}-${rest.slice(0, 4)}-${rest.slice(4)}`;
  };
}

/** The cell named by an id: 0 to 4095. */
export function cellOf(id: Id): number {
  return Number.parseInt(id.slice(15, 18), 16);
}

/** The instant (millisecond) at which an id was made. */
export function madeAt(id: Id): Date {
  return new Date(Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16));
}

/** The TypeID of an id: `pay_01h…`. */
export function formatId(prefix: IdPrefix, id: Id): string {
  return `${prefix}_${encodeBase32(id)}`;
}

/** The id inside a TypeID of this prefix, or null when the text is anything else. */
export function parseId(prefix: IdPrefix, text: string): Id | null {
  if (!text.startsWith(`${prefix}_`)) return null;
  return decodeBase32(text.slice(prefix.length + 1));
}

/** What a channel is sent: the TypeID without its underscore, 29 letters and digits. */
export function channelNumber(prefix: IdPrefix, id: Id): string {
  return `${prefix}${encodeBase32(id)}`;
}

/** The id inside a channel number of this prefix, or null. */
export function parseChannelNumber(prefix: IdPrefix, text: string): Id | null {
  return text.startsWith(prefix) ? decodeBase32(text.slice(prefix.length)) : null;
}

/**
 * 26 characters of 5 bits, the first of 3. Five hexadecimal digits make four characters, so the text is cut
 * in such groups: small integers all the way, where one large one costs twenty times as much.
 */
function encodeBase32(id: Id): string {
  // 128 bits and two leading zero bits are 130: 26 groups of five, or 32.5 hexadecimal digits.
  const hex = id.slice(0, 8) + id.slice(9, 13) + id.slice(14, 18) + id.slice(19, 23) + id.slice(24);
  const first = Number.parseInt(hex.slice(0, 2), 16);
  let text = `${ALPHABET[first >> 5]}${ALPHABET[first & 31]}`;
  for (let at = 2; at < 32; at += 5) {
    const bits = Number.parseInt(hex.slice(at, at + 5), 16);
    text += `${ALPHABET[bits >> 15]}${ALPHABET[(bits >> 10) & 31]}`;
    text += `${ALPHABET[(bits >> 5) & 31]}${ALPHABET[bits & 31]}`;
  }
  return text;
}

function decodeBase32(text: string): Id | null {
  // 26 characters carry 130 bits: the first may only be 0 to 7, or the text would not be 128 bits.
  if (!/^[0-7][0-9a-hjkmnp-tv-z]{25}$/.test(text)) return null;
  let hex = (valueAt(text, 0) * 32 + valueAt(text, 1)).toString(16).padStart(2, "0");
  for (let at = 2; at < 26; at += 4) {
    const upper = valueAt(text, at) * 32 + valueAt(text, at + 1);
    const lower = valueAt(text, at + 2) * 32 + valueAt(text, at + 3);
    hex += (upper * 1_024 + lower).toString(16).padStart(5, "0");
  }
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

function valueAt(text: string, at: number): number {
  return VALUES.get(text.charAt(at)) as number;
}
