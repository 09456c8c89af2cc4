import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { type Widened, widen } from "./widen.ts";

/** So many bytes are read at once. */
const CHUNK = 4_194_304;
/** 交 in GBK. */
const PAIR = [0xbd, 0xbb];
/** A lead byte that no second byte follows. */
const BROKEN = [0xbd, 0x20];

describe("bytes of GBK, widened", () => {
  const folder = mkdtempSync(join(tmpdir(), "tributary-widen-"));
  after(() => rmSync(folder, { recursive: true, force: true }));

  const widened = (bytes: Buffer, start = 0): { end: Widened; text: string } => {
    const [from, to] = [join(folder, "from.csv"), join(folder, "to.csv")];
    writeFileSync(from, bytes);
    const end = widen({ from, start, end: bytes.length, to });
    return { end, text: readFileSync(to, "utf8") };
  };
  /** A line of ASCII of so many bytes, and these behind it. */
  const behind = (count: number, bytes: readonly number[]) =>
    Buffer.concat([Buffer.alloc(count - 1, "a"), Buffer.from("\n"), Buffer.from(bytes)]);

  for (const count of [1, 2, 3, 4, 5, 7, 8, CHUNK - 2, CHUNK - 1, CHUNK, CHUNK + 1, CHUNK + 3]) {
    it(`pairs behind ${count} bytes are what Latin-1 reads`, () => {
      const bytes = behind(count, [...PAIR, ...PAIR, 0x2c, ...PAIR, 0x0a]);
      const { end, text } = widened(bytes);
      assert.deepEqual(end, { end: "widened" });
      assert.equal(text, bytes.toString("latin1"));
    });

    it(`a pair that is none, behind ${count} bytes, is refused with its line`, () => {
      assert.deepEqual(widened(behind(count, [...PAIR, ...BROKEN, 0x0a])).end, {
        end: "impossible",
        line: 2,
      });
    });

    it(`half a pair at the end, behind ${count} bytes, is refused`, () => {
      assert.deepEqual(widened(behind(count, [0xbd])).end, { end: "impossible", line: 2 });
    });
  }

  it("a part that begins within the file is read from there, and its lines counted from the file's", () => {
    const bytes = Buffer.from([...Buffer.from("one\ntwo\n"), ...PAIR, 0x0a, ...BROKEN]);
    assert.deepEqual(widened(bytes, 4).end, { end: "impossible", line: 4 });
    assert.equal(widened(bytes.subarray(0, 11), 4).text, `two\n${Buffer.from(PAIR).toString("latin1")}\n`);
  });
});
