import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { type Clock, type Random, systemClock, systemRandom } from "./clock.ts";
import {
  cellOf,
  channelNumber,
  createIdMaker,
  formatId,
  ID_PREFIXES,
  type IdPrefix,
  madeAt,
  parseChannelNumber,
  parseId,
} from "./ids.ts";

/** The specification's own vectors use a prefix that is none of ours. */
const prefix = "prefix" as IdPrefix;
const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

const clockAt = (ms: number): Clock => ({ ...systemClock, now: () => new Date(ms) });
const always = (byte: number): Random => ({ ...systemRandom, bytes: (length) => Buffer.alloc(length, byte) });
const instant = fc.integer({ min: 0, max: 2 ** 48 - 1 });
const anyPrefix = fc.constantFrom(...Object.values(ID_PREFIXES));

describe("a TypeID", () => {
  // https://github.com/jetify-com/typeid/tree/main/spec (0.3): valid.json
  const valid: [name: string, suffix: string, uuid: string][] = [
    ["nil", "00000000000000000000000000", "00000000-0000-0000-0000-000000000000"],
    ["one", "00000000000000000000000001", "00000000-0000-0000-0000-000000000001"],
    ["ten", "0000000000000000000000000a", "00000000-0000-0000-0000-00000000000a"],
    ["sixteen", "0000000000000000000000000g", "00000000-0000-0000-0000-000000000010"],
    ["thirty-two", "00000000000000000000000010", "00000000-0000-0000-0000-000000000020"],
    ["max-valid", "7zzzzzzzzzzzzzzzzzzzzzzzzz", "ffffffff-ffff-ffff-ffff-ffffffffffff"],
    ["valid-alphabet", "0123456789abcdefghjkmnpqrs", "0110c853-1d09-52d8-d73e-1194e95b5f19"],
    ["valid-uuidv7", "01h455vb4pex5vsknk084sn02q", "01890a5d-ac96-774b-bcce-b302099a8057"],
  ];
  for (const [name, suffix, uuid] of valid) {
    it(`is written and read as the specification does: ${name}`, () => {
      assert.equal(formatId(prefix, uuid), `prefix_${suffix}`);
      assert.equal(parseId(prefix, `prefix_${suffix}`), uuid);
    });
  }

  // invalid.json
  const invalid: [name: string, text: string][] = [
    ["prefix-uppercase", "PREFIX_00000000000000000000000000"],
    ["prefix-numeric", "12345_00000000000000000000000000"],
    ["prefix-period", "pre.fix_00000000000000000000000000"],
    ["prefix-non-ascii", "préfix_00000000000000000000000000"],
    ["prefix-spaces", "  prefix_00000000000000000000000000"],
    ["separator-empty-prefix", "_00000000000000000000000000"],
    ["separator-empty", "_"],
    ["suffix-short", "prefix_1234567890123456789012345"],
    ["suffix-long", "prefix_123456789012345678901234567"],
    ["suffix-spaces", "prefix_1234567890123456789012345 "],
    ["suffix-uppercase", "prefix_0123456789ABCDEFGHJKMNPQRS"],
    ["suffix-hyphens", "prefix_123456789-123456789-123456"],
    ["suffix-wrong-alphabet", "prefix_ooooooiiiiiiuuuuuuulllllll"],
    ["suffix-ambiguous-crockford", "prefix_i23456789ol23456789oi23456"],
    ["suffix-hyphens-crockford", "prefix_123456789-0123456789-0123456"],
    ["suffix-overflow", "prefix_8zzzzzzzzzzzzzzzzzzzzzzzzz"],
    ["prefix-underscore-start", "_prefix_00000000000000000000000000"],
    ["prefix-underscore-end", "prefix__00000000000000000000000000"],
    ["another prefix", "pay_00000000000000000000000000"],
    ["no separator", "prefix00000000000000000000000000"],
    ["a line more", "prefix_00000000000000000000000000\n"],
    ["a uuid", "prefix_01890a5d-ac96-774b-bcce-b302099a8057"],
    ["empty", ""],
  ];
  for (const [name, text] of invalid) {
    it(`is refused: ${name}`, () => assert.equal(parseId(prefix, text), null));
  }

  it("gives back any id under any prefix, and under no other prefix", () => {
    fc.assert(
      fc.property(fc.uuid(), anyPrefix, anyPrefix, (id, one, other) => {
        const text = formatId(one, id);
        assert.equal(parseId(one, text), id);
        if (other !== one) assert.equal(parseId(other, text), null);
      }),
    );
  });

  it("sorts as its id does", () => {
    fc.assert(
      fc.property(fc.uuid(), fc.uuid(), (one, other) => {
        assert.equal(formatId("pay", one) < formatId("pay", other), one < other);
      }),
    );
  });

  it("never throws for whatever a request carries", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        for (const wanted of [text, `pay_${text}`]) {
          const id = parseId("pay", wanted);
          if (id !== null) assert.equal(formatId("pay", id), wanted);
        }
      }),
    );
  });

  it("has a prefix of three letters that no other entity has", () => {
    const prefixes = Object.values(ID_PREFIXES);
    assert.equal(new Set(prefixes).size, prefixes.length);
    for (const each of prefixes) assert.match(each, /^[a-z]{3}$/);
  });
});

describe("a channel number", () => {
  it("is 29 letters and digits, which every channel's order number takes", () => {
    fc.assert(
      fc.property(fc.uuid(), anyPrefix, (id, each) => {
        const number = channelNumber(each, id);
        assert.match(number, /^[0-9a-z]{29}$/);
        assert.equal(parseChannelNumber(each, number), id);
        assert.equal(parseChannelNumber(each, formatId(each, id)), null);
      }),
    );
  });

  for (const text of [
    "",
    "att",
    "att_01h455vb4pex5vsknk084sn02q",
    "rfd01h455vb4pex5vsknk084sn02q",
    "att8zz",
  ]) {
    it(`is not ${JSON.stringify(text)}`, () => assert.equal(parseChannelNumber("att", text), null));
  }
});

describe("a new id", () => {
  it("is a UUIDv7 that tells its cell and its millisecond", () => {
    fc.assert(
      fc.property(instant, fc.integer({ min: 0, max: 4_095 }), (at, cell) => {
        const id = createIdMaker({ clock: clockAt(at), random: systemRandom }, cell)();
        assert.match(id, UUID_V7);
        assert.equal(cellOf(id), cell);
        assert.equal(madeAt(id).getTime(), at);
      }),
    );
  });

  it("of a later millisecond sorts after, whatever chance says", () => {
    fc.assert(
      fc.property(instant, instant, (a, b) => {
        fc.pre(a !== b);
        const [earlier, later] = a < b ? [a, b] : [b, a];
        const first = createIdMaker({ clock: clockAt(earlier), random: always(0xff) }, 7)();
        const second = createIdMaker({ clock: clockAt(later), random: always(0) }, 7)();
        assert.ok(first < second);
      }),
    );
  });

  it("keeps the version and the variant under any chance", () => {
    for (const byte of [0x00, 0x3f, 0x40, 0x80, 0xc0, 0xff]) {
      assert.match(createIdMaker({ clock: clockAt(0), random: always(byte) }, 4_095)(), UUID_V7);
    }
  });

  it("is made twice by nobody", () => {
    const newId = createIdMaker({ clock: clockAt(1), random: systemRandom }, 0);
    const many = Array.from({ length: 20_000 }, newId);
    assert.equal(new Set(many).size, many.length);
  });

  for (const cell of [-1, 4_096, 0.5, Number.NaN]) {
    it(`of cell ${cell} cannot be asked for`, () => {
      assert.throws(() => createIdMaker({ clock: systemClock, random: systemRandom }, cell), RangeError);
    });
  }
});
