import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { Problem } from "./errors.ts";
import { decodeCursor, encodeCursor, PAGE_SIZE, PAGE_SIZE_MAX, pageOf, readLimit } from "./pages.ts";

function refused(code: string, field: string) {
  return (error: unknown) => {
    assert.ok(error instanceof Problem, String(error));
    assert.deepEqual([error.code, error.extras.field], [code, field]);
    return true;
  };
}

const texts = fc.array(fc.string({ unit: "grapheme" }), { maxLength: 4 });

describe("a cursor", () => {
  it("gives back the place that it was made of, and fits into an address as it is", () => {
    fc.assert(
      fc.property(texts, (parts) => {
        const cursor = encodeCursor(parts);
        assert.match(cursor, /^[\w-]+$/);
        assert.deepEqual(decodeCursor(cursor, parts.length), parts);
      }),
    );
  });

  it("of another list is refused: it has another number of parts", () => {
    assert.throws(() => decodeCursor(encodeCursor(["a"]), 2), refused("cursor_invalid", "query.cursor"));
    assert.throws(() => decodeCursor(encodeCursor(["a", "b"]), 1), refused("cursor_invalid", "query.cursor"));
  });

  it("is nothing when there is none: the first page", () => assert.equal(decodeCursor(undefined, 2), null));

  const packed = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const tampered: [name: string, cursor: string][] = [
    ["empty", ""],
    ["any text", "hello"],
    ["characters that base64url has not", `${encodeCursor(["abc"])}!`],
    ["padding", `${encodeCursor(["ab"])}=`],
    ["a space in it", ` ${encodeCursor(["abc"])}`],
    ["the other base64 alphabet", Buffer.from('["a??>>"]').toString("base64")],
    ["cut short", encodeCursor(["abcdef"]).slice(0, -3)],
    ["a number for a text", packed([1])],
    ["null for a text", packed([null])],
    ["a list in the list", packed([["a"]])],
    ["an object", packed({ 0: "a", length: 1 })],
    ["a text", packed("a")],
    ["null", packed(null)],
    ["written another way", Buffer.from('[ "a" ]').toString("base64url")],
    ["bytes that are no UTF-8", Buffer.from([0x5b, 0x22, 0xff, 0x22, 0x5d]).toString("base64url")],
  ];
  for (const [name, cursor] of tampered) {
    it(`is refused when it is ${name}`, () => {
      assert.throws(() => decodeCursor(cursor, 1), refused("cursor_invalid", "query.cursor"));
    });
  }

  it("is read as it was made or refused, whatever is sent", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        try {
          const parts = decodeCursor(text, 1);
          assert.equal(encodeCursor(parts ?? []), text);
        } catch (error) {
          refused("cursor_invalid", "query.cursor")(error);
        }
      }),
    );
  });
});

describe("a limit", () => {
  it("is 20 where none is given, and 1 to 100", () => {
    assert.equal(readLimit(undefined), PAGE_SIZE);
    assert.equal(readLimit("1"), 1);
    assert.equal(readLimit("100"), PAGE_SIZE_MAX);
    for (const text of ["0", "101", "999", "-1", "1.5", "many", "NaN"]) {
      assert.throws(() => readLimit(text), refused("invalid_request", "query.limit"), text);
    }
  });
});

describe("a page", () => {
  const rows = ["e", "d", "c", "b", "a"];
  const page = (from: readonly string[], limit: number) =>
    pageOf(
      from,
      limit,
      (row) => [row],
      (row) => ({ name: row }),
    );

  it("shows as many rows as asked and says where to go on, only when there is more", () => {
    assert.deepEqual(page(rows.slice(0, 3), 2), {
      data: [{ name: "e" }, { name: "d" }],
      next_cursor: encodeCursor(["d"]),
    });
    assert.deepEqual(page(["b", "a"], 2), { data: [{ name: "b" }, { name: "a" }], next_cursor: null });
    assert.deepEqual(page([], 2), { data: [], next_cursor: null });
  });

  it("after page shows every row once, at any limit", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 7 }), (limit) => {
        const shown: string[] = [];
        let cursor: string | undefined;
        for (;;) {
          const place = decodeCursor(cursor, 1)?.[0];
          const rest = rows.slice(place === undefined ? 0 : rows.indexOf(place) + 1);
          const { data, next_cursor } = page(rest.slice(0, limit + 1), limit);
          shown.push(...data.map(({ name }) => name));
          if (next_cursor === null) break;
          cursor = next_cursor;
        }
        assert.deepEqual(shown, rows);
      }),
    );
  });
});
