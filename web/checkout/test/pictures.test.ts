import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { deflateSync } from "node:zlib";
import { withPalette } from "./palette.ts";
import { filesOf, PICTURES } from "./pictures.ts";

const docs = join(import.meta.dirname, "../../../docs");
const folder = join(docs, "pictures/cashier");
const BYTES_MAX = 60_000;
const ALL_BYTES_MAX = 2_500_000;

test("the docs show every state, on both screens and in both languages, and stay small", () => {
  const text = readFileSync(join(docs, "cashier.md"), "utf8");
  const files = PICTURES.flatMap(filesOf);
  assert.deepEqual(readdirSync(folder).sort(), files.toSorted());
  const sizes = files.map((file) => statSync(join(folder, file)).size);
  for (const [at, file] of files.entries()) {
    assert.ok(text.includes(`pictures/cashier/${file}`), `${file} is not shown`);
    assert.ok((sizes[at] as number) <= BYTES_MAX, `${file} has ${sizes[at]} bytes`);
  }
  assert.ok(sizes.reduce((sum, size) => sum + size, 0) <= ALL_BYTES_MAX);
});

test("a picture with a palette shows what it showed before", () => {
  const file = join(folder, filesOf(PICTURES[0] as (typeof PICTURES)[number])[0] as string);
  const bytes = readFileSync(file);
  // What was made here has a palette already, which the reader of a browser's pictures does not take.
  assert.throws(() => withPalette(bytes), /not a browser's PNG/);
  const plain = browserPng([
    [255, 0, 0, 0, 255, 0],
    [0, 0, 255, 255, 0, 0],
  ]);
  const small = withPalette(plain);
  assert.equal(small[25], 3);
  const at = small.indexOf("PLTE");
  const colours = small.subarray(at + 4, at + 4 + small.readUInt32BE(at - 4));
  assert.deepEqual([...colours], [255, 0, 0, 0, 255, 0, 0, 0, 255]);
});

/** Two pixels a row, the second row written by the filter that looks up. */
function browserPng(rows: readonly (readonly number[])[]): Buffer {
  const [first, second] = rows as [number[], number[]];
  const raw = [0, ...first, 2, ...second.map((value, at) => (value - (first[at] as number)) & 255)];
  const head = Buffer.alloc(13);
  head.writeUInt32BE(2, 0);
  head.writeUInt32BE(2, 4);
  head.set([8, 2, 0, 0, 0], 8);
  const chunk = (type: string, data: Buffer) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(data.length);
    return Buffer.concat([length, Buffer.from(type), data, Buffer.alloc(4)]);
  };
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const data = deflateSync(Buffer.from(raw));
  return Buffer.concat([signature, chunk("IHDR", head), chunk("IDAT", data)]);
}
