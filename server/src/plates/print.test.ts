import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { inflateSync } from "node:zlib";
import { type Json, startTestPlatform, type TestPlatform } from "../../../tools/testing/platform.ts";
import { groupedCode } from "./code.ts";
import { drawCode } from "./print/drawing.ts";
import { activePlate, blanks, ok } from "./testing.ts";

let platform: TestPlatform;
let plates: Json[];
before(async () => {
  platform = await startTestPlatform();
  plates = await blanks(platform, 13);
});
after(() => platform.stop());

type File = { readonly status: number; readonly type: string; readonly bytes: Buffer };

async function fetched(path: string, key = platform.demo.operator_token): Promise<File> {
  const answer = await fetch(platform.baseUrl + path, { headers: { authorization: `Bearer ${key}` } });
  return {
    status: answer.status,
    type: answer.headers.get("content-type") ?? "",
    bytes: Buffer.from(await answer.arrayBuffer()),
  };
}

/** The modules of a drawing as text, to be compared at a glance. */
const drawn = (url: string) =>
  drawCode(url).rows.map((row) => row.map((dark) => (dark ? "#" : ".")).join(""));

/** The modules in a PNG of one bit: the pixel in the middle of each. */
function modulesInPng(bytes: Buffer): string[] {
  const width = bytes.readUInt32BE(16);
  const at = bytes.indexOf("IDAT");
  const lines = inflateSync(bytes.subarray(at + 4, at + 4 + bytes.readUInt32BE(at - 4)));
  const lineBytes = 1 + Math.ceil(width / 8);
  const pixel = (x: number, y: number) => ((lines[y * lineBytes + 1 + (x >> 3)] ?? 0) >> (7 - (x & 7))) & 1;
  const side = 24;
  return Array.from({ length: width / side }, (_, y) =>
    Array.from({ length: width / side }, (_, x) => (pixel(x * side + 12, y * side + 12) ? "." : "#")).join(
      "",
    ),
  );
}

/** The modules of an SVG made of runs. */
function modulesInSvg(text: string): string[] {
  const size = Number(/viewBox="0 0 (\d+) /.exec(text)?.[1]);
  const rows = Array.from({ length: size }, () => Array<string>(size).fill("."));
  for (const [, x, y, length] of text.matchAll(/M(\d+) (\d+)h(\d+)v1/g)) {
    for (let more = 0; more < Number(length); more += 1)
      (rows[Number(y)] as string[])[Number(x) + more] = "#";
  }
  return rows.map((row) => row.join(""));
}

describe("a plate's picture", () => {
  test("is the same code as SVG and as PNG, with its light frame of four modules", async () => {
    const [plate] = plates;
    const svg = await fetched(`/v1/ops/plates/${plate.id}.svg`);
    const png = await fetched(`/v1/ops/plates/${plate.id}.png`);
    assert.deepEqual([svg.type, png.type], ["image/svg+xml", "image/png"]);
    const wanted = drawn(plate.url);
    assert.deepEqual(modulesInSvg(svg.bytes.toString("utf8")), wanted);
    assert.deepEqual(modulesInPng(png.bytes), wanted);
    const frame = wanted.map((row, y) => (y < 4 || y >= wanted.length - 4 ? row : row.slice(0, 4)));
    assert.ok(frame.every((row) => !row.includes("#")));
  });

  test("is level Q: the format information beside the corner says so", () => {
    const rows = drawn("https://pay.example.com/q/0123456789ABCDEF");
    const row = (rows[4 + 8] as string).slice(4);
    // Bits 14 and 13 of the format information, under the mask 101010000010010: 11 is Q, 00 is M.
    assert.equal(row.slice(0, 2), ".#");
    assert.equal(rows.length - 8, 33, "version 4");
  });

  test("is a merchant's to fetch where the plate is its own", async () => {
    const own = await activePlate(platform);
    const key = platform.demo.secret_key;
    assert.equal((await fetched(`/v1/plates/${own.id}.png`, key)).status, 200);
    assert.equal((await fetched(`/v1/plates/${plates[0].id}.png`, key)).status, 404);
    assert.equal((await fetched(`/v1/ops/plates/${own.id}.png`, key)).status, 401);
  });
});

describe("a batch's sheet", () => {
  const sheet = (): Promise<File> => fetched(`/v1/ops/plate_batches/${plates[0].batch}/sheet.pdf`);

  test("is a PDF whose table finds every object, and the same each time", async () => {
    const { type, bytes } = await sheet();
    assert.equal(type, "application/pdf");
    assert.deepEqual(bytes, (await sheet()).bytes);
    const text = bytes.toString("latin1");
    const begin = Number(/startxref\n(\d+)\n%%EOF\n$/.exec(text)?.[1]);
    const entries = [...text.slice(begin).matchAll(/^(\d{10}) 00000 n $/gm)].map((entry) => Number(entry[1]));
    assert.equal(entries.length, 4 + 2 * 2, "two pages for thirteen plates");
    entries.forEach((at, index) => {
      assert.ok(text.startsWith(`${index + 1} 0 obj\n`, at), `object ${index + 1}`);
    });
  });

  test("bears every plate's code, its number and its print", async () => {
    const { bytes } = await sheet();
    const text = bytes.toString("latin1");
    const pages = [...text.matchAll(/\/Length (\d+) \/Filter \/FlateDecode >>\nstream\n/g)].map((found) => {
      const at = found.index + found[0].length;
      return inflateSync(bytes.subarray(at, at + Number(found[1]))).toString("latin1");
    });
    const all = pages.join("\n");
    const masks = new Set([...all.matchAll(/ID\n([0-9a-f]+)>/g)].map((mask) => mask[1]));
    for (const plate of plates) {
      assert.ok(all.includes(`(${groupedCode(plate.url.slice(-16))})`), plate.code);
      assert.ok(all.includes(`(No. ${String(plate.number).padStart(4, "0")})`));
      const bits = drawn(plate.url).map((row) =>
        row
          .padEnd(Math.ceil(row.length / 8) * 8, ".")
          .replaceAll("#", "1")
          .replaceAll(".", "0"),
      );
      const bytesOf = bits.flatMap((row) => row.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2));
      assert.ok(masks.has(Buffer.from(bytesOf).toString("hex")), `the code of ${plate.code}`);
    }
  });

  test("says nothing that its font cannot", async () => {
    const label = "Spring (茶)";
    const batch = await ok(platform.ops("POST", "/v1/ops/plate_batches", { label, count: 1 }));
    const { bytes } = await fetched(`/v1/ops/plate_batches/${batch.id}/sheet.pdf`);
    assert.ok(bytes.toString("latin1").includes(String.raw`/Title (Spring \(?\))`));
  });
});
