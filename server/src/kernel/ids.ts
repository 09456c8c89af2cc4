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
  dispute: "dsp",
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
  verification: "vrf",
  plate: "plt",
  plateBatch: "plb",
  routingRule: "rul",
  feeSchedule: "fsc",
  statement: "stm",
  reconciliation: "rec",
  break: "brk",
  settlement: "stl",
  bankAccount: "bac",
  partner: "prt",
  payout: "pyt",
  payoutBatch: "pyb",
  channelPayout: "cpo",
  channelMovement: "cmv",
  channelCostPayment: "ccp",
  commission: "cms",
  closeRun: "cls",
  receiver: "rcv",
  receiverBinding: "rcb",
  share: "shr",
  shareReturn: "shb",
} as const;
export type IdPrefix = (typeof ID_PREFIXES)[keyof typeof ID_PREFIXES];

const CELLS_MAX = 1 << 12;
const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";
const [DASH, ZERO, NINE, A] = [45, 48, 57, 97];
/** Two characters for each value of ten bits. */
const PAIRS = Array.from({ length: 1 << 10 }, (_, bits) => `${ALPHABET[bits >> 5]}${ALPHABET[bits & 31]}`);
/** By character code; what is no digit is never asked for. */
const VALUES = new Uint8Array(128);
for (let value = 0; value < ALPHABET.length; value += 1) VALUES[ALPHABET.charCodeAt(value)] = value;

/** Makes ids of one cell. Ids made in the same millisecond are ordered by chance, later ones sort after. */
export type IdMaker = () => Id;

/** @param cell 0 to 4095; anything else throws a RangeError. */
export function createIdMaker(deps: { clock: Clock; random: Random }, cell: number): IdMaker {
  if (!Number.isInteger(cell) || cell < 0 || cell >= CELLS_MAX) {
    throw new RangeError(`a cell is an integer from 0 to ${CELLS_MAX - 1}, not ${cell}`);
  }
  const third = `7${cell.toString(16).padStart(3, "0")}`;
  // Many ids are made in one millisecond.
  let present = Number.NaN;
  let head = "";
  return () => {
    const now = deps.clock.now().getTime();
    if (now !== present) {
      const at = now.toString(16).padStart(12, "0");
      present = now;
      head = `${at.slice(0, 8)}-${at.slice(8)}-${third}-`;
    }
    const chance = deps.random.bytes(8);
    chance[0] = ((chance[0] as number) & 0x3f) | 0x80;
    const rest = chance.toString("hex");
    return `${head}${rest.slice(0, 4)}-${rest.slice(4)}`;
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

/** 26 characters of 5 bits, the first of 3: digits are taken in as they stand, ten bits go out at once. */
function encodeBase32(id: Id): string {
  // 128 bits and two leading zero bits are 130: 13 pairs of characters.
  let bits = 0;
  let count = 2;
  let text = "";
  for (let at = 0; at < id.length; at += 1) {
    const code = id.charCodeAt(at);
    if (code === DASH) continue;
    bits = ((bits & 1_023) << 4) | (code > NINE ? code - A + 10 : code - ZERO);
    count += 4;
    if (count < 10) continue;
    count -= 10;
    text += PAIRS[(bits >> count) & 1_023];
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
  return VALUES[text.charCodeAt(at)] as number;
}
