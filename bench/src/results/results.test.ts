import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { after, test } from "node:test";
import { barChart, lineChart } from "./charts.ts";
import { drawCharts } from "./draw.ts";
import { readResults, record } from "./record.ts";
import { ticks } from "./svg.ts";

const folder = mkdtempSync(join(tmpdir(), "tributary-results-"));
after(() => rmSync(folder, { recursive: true }));

const machine = { cpu: "A & B <C>", cores: 2, memory_gb: 8, commit: "abc" };
const at = new Date("2026-11-28T00:00:00Z");

test("a run is added behind those before it, one line each", () => {
  record(folder, { scenario: "hot", completed_per_second: 1, machine }, at);
  const path = record(folder, { scenario: "hot", completed_per_second: 2, machine }, at);
  assert.deepEqual(
    readResults(folder, "hot").map((result) => result.completed_per_second),
    [1, 2],
  );
  assert.equal(readFileSync(path, "utf8").trimEnd().split("\n").length, 4);
  assert.deepEqual(readResults(folder, "never-run"), []);
});

test("charts are drawn of what was recorded, from the last run", () => {
  const block = { seconds: 2 };
  const perSecond = { arrived: 5, accepted: 4, shed: 1, completed: 4, create_p50_ms: 1, create_p99_ms: 2 };
  const common = { machine, per_second: [perSecond, perSecond, perSecond] };
  const folded = { ...common, before: block, during: block, one_dead: block };
  record(folder, { scenario: "overload", ...folded }, at);
  record(folder, { scenario: "slow-endpoints", ...folded }, at);
  const beside = { skeleton: { completed_per_second: 8_800 }, tpc_b: { transactions_per_second: 2_100 } };
  record(folder, { scenario: "payments", completed_per_second: 3_456, ...beside, machine }, at);
  record(folder, { scenario: "hot", ceiling_per_second: 90, payments_ceiling_per_second: 100, machine }, at);
  const ceilings = { ceiling_before_per_second: 100, ceiling_after_per_second: 90 };
  record(folder, { scenario: "growth", payments: 1_000_000, ...ceilings, machine }, at);
  const drawn = drawCharts(folder);
  assert.deepEqual(drawn.map((path) => basename(path)).sort(), [
    "growth.svg",
    "hot.svg",
    "overload-latency.svg",
    "overload-rate.svg",
    "payments.svg",
    "slow-endpoints.svg",
  ]);
  for (const path of drawn) assertWellFormed(readFileSync(path, "utf8"));
  const payments = readFileSync(join(folder, "payments.svg"), "utf8");
  for (const text of [
    "3,456",
    "8,800",
    "2,100",
    "5,300",
    "A &amp; B &lt;C&gt;",
    "per second",
    "2026-11-28",
  ]) {
    assert.ok(payments.includes(text), text);
  }
});

test("bars are as long as their values, and nothing leaves the picture", () => {
  const bars = [
    { name: "all", value: 4_000 },
    { name: "half", value: 2_000, isMain: true },
  ];
  const svg = barChart({ title: "T", subtitle: "S", unit: "per second", bars });
  const widths = [...svg.matchAll(/<rect [^>]*?width="([\d.]+)"/g)].map(([, width]) => Number(width));
  assert.equal(widths.length, 2);
  assert.ok(Math.abs((widths[0] as number) - 2 * (widths[1] as number)) < 0.3);
  assertWellFormed(svg);
});

test("a line has one point for each second, between the axes", () => {
  const series = [{ name: "accepted", values: [0, 50, 100] }];
  const changes = [{ second: 1, name: "more" }];
  const svg = lineChart({ title: "T", subtitle: "S", unit: "per second", series, changes });
  const [, written = ""] = /points="([^"]+)"/.exec(svg) ?? [];
  const points = written.split(" ").map((one) => one.split(",").map(Number));
  assert.equal(points.length, 3);
  const heights = points.map(([, y]) => y as number);
  assert.deepEqual(
    heights.toSorted((a, b) => b - a),
    heights,
  );
  assertWellFormed(svg);
});

test("the axis has a few round steps that reach the highest value", () => {
  assert.deepEqual(ticks(0), [0, 1]);
  for (const top of [0.7, 3, 99, 100, 5_300, 8_800, 123_456]) {
    const steps = ticks(top);
    assert.ok(
      (steps.at(-1) as number) >= top && steps.length >= 3 && steps.length <= 7,
      `${top}: ${steps.join()}`,
    );
  }
});

/** Every element is closed in order, no attribute is broken, no number is none. */
function assertWellFormed(svg: string): void {
  const open: string[] = [];
  for (const [, closing, name, rest = ""] of svg.matchAll(
    /<(\/?)([a-z]+)((?:\s+[\w-]+="[^"<>]*")*\s*\/?)>/gi,
  )) {
    if (closing === "/") assert.equal(open.pop(), name);
    else if (!rest.endsWith("/")) open.push(name as string);
  }
  assert.deepEqual(open, []);
  assert.doesNotMatch(svg, /NaN|undefined|Infinity/);
}
