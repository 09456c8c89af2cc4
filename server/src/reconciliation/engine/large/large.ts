/**
 * An Alipay statement of millions of lines, for the engine: its bytes widened and checked, its lines read and
 * its figures made by DuckDB. It takes only what is regular in every way; for anything else the strict reader
 * has the word.
 */
import { open } from "node:fs/promises";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import type { AlipayColumn } from "../../../channels/index.ts";
import type { LargeFrame } from "./frame.ts";
import type { Widened, WidenTask } from "./widen.ts";

/** A statement, and what stands around its lines. */
export type LargeStatement = { readonly path: string; readonly frame: LargeFrame };

/** The file is not as regular as this reader needs it: the strict reader says why, or reads it. */
export class Irregular extends Error {}

const LINE_BYTES_MAX = 65_536;

/** Writes the lines widened, in as many parts as there are threads. @returns the parts */
export async function widenLines(
  { path, frame }: LargeStatement,
  folder: string,
  threads: number,
): Promise<readonly string[]> {
  const cuts = await cutsOf(path, frame, threads);
  const tasks = cuts.slice(1).map((end, index) => ({
    from: path,
    start: cuts[index] as number,
    end,
    to: join(folder, `lines-${index}.csv`),
  }));
  const widened = await Promise.all(tasks.map(widenApart));
  const fault = widened.find((one) => one.end === "impossible");
  if (fault?.end === "impossible") throw new Irregular(`line ${fault.line} has bytes that are not GBK`);
  return tasks.map(({ to }) => to);
}

/** Where the parts of the lines begin and end: each at the beginning of a line. */
async function cutsOf(path: string, frame: LargeFrame, parts: number): Promise<readonly number[]> {
  const { linesFrom, linesTo } = frame;
  const cuts = [linesFrom];
  const file = await open(path, "r");
  try {
    for (let part = 1; part < parts; part += 1) {
      const wanted = linesFrom + Math.floor(((linesTo - linesFrom) * part) / parts);
      const { buffer } = await file.read(Buffer.alloc(LINE_BYTES_MAX), 0, LINE_BYTES_MAX, wanted);
      const feed = buffer.indexOf(0x0a);
      const cut = feed === -1 ? linesTo : wanted + feed + 1;
      if (cut > (cuts.at(-1) as number) && cut < linesTo) cuts.push(cut);
    }
  } finally {
    await file.close();
  }
  return [...cuts, linesTo];
}

function widenApart(task: WidenTask): Promise<Widened> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./widen-cli.ts", import.meta.url), { workerData: task, execArgv: [] });
    worker.once("message", resolve);
    worker.once("error", reject);
  });
}

const NAMES: Readonly<Record<AlipayColumn, string>> = {
  tradeNo: "trade_no",
  orderNo: "order_no",
  kind: "kind",
  subject: "subject",
  createdAt: "created_at",
  finishedAt: "finished_at",
  amount: "amount",
  settled: "settled",
  discount: "discount",
  refundNo: "refund_no",
  fee: "fee",
};

/** What fills the places in the SQL that reads it, each as it stands there. */
export function placesOf(frame: LargeFrame, parts: readonly string[]): Readonly<Record<string, string>> {
  const names = new Map(
    (Object.keys(NAMES) as AlipayColumn[]).map((column) => [frame.columns[column], NAMES[column]]),
  );
  const columns = Array.from({ length: frame.columnCount }, (_, index) => {
    return `'${names.get(index) ?? `other_${index}`}': 'varchar'`;
  });
  return {
    parts: `[${parts.map((path) => `'${path.replaceAll("'", "''")}'`).join(", ")}]`,
    columns: `{${columns.join(", ")}}`,
    lineend: frame.lineEnd === "\n" ? "'\\n'" : "'\\r\\n'",
    date: `'${frame.channelDate}'`,
    payment: `'${widenedText("交易")}'`,
    refund: `'${widenedText("退款")}'`,
  };
}

/** The bytes of 交易 and 退款 in GBK, as Latin-1 reads them. */
function widenedText(word: "交易" | "退款"): string {
  const bytes = { 交易: [0xbd, 0xbb, 0xd2, 0xd7], 退款: [0xcd, 0xcb, 0xbf, 0xee] }[word];
  return Buffer.from(bytes).toString("latin1");
}
