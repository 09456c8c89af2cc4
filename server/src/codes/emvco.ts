/**
 * EMVCo merchant-presented QR codes (EMV QR Code Specification for Payment Systems, Merchant-Presented Mode,
 * 1.1): what UnionPay International and much of South-East Asia print. Objects of a two-digit tag, a
 * two-digit length in characters and a value, tag 00 first, and a checksum last.
 */
import { type Currency, exponentOf, formatDecimal, parseDecimal } from "../kernel/money.ts";
import { checksumOf } from "./crc.ts";
import { currencyOfNumber, numberOfCurrency } from "./iso-4217-numbers.ts";
import { type EmvcoFault, FaultAt, faultOf, join, type Node, split } from "./tlv.ts";

/** Whom the code pays, at one network. */
export type EmvcoAccount =
  /** Tags 02 to 25 hold a plain value: UnionPay's 15 is 31 characters, and no template. */
  | { readonly tag: string; readonly value: string }
  /** Tags 26 to 51 name their network by `fields["00"]` and have fields of its own. */
  | { readonly tag: string; readonly fields: Fields };

/** Values by their two-digit tags. */
export type Fields = Readonly<Record<string, string>>;

export type EmvcoTip =
  | { readonly kind: "asked" }
  | { readonly kind: "fixed"; readonly amount: bigint }
  /** Percent as text: `5` or `7.5`. */
  | { readonly kind: "percentage"; readonly percent: string };

export type EmvcoCode = {
  /** `static`: shown to many buyers; `dynamic`: for one payment; null: not told. */
  readonly initiation: "static" | "dynamic" | null;
  /** One at least. */
  readonly accounts: readonly EmvcoAccount[];
  /** The merchant's category, four digits. */
  readonly category: string;
  readonly currency: Currency;
  /** Minor units; null: the buyer enters it. */
  readonly amount: bigint | null;
  readonly tip: EmvcoTip | null;
  /** ISO 3166-1, two letters. */
  readonly country: string;
  /** 25 characters of ASCII at most: many readers count bytes. */
  readonly merchantName: string;
  /** 15 characters of ASCII at most. */
  readonly merchantCity: string;
  readonly postalCode: string | null;
  /**
   * Tag 62: 01 bill, 02 mobile, 03 store, 04 loyalty, 05 reference, 06 customer, 07 terminal, 08 purpose, 09
   * what the buyer is asked for, 10 tax id, 11 channel.
   */
  readonly additional: Fields | null;
  /** Tag 64: the name (and city) in another language, of any script. */
  readonly language: { readonly code: string; readonly name: string; readonly city: string | null } | null;
  /** Tags 80 to 99, each with its owner as `fields["00"]`. */
  readonly templates: readonly { readonly tag: string; readonly fields: Fields }[];
};

export type DecodedEmvco =
  | { readonly result: "code"; readonly code: EmvcoCode }
  | ({ readonly result: "refused" } & EmvcoFault);

export type EncodedEmvco =
  | { readonly result: "text"; readonly text: string }
  | ({ readonly result: "refused" } & EmvcoFault);

const CHECKSUM_LENGTH = 4;

/** Reads a code. A refusal names the tag, where it begins (in characters, from 0), and what is wrong. */
export function decodeEmvco(text: string): DecodedEmvco {
  try {
    return { result: "code", code: read(text) };
  } catch (error) {
    return { result: "refused", ...faultOf(error) };
  }
}

/**
 * Writes a code: tags in ascending order, the checksum last. What `decodeEmvco` would not take is refused,
 * naming the tag and where it would begin.
 */
export function encodeEmvco(code: EmvcoCode): EncodedEmvco {
  try {
    const body = `${join(nodesOf(code))}63${String(CHECKSUM_LENGTH).padStart(2, "0")}`;
    const text = body + checksumOf(body);
    read(text);
    return { result: "text", text };
  } catch (error) {
    return { result: "refused", ...faultOf(error) };
  }
}

function read(text: string): EmvcoCode {
  const nodes = split([...text], 0);
  const objects = new Map(nodes.map((node) => [node.tag, node]));
  const first = nodes[0];
  const last = nodes.at(-1);
  if (first === undefined || first.tag !== "00") throw new FaultAt("00", 0, "the first object must be 00");
  if (first.value !== "01") throw new FaultAt("00", first.offset, "only payload format 01 is known");
  if (last?.tag !== "63") throw new FaultAt("63", last?.offset ?? 0, "the last object must be 63");
  checkSum(text, last);
  const [take, maybe] = takers(objects, text);
  const currency = currencyOfNumber(take("53", /^\d{3}$/, "a three-digit ISO 4217 number"));
  if (currency === null) {
    throw new FaultAt("53", offsetOf(objects, "53"), "this currency is not known here");
  }
  const amount = maybe("54", /^[0-9.]{1,13}$/, "digits with at most one point, 13 characters");
  return {
    initiation: initiationOf(maybe("01", /^1[12]$/, "11 (static) or 12 (dynamic)")),
    accounts: accountsIn(nodes, text),
    category: take("52", /^\d{4}$/, "four digits"),
    currency,
    amount: amount === null ? null : amountIn(amount, currency, "54", offsetOf(objects, "54")),
    tip: tipIn(objects, maybe, currency),
    country: take("58", /^[A-Z]{2}$/, "two capital letters"),
    merchantName: take("59", /^[\x20-\x7e]{1,25}$/, "1 to 25 characters of ASCII"),
    merchantCity: take("60", /^[\x20-\x7e]{1,15}$/, "1 to 15 characters of ASCII"),
    postalCode: maybe("61", /^[\x20-\x7e]{1,10}$/, "1 to 10 characters of ASCII"),
    additional: additionalIn(objects.get("62")),
    language: languageIn(objects.get("64")),
    templates: nodes.filter(({ tag }) => tag >= "80").map((node) => owned(node)),
  };
}

type Take = (tag: string, form: RegExp, wanted: string) => string;
type Maybe = (tag: string, form: RegExp, wanted: string) => string | null;

/** Readers of one object's value; the first refuses where there is none. */
function takers(objects: ReadonlyMap<string, Node>, text: string): [Take, Maybe] {
  const maybe: Maybe = (tag, form, wanted) => {
    const node = objects.get(tag);
    if (node === undefined) return null;
    if (!form.test(node.value)) throw new FaultAt(tag, node.offset, `must be ${wanted}`);
    return node.value;
  };
  const take: Take = (tag, form, wanted) => {
    const value = maybe(tag, form, wanted);
    if (value === null) throw new FaultAt(tag, [...text].length, `is missing; it must be ${wanted}`);
    return value;
  };
  return [take, maybe];
}

function checkSum(text: string, { value, offset }: Node): void {
  if (!/^[0-9A-F]{4}$/.test(value))
    throw new FaultAt("63", offset, "must be four capital hexadecimal digits");
  const expected = checksumOf(text.slice(0, -CHECKSUM_LENGTH));
  if (value === expected) return;
  throw new FaultAt(
    "63",
    offset,
    `the checksum is ${expected}, not ${value}: the code was damaged or altered`,
  );
}

function initiationOf(value: string | null): EmvcoCode["initiation"] {
  if (value === null) return null;
  return value === "11" ? "static" : "dynamic";
}

function accountsIn(nodes: readonly Node[], text: string): readonly EmvcoAccount[] {
  const accounts = nodes
    .filter(({ tag }) => tag >= "02" && tag <= "51")
    .map((node): EmvcoAccount => {
      if (node.tag >= "26") return owned(node);
      if (node.tag === "15" && node.value.length !== UNIONPAY_LENGTH) {
        throw new FaultAt("15", node.offset, `UnionPay's account has ${UNIONPAY_LENGTH} characters`);
      }
      return { tag: node.tag, value: node.value };
    });
  if (accounts.length > 0) return accounts;
  throw new FaultAt("02", [...text].length, "no merchant account (tags 02 to 51): the code pays nobody");
}

/** Acquirer 8, forwarding institution 8, merchant 15. */
const UNIONPAY_LENGTH = 31;

/** A template that says whose it is. */
function owned(node: Node): { readonly tag: string; readonly fields: Fields } {
  const fields = fieldsIn(node);
  if (fields["00"] === undefined) {
    throw new FaultAt(`${node.tag}.00`, node.offset, "a template names its owner (GUID) by 00");
  }
  return { tag: node.tag, fields };
}

function fieldsIn(node: Node): Fields {
  const inside = split([...node.value], node.offset + HEAD_LENGTH, `${node.tag}.`);
  return Object.fromEntries(inside.map(({ tag, value }) => [tag, value]));
}

const HEAD_LENGTH = 4;

function additionalIn(node: Node | undefined): Fields | null {
  if (node === undefined) return null;
  for (const inside of split([...node.value], node.offset + HEAD_LENGTH, "62.")) {
    const max = ADDITIONAL_LENGTHS[inside.tag];
    if (max === undefined || [...inside.value].length <= max) continue;
    throw new FaultAt(`62.${inside.tag}`, inside.offset, `has at most ${max} characters`);
  }
  return fieldsIn(node);
}

const ADDITIONAL_LENGTHS: Readonly<Record<string, number>> = {
  ...Object.fromEntries(["01", "02", "03", "04", "05", "06", "07", "08"].map((tag) => [tag, 25])),
  "09": 3,
  "10": 20,
  "11": 3,
};

function languageIn(node: Node | undefined): EmvcoCode["language"] {
  if (node === undefined) return null;
  const { "00": code, "01": name, "02": city } = fieldsIn(node);
  const refuse = (tag: string, detail: string) => new FaultAt(`64.${tag}`, node.offset, detail);
  if (code === undefined || !/^[A-Za-z]{2}$/.test(code))
    throw refuse("00", "must be a language, two letters");
  if (name === undefined || [...name].length > 25) throw refuse("01", "must be 1 to 25 characters");
  if (city !== undefined && [...city].length > 15) throw refuse("02", "has at most 15 characters");
  return { code, name, city: city ?? null };
}

function tipIn(objects: ReadonlyMap<string, Node>, maybe: Maybe, currency: Currency): EmvcoTip | null {
  const indicator = maybe("55", /^0[123]$/, "01, 02 or 03");
  const fixed = maybe("56", /^[0-9.]{1,13}$/, "digits with at most one point, 13 characters");
  const percent = maybe("57", /^(?:100|\d{1,2}(?:\.\d{1,2})?)$/, "a percentage up to 100");
  const at = offsetOf(objects, "55");
  if (indicator === "01") return { kind: "asked" };
  if (indicator === "02" && fixed !== null) {
    return { kind: "fixed", amount: amountIn(fixed, currency, "56", offsetOf(objects, "56")) };
  }
  if (indicator === "03" && percent !== null) return { kind: "percentage", percent };
  if (indicator !== null) throw new FaultAt("55", at, `${indicator} needs its tag ${TIP_TAGS[indicator]}`);
  const stray = fixed === null ? (percent === null ? null : "57") : "56";
  if (stray !== null) throw new FaultAt(stray, offsetOf(objects, stray), "says nothing without tag 55");
  return null;
}

const TIP_TAGS: Readonly<Record<string, string>> = { "02": "56", "03": "57" };

function amountIn(text: string, currency: Currency, tag: string, offset: number): bigint {
  const plain = text.replace(/\.$/, "");
  const amount = parseDecimal(plain.startsWith(".") ? `0${plain}` : plain, currency);
  if (amount !== null && amount > 0n) return amount;
  const places = exponentOf(currency);
  throw new FaultAt(tag, offset, `must be more than 0, with at most ${places} decimals in ${currency}`);
}

function offsetOf(objects: ReadonlyMap<string, Node>, tag: string): number {
  return objects.get(tag)?.offset ?? 0;
}

type Pair = readonly [tag: string, value: string | null];

function nodesOf(code: EmvcoCode): readonly (readonly [string, string])[] {
  const { currency, amount, tip, language } = code;
  const decimal = (value: bigint) => formatDecimal({ amount: value, currency });
  const pairs: readonly Pair[] = [
    ["00", "01"],
    ["01", code.initiation === null ? null : code.initiation === "static" ? "11" : "12"],
    ...code.accounts.map((one): Pair => [one.tag, "value" in one ? one.value : inner(one.fields, one.tag)]),
    ["52", code.category],
    ["53", numberOfCurrency(currency)],
    ["54", amount === null ? null : decimal(amount)],
    ...tipPairs(tip, decimal),
    ["58", code.country],
    ["59", code.merchantName],
    ["60", code.merchantCity],
    ["61", code.postalCode],
    ["62", code.additional === null ? null : inner(code.additional, "62")],
    ["64", language === null ? null : inner(languageFields(language), "64")],
    ...code.templates.map((one): Pair => [one.tag, inner(one.fields, one.tag)]),
  ];
  return pairs
    .flatMap(([tag, value]) => (value === null ? [] : [[tag, value] as const]))
    .toSorted(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0));
}

function tipPairs(tip: EmvcoTip | null, decimal: (amount: bigint) => string): readonly Pair[] {
  switch (tip?.kind) {
    case "asked":
      return [["55", "01"]];
    case "fixed":
      return [
        ["55", "02"],
        ["56", decimal(tip.amount)],
      ];
    case "percentage":
      return [
        ["55", "03"],
        ["57", tip.percent],
      ];
    case undefined:
      return [];
  }
}

function languageFields({ code, name, city }: NonNullable<EmvcoCode["language"]>): Fields {
  return { "00": code, "01": name, ...(city === null ? {} : { "02": city }) };
}

function inner(fields: Fields, tag: string): string {
  return join(
    Object.entries(fields).toSorted(([one], [other]) => (one < other ? -1 : 1)),
    `${tag}.`,
  );
}
