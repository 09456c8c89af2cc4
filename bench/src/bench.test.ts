/** The whole bench at a tiny scale: that it counts right, never how fast. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { findAcknowledged } from "./acknowledged.ts";
import { readArguments, UsageError } from "./arguments.ts";
import { batchesIn } from "./batches.ts";
import { indexOfNumber, orderNumber } from "./commands.ts";
import { measureOwnServer } from "./comparisons/own-server.ts";
import { shortOfDisk } from "./growth/disk.ts";
import { fill } from "./growth/fill.ts";
import { stretch } from "./run.ts";
import { blocksOf, median } from "./scenarios/blocks.ts";
import { SKELETON } from "./skeleton/skeleton.ts";
import { STACK } from "./stack/stack.ts";
import { onStage } from "./stage.ts";
import type { Figures } from "./summary.ts";
import { cumulativeZipf, drawFrom } from "./zipf.ts";

const MAIN = fileURLToPath(new URL("./main.ts", import.meta.url));
const LOADED = 200;
const quiet = () => {};

test("payments ends with one line of figures, found payments and sound books", {
  timeout: 120_000,
}, async () => {
  const child = spawn(process.execPath, [MAIN, "payments", "--seconds", "1", "--no-compare"], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [output, progress] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    progress += text;
  });
  const code = await new Promise((resolve) => child.once("close", resolve));
  assert.equal(code, 0, progress);
  const lines = output.trimEnd().split("\n");
  assert.equal(lines.length, 1);
  const figures = JSON.parse(lines[0] as string) as Record<string, unknown> & { cpu: Figures };
  assert.equal(figures.scenario, "payments");
  assert.equal(figures.invariants, "ok");
  assert.deepEqual([figures.backlog_end, figures.missing, figures.refused, figures.broken], [0, 0, 0, 0]);
  for (const name of [
    "completed_per_second",
    "create_p50_ms",
    "create_p99_ms",
    "outcome_p99_ms",
    "cpu_us_per_payment",
    "row_versions_per_payment",
    "wal_bytes_per_payment",
    "rss_mb",
    "acknowledged",
  ]) {
    assert.ok((figures[name] as number) > 0, name);
  }
  assert.ok((figures.cpu.generator_us as number) > 0);
});

test("payments that are loaded leave the invariants as they were, and whatever is lost is seen", {
  timeout: 120_000,
}, async () => {
  const options = { shape: { merchants: 3, zipf: 1 }, progress: quiet, inFlight: 8 };
  const { result, verdict } = await onStage(options, async (stage) => {
    const phase = {
      do: "phase",
      inFlight: 8,
      mix: { refunds: 0.2, reads: 0.2, lists: 0.1, timelines: 0.1 },
    } as const;
    const before = await stretch(stage, { label: "before", seconds: 1, phase });
    const { databaseUrl, pid } = stage.platform;
    const indexes = await stage.gauge.query(INDEXES);
    await fill({ databaseUrl, pid, payments: LOADED, zipf: 1, progress: quiet });
    assert.deepEqual(await stage.gauge.query(INDEXES), indexes);
    const after = await stretch(stage, { label: "after", seconds: 1, phase });
    const [row] = await stage.gauge.query("select count(*) as payments from cell_0.payments");
    const beside = [await measureOwnServer(stage, SKELETON, 1), await measureOwnServer(stage, STACK, 1)];
    const flags = await stage.load.acknowledged();
    const all = await findAcknowledged(stage.gauge, stage.run, flags);
    // Inside a transaction that is rolled back: what the audit sees afterwards is whole.
    const gone = orderNumber(stage.run, flags.indexOf(Math.max(...flags)));
    const lost = await withoutPayment(stage.gauge, gone, () =>
      findAcknowledged({ ...stage.gauge, each: eachInOpenTransaction(stage.gauge) }, stage.run, flags),
    );
    return { before, after, payments: Number(row?.payments), beside, all, lost };
  });
  assert.equal(verdict.invariants, "ok");
  const { before, after, payments, all, lost } = result;
  const created = before.done.created + after.done.created;
  assert.equal(payments, created + LOADED);
  assert.equal(after.done.completed, after.done.created);
  assert.deepEqual([before.backlogEnd, after.backlogEnd], [0, 0]);
  assert.ok(before.done.refunded > 0 && before.done.read > 0);
  assert.deepEqual(all, { acknowledged: created, missing: 0 });
  assert.equal(lost.missing, 1);
  for (const { completed, backlog_end, refused } of result.beside) {
    assert.ok((completed as number) > 0);
    assert.deepEqual([backlog_end, refused], [0, 0]);
  }
});

const INDEXES = `
  select i.indexdef, c.conname, pg_get_constraintdef(c.oid) as definition
  from pg_indexes i
  left join pg_constraint c
    on c.conindid = format('%I.%I', i.schemaname, i.indexname)::regclass
  where i.schemaname = 'cell_0'
  order by i.indexname, c.conname`;

type Gauge = Parameters<typeof findAcknowledged>[0];

async function withoutPayment<T>(gauge: Gauge, number: string, look: () => Promise<T>): Promise<T> {
  await gauge.query("begin");
  await gauge.query(`delete from cell_0.payments where merchant_order_no = '${number}'`);
  try {
    return await look();
  } finally {
    await gauge.query("rollback");
  }
}

function eachInOpenTransaction(gauge: Gauge): Gauge["each"] {
  return async (text, take) => {
    for (const row of await gauge.query(text)) take(row as Record<string, string>);
  };
}

test("order numbers are of one length, and only those of the run are its own", () => {
  assert.equal(orderNumber("abc", 7), "abc-000000007");
  assert.equal(indexOfNumber("abc", orderNumber("abc", 123_456_789)), 123_456_789);
  assert.equal(indexOfNumber("abc", orderNumber("abd", 7)), null);
  assert.equal(indexOfNumber("abc", "abc-7"), null);
});

test("the busiest of a hundred merchants takes a fifth, and the shares reach one", () => {
  const shares = cumulativeZipf(100, 1);
  assert.ok(Math.abs((shares[0] as number) - 0.193) < 0.001);
  assert.ok(Math.abs((shares[99] as number) - 1) < 1e-9);
  assert.deepEqual([...cumulativeZipf(2, 0)], [0.5, 1]);
  assert.deepEqual(
    [0, 0.19, 0.2, 1].map((chance) => drawFrom(shares, chance)),
    [0, 0, 1, 99],
  );
});

test("a disk that is short is refused with what would fit", () => {
  assert.equal(shortOfDisk(100e9, 1_000_000, "/data"), null);
  const sentence = shortOfDisk(10e9, 10_000_000, "/data") as string;
  assert.match(
    sentence,
    /^10,000,000 payments need about 53\.2 GB in \/data, where 10\.0 GB are free: ask for/,
  );
  const fits = Number(/at most ([\d,]+)/.exec(sentence)?.[1]?.replaceAll(",", ""));
  assert.equal(shortOfDisk(10e9, fits, "/data"), null);
});

test("what the command line asks for is understood, or refused with a sentence", () => {
  assert.equal(readArguments([]).scenario, "payments");
  assert.deepEqual(
    [readArguments(["growth", "--payments", "10_000"]).payments, readArguments(["--seconds", "300"]).seconds],
    [10_000, 300],
  );
  assert.deepEqual(
    [[], ["--compare"], ["--no-compare"]].map((argv) => readArguments(argv).compare),
    [null, true, false],
  );
  for (const argv of [
    ["--seconds", "0"],
    ["--seconds", "x"],
    ["--minutes", "1"],
    ["hot", "payments"],
  ]) {
    assert.throws(() => readArguments(argv), UsageError);
  }
});

test("batch counters are read as Prometheus writes them", () => {
  const text =
    '# HELP x\ntributary_batches{batcher="creations"} 4\ntributary_batch_commands{batcher="creations"} 40\n';
  assert.deepEqual(batchesIn(text), { creations: { batches: 4, commands: 40 } });
});

test("a block of seconds is told by its medians", () => {
  assert.deepEqual([median([]), median([3]), median([9, 1, 2]), median([4, 2])], [0, 3, 2, 3]);
  const none = { count: 0, p50: 0, p99: 0, p999: 0 };
  const second = (created: number) => ({
    started: 9,
    created,
    shed: 9 - created,
    completed: created,
    reported: created,
    create: { ...none, p99: created },
    complete: none,
  });
  const blocks = blocksOf([{ name: "before", from: 0, to: 3 }], [1, 2, 9, 100].map(second)) as Record<
    string,
    Figures
  >;
  const { accepted_per_second: accepted, create_p99_max_ms: worst } = blocks.before as Figures;
  assert.deepEqual([accepted, worst], [2, 9]);
});
