import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { CURRENCIES } from "../kernel/money.ts";
import { checksumOf } from "./crc.ts";
import { decodeEmvco, type EmvcoCode, encodeEmvco } from "./emvco.ts";
import { NUMBERS } from "./iso-4217-numbers.ts";

const SHOP =
  "00020101021215310102030401020304898310148160001520458125303156540512.345802CN5909TEST SHOP6008SHENZHEN" +
  "62280112T2026112000107080000000163046939";
const SHOP_READ: EmvcoCode = {
  initiation: "dynamic",
  accounts: [{ tag: "15", value: "0102030401020304898310148160001" }],
  category: "5812",
  currency: "CNY",
  amount: 1234n,
  tip: null,
  country: "CN",
  merchantName: "TEST SHOP",
  merchantCity: "SHENZHEN",
  postalCode: null,
  additional: { "01": "T20261120001", "07": "00000001" },
  language: null,
  templates: [],
};

/** Objects with the right checksum behind them. */
const sealed = (body: string) => `${body}6304${checksumOf(`${body}6304`)}`;
const refusal = (text: string) => {
  const read = decodeEmvco(text);
  assert.equal(read.result, "refused", text);
  return read.result === "refused" ? [read.tag, read.offset] : [];
};

describe("the checksum", () => {
  it("has the value that its definition gives for 123456789", () => {
    assert.equal(checksumOf("123456789"), "29B1");
  });

  it("counts bytes of UTF-8", () => {
    assert.equal(checksumOf("茶"), checksumOf(Buffer.from("e88cb6", "hex").toString("utf8")));
    assert.notEqual(checksumOf("茶"), checksumOf("c"));
  });
});

describe("a code", () => {
  it("is read: UnionPay's tag 15 is a value, not a template", () => {
    assert.deepEqual(decodeEmvco(SHOP), { result: "code", code: SHOP_READ });
  });

  it("is written, character for character", () => {
    assert.deepEqual(encodeEmvco(SHOP_READ), { result: "text", text: SHOP });
  });

  it("with a name in Chinese counts characters, and its checksum bytes", () => {
    const language = { code: "zh", name: "测试茶馆", city: "深圳" };
    const written = encodeEmvco({ ...SHOP_READ, language });
    assert.ok(written.result === "text" && written.text.includes("64200002zh0104测试茶馆0202深圳"));
    const read = decodeEmvco(written.text);
    assert.deepEqual(read.result === "code" ? read.code.language : read, language);
  });

  it("knows every currency of the platform by its number", () => {
    assert.deepEqual(Object.keys(NUMBERS).toSorted(), CURRENCIES);
    assert.equal(new Set(Object.values(NUMBERS)).size, CURRENCIES.length);
  });
});

const head = "000201";
const account = "2614000459990102AB";
const tail = "5204581253031565802CN5904SHOP6004CITY";

describe("a code that is refused names the tag and where it begins", () => {
  const cases: Record<string, [text: string, tag: string, offset: number]> = {
    "an empty text": ["", "00", 0],
    "no payload format first": [sealed(`${account}${head}${tail}`), "00", 0],
    "another payload format": [sealed(`000202${account}${tail}`), "00", 0],
    "something that is no code": ["https://example.com", "ht", 0],
    "no checksum at its end": [`${head}${account}${tail}`, "63", 53],
    "a checksum that is wrong": [`${sealed(`${head}${account}${tail}`).slice(0, -4)}0000`, "63", 61],
    "a value that is cut short": [`${head}5910SHOP`, "59", 6],
    "an object without a value": [`${head}5900`, "59", 6],
    "a length of letters": [`${head}59AASHOP`, "59", 6],
    "a tag twice": [`${head}${head}`, "00", 6],
    "nobody to be paid": [sealed(`${head}${tail}`), "02", 51],
    "an account of UnionPay that is too short": [sealed(`${head}150401AB${tail}`), "15", 6],
    "a template without an owner": [sealed(`${head}26060102AB${tail}`), "26.00", 6],
    "a template that is none": [sealed(`${head}2603ABC${tail}`), "26.AB", 10],
    "a currency of no number": [sealed(`${head}${account}${tail.replace("156", "999")}`), "53", 32],
    "more decimals than the currency has": [sealed(`${head}${account}54051.234${tail}`), "54", 24],
    "an amount of nothing": [sealed(`${head}${account}54040.00${tail}`), "54", 24],
    "two points in an amount": [sealed(`${head}${account}54051.2.3${tail}`), "54", 24],
    "a tip without its sum": [sealed(`${head}${account}550202${tail}`), "55", 24],
    "a tip's sum without its kind": [sealed(`${head}${account}56015${tail}`), "56", 24],
    "a name beyond ASCII": [sealed(`${head}${account}${tail.replace("SHOP", "SHÖP")}`), "59", 45],
    "a terminal of 26 characters": [sealed(`${head}${account}${tail}62300726${"7".repeat(26)}`), "62.07", 65],
    "another name without a language": [sealed(`${head}${account}${tail}64060102AB`), "64.00", 61],
  };
  for (const [title, [text, tag, offset]] of Object.entries(cases)) {
    it(title, () => assert.deepEqual(refusal(text), [tag, offset]));
  }

  it("is refused when written, too", () => {
    const long = encodeEmvco({ ...SHOP_READ, merchantName: "A".repeat(26) });
    assert.ok(long.result === "refused" && long.tag === "59");
    const nobody = encodeEmvco({ ...SHOP_READ, accounts: [] });
    assert.ok(nobody.result === "refused" && nobody.tag === "02");
    const huge = encodeEmvco({ ...SHOP_READ, accounts: [{ tag: "26", fields: { "00": "G".repeat(97) } }] });
    assert.ok(huge.result === "refused" && huge.tag === "26");
  });
});

const ascii = (max: number) =>
  fc.string({
    unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)),
    minLength: 1,
    maxLength: max,
  });
const any = (max: number) =>
  fc.array(fc.constantFrom(..."abc茶馆😀é "), { minLength: 1, maxLength: max }).map((all) => all.join(""));
const tagBetween = (from: number, to: number) =>
  fc.integer({ min: from, max: to }).map((tag) => String(tag).padStart(2, "0"));
const fields = fc
  .tuple(ascii(20), fc.dictionary(tagBetween(1, 99), ascii(12), { maxKeys: 3 }))
  .map(([owner, others]) => ({ ...others, "00": owner }));
const plain = tagBetween(2, 25)
  .chain((tag) =>
    tag === "15"
      ? fc.tuple(fc.constant(tag), fc.constant("8".repeat(31)))
      : fc.tuple(fc.constant(tag), ascii(99)),
  )
  .map(([tag, value]) => ({ tag, value }));
const template = (from: number, to: number) =>
  fc.record({ tag: tagBetween(from, to), fields }, { noNullPrototype: true });
const byTag = { selector: (one: { tag: string }) => one.tag };
const sorted = <T extends { tag: string }>(all: readonly T[]) =>
  all.toSorted((a, b) => (a.tag < b.tag ? -1 : 1));
const money = fc.bigInt({ min: 1n, max: 999_999_999n });
const codes: fc.Arbitrary<EmvcoCode> = fc.record(
  {
    initiation: fc.constantFrom("static", "dynamic", null),
    accounts: fc
      .uniqueArray(fc.oneof(plain, template(26, 51)), { minLength: 1, maxLength: 4, ...byTag })
      .map(sorted),
    category: fc.stringMatching(/^\d{4}$/),
    currency: fc.constantFrom(...CURRENCIES),
    amount: fc.option(money),
    tip: fc.option(
      fc.oneof(
        fc.constant({ kind: "asked" as const }),
        money.map((amount) => ({ kind: "fixed" as const, amount })),
        fc
          .constantFrom("5", "7.5", "12.25", "100")
          .map((percent) => ({ kind: "percentage" as const, percent })),
      ),
    ),
    country: fc.stringMatching(/^[A-Z]{2}$/),
    merchantName: ascii(25),
    merchantCity: ascii(15),
    postalCode: fc.option(ascii(10)),
    additional: fc.option(
      fc.dictionary(fc.constantFrom("01", "05", "07", "08"), ascii(19), {
        minKeys: 1,
        maxKeys: 4,
        noNullPrototype: true,
      }),
    ),
    language: fc.option(
      fc.record(
        { code: fc.constantFrom("zh", "th"), name: any(12), city: fc.option(any(8)) },
        { noNullPrototype: true },
      ),
    ),
    templates: fc.uniqueArray(template(80, 99), { maxLength: 2, ...byTag }).map(sorted),
  },
  { noNullPrototype: true },
);

describe("every code", () => {
  it("that is written reads as what it was", () => {
    fc.assert(
      fc.property(codes, (code) => {
        const written = encodeEmvco(code);
        assert.equal(written.result, "text", JSON.stringify(written));
        if (written.result === "text") assert.deepEqual(decodeEmvco(written.text), { result: "code", code });
      }),
    );
  });

  it("with one character changed is refused or reads as another, never as itself", () => {
    fc.assert(
      fc.property(codes, fc.nat(), fc.constantFrom("0", "9", "A", "z", "%"), (code, at, by) => {
        const written = encodeEmvco(code);
        assert.ok(written.result === "text");
        const characters = [...written.text];
        const place = at % characters.length;
        // The checksum finds every change of one byte; of a longer character it misses one in 65,536.
        fc.pre(characters[place] !== by && (characters[place] ?? "") <= "~");
        characters[place] = by;
        assert.equal(decodeEmvco(characters.join("")).result, "refused");
      }),
    );
  });

  it("that is random text is refused, and never throws", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        assert.equal(decodeEmvco(text).result, "refused");
      }),
    );
  });
});
