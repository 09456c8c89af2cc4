import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { systemRandom } from "../kernel/clock.ts";
import { groupedCode, newPlateCode, readPlateCode } from "./code.ts";

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/** From chance that the property draws, so that a failure can be shown again. */
const codes = fc.array(fc.nat(31), { minLength: 15, maxLength: 15 }).map((values) => {
  const left = [...values];
  return newPlateCode({ ...systemRandom, integer: () => left.shift() ?? 0 });
});

describe("a plate's code", () => {
  it("is sixteen characters that nobody takes for others, and reads as itself", () => {
    fc.assert(
      fc.property(codes, (code) => {
        assert.match(code, /^[0-9A-HJKMNP-TV-Z]{16}$/);
        assert.equal(readPlateCode(code), code);
        assert.equal(readPlateCode(groupedCode(code)), code);
      }),
    );
  });

  it("is forgiven small letters, spaces, O for 0 and I or L for 1", () => {
    fc.assert(
      fc.property(codes, (code) => {
        const careless = code.toLowerCase().replaceAll("0", "o").replaceAll("1", "l");
        assert.equal(readPlateCode(` ${careless.slice(0, 8)} ${careless.slice(8)}`), code);
        assert.equal(readPlateCode(code.replaceAll("1", "I")), code);
      }),
    );
  });

  it("with any one character wrong is none", () => {
    fc.assert(
      fc.property(codes, fc.nat(15), fc.constantFrom(...ALPHABET), (code, at, wrong) => {
        fc.pre(code[at] !== wrong);
        assert.equal(readPlateCode(code.slice(0, at) + wrong + code.slice(at + 1)), null);
      }),
    );
  });

  it("with any two characters exchanged is none", () => {
    fc.assert(
      fc.property(codes, fc.nat(15), fc.nat(15), (code, one, other) => {
        fc.pre(code[one] !== code[other]);
        const characters = [...code];
        [characters[one], characters[other]] = [characters[other] as string, characters[one] as string];
        assert.equal(readPlateCode(characters.join("")), null);
      }),
    );
  });

  for (const text of [
    "",
    "0",
    "0".repeat(15),
    "0".repeat(17),
    "U".repeat(16),
    "../../etc/passwd",
    "０".repeat(16),
  ]) {
    it(`is none: ${JSON.stringify(text)}`, () => assert.equal(readPlateCode(text), null));
  }
});
