import assert from "node:assert/strict";
import { StatementFault } from "../../channels/index.ts";
import { chanceOf } from "./chance.ts";
import { channelFormats } from "./channel-formats.ts";
import type { Format, Told } from "./format.ts";
import { mutateBytes, mutateText } from "./mutate.ts";
import { ownFormats } from "./own-formats.ts";
import { isRefusal, type Target } from "./refusal.ts";
import { sheetFormat } from "./sheet-format.ts";

export const targets: readonly Target[] = [
  ...[...channelFormats, ...ownFormats].map((format) => ({
    name: format.name,
    run: (seed: number) => runFormat(format, seed),
  })),
  sheetFormat,
];

export type FuzzResult = { readonly files: number; readonly read: number; readonly refused: number };

/** Damages `files` files, the formats in turn. Throws what shows a reader wrong, with the seed. */
export async function fuzz(files: number, firstSeed: number): Promise<Record<string, FuzzResult>> {
  const counts = new Map(targets.map(({ name }) => [name, { files: 0, read: 0, refused: 0 }]));
  for (let index = 0; index < files; index += 1) {
    const target = targets[index % targets.length] as Target;
    const seed = firstSeed + index;
    const count = counts.get(target.name) ?? { files: 0, read: 0, refused: 0 };
    count.files += 1;
    try {
      count[await target.run(seed)] += 1;
    } catch (error) {
      throw new Error(`${target.name}, seed ${seed}: ${(error as Error).message}`, { cause: error });
    }
  }
  return Object.fromEntries(counts);
}

async function runFormat(format: Format, seed: number): Promise<"read" | "refused"> {
  const chance = chanceOf(seed);
  const text = format.sample(chance);
  const whole = await format.read(format.pack(format.encode(text)));
  assert.ok(!(whole instanceof StatementFault), "its own layout is refused");
  assert.equal(whole.length, format.count(text), "the rule of thumb miscounts");
  judge(format, text, whole);

  const packs = !format.pack(Buffer.from("x")).equals(Buffer.from("x"));
  const way = chance.upTo(4);
  if (way === 0) {
    // On the way: the container is damaged. What is read none the less is what was packed.
    const { what, bytes } = mutateBytes(format.pack(format.encode(text)), chance);
    const read = await format.read(bytes);
    if (isRefusal(read, what)) return "refused";
    if (packs) assert.deepEqual(read, whole, `${what}: it is read otherwise`);
    else judge(format, format.decode(bytes), read, what);
    return "read";
  }
  let content = format.encode(text);
  const done: string[] = [];
  for (let times = 0; times <= chance.upTo(3); times += 1) {
    const { what, bytes } = way === 1 ? mutateBytes(content, chance) : mutatedText(format, content, chance);
    done.push(what);
    content = bytes;
  }
  const read = await format.read(format.pack(content));
  if (isRefusal(read, done.join(", "))) return "refused";
  judge(format, format.decode(content), read, done.join(", "));
  return "read";
}

function mutatedText(format: Format, content: Buffer, chance: ReturnType<typeof chanceOf>) {
  const { what, text } = mutateText(format.decode(content), chance);
  return { what, bytes: format.encode(text) };
}

/**
 * Looks at the text in another way than the reader: every line that there must be was told, and what is told
 * of it stands in it, cell by cell and figure by figure.
 */
function judge(format: Format, text: string, told: readonly Told[], what = "undamaged"): void {
  assert.equal(told.length, format.count(text), `${what}: so many lines are told`);
  const lines = text.split("\n");
  for (const { line, texts, amounts } of told) {
    const shown = lines.slice(line - 1, line - 1 + (format.spread ?? 1)).join("\n");
    const asWritten = format.cells(shown);
    const cells = asWritten.map((cell) => cell.replace(BLANKS, ""));
    const held = format.keepsBlanks === true ? asWritten : cells;
    for (const wanted of texts) {
      assert.ok(held.includes(wanted), `${what}: line ${line} does not hold ${wanted}: ${shown}`);
    }
    for (const amount of amounts) {
      assert.ok(
        cells.some((cell) => isFigure(cell, amount, format.minorPerUnit)),
        `${what}: line ${line} does not hold the figure ${amount}: ${shown}`,
      );
    }
  }
}

/** What is put around a cell; other characters that show nothing are its own. */
const BLANKS = /^[\t\r\n ]+|[\t\r\n ]+$/g;

function isFigure(cell: string, amount: bigint, minorPerUnit: number): boolean {
  const plain = cell.replaceAll(",", "");
  if (!/^[+-]?\d+(\.\d+)?$/.test(plain)) return false;
  const minor = Math.round(Number(plain) * (minorPerUnit === 100 ? 1 : 100));
  return Math.abs(minor) === Math.abs(Number(amount));
}
