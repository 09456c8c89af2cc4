/** Which charts are drawn from which results: the last recorded run of each scenario. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Machine } from "../machine.ts";
import type { Figures } from "../summary.ts";
import { barChart, lineChart } from "./charts.ts";
import { type Result, readResults } from "./record.ts";

const PER_SECOND = "complete payments per second";
/** The published pressure test that the platform is held against. */
const NETSUNION = { name: "NetsUnion, one data centre, 2017: 5,300", value: 5_300 };

const CHARTS: Readonly<Record<string, { readonly scenario: string; draw(result: Result): string }>> = {
  payments: { scenario: "payments", draw: paymentsChart },
  hot: { scenario: "hot", draw: hotChart },
  growth: { scenario: "growth", draw: growthChart },
  "overload-rate": { scenario: "overload", draw: overloadRate },
  "overload-latency": { scenario: "overload", draw: overloadLatency },
  "slow-endpoints": { scenario: "slow-endpoints", draw: endpointsChart },
};

/** Draws every chart that has results; the paths of the files. */
export function drawCharts(folder: string): readonly string[] {
  return Object.entries(CHARTS).flatMap(([name, { scenario, draw }]) => {
    const last = readResults(folder, scenario).at(-1);
    if (last === undefined) return [];
    const path = join(folder, `${name}.svg`);
    writeFileSync(path, draw(last));
    return [path];
  });
}

function paymentsChart(result: Result): string {
  const rate = (name: string, key = "completed_per_second") => (result[name] as Figures | undefined)?.[key];
  const beside: readonly (readonly [string, unknown])[] = [
    ["Bare skeleton, nothing else", rate("skeleton")],
    ["Libraries and rows alone", rate("stack")],
    ["Tributary, row at a time", rate("row_at_a_time")],
    ["TPC-B-like, 16 clients", rate("tpc_b", "transactions_per_second")],
  ];
  return barChart({
    title: "Complete payments per second",
    subtitle: measuredOn(result),
    unit: "payments per second: created, paid, booked, merchant told, all durable",
    bars: [
      { name: "Tributary", value: number(result.completed_per_second), isMain: true },
      ...beside.flatMap(([name, value]) => (value === undefined ? [] : [{ name, value: number(value) }])),
    ],
    mark: NETSUNION,
  });
}

function hotChart(result: Result): string {
  return barChart({
    title: "One merchant takes everything",
    subtitle: measuredOn(result),
    unit: `${PER_SECOND}, closed loop`,
    bars: [
      { name: "A hundred merchants", value: number(result.payments_ceiling_per_second) },
      { name: "One merchant", value: number(result.ceiling_per_second), isMain: true },
    ],
  });
}

function growthChart(result: Result): string {
  const payments = number(result.payments).toLocaleString("en");
  return barChart({
    title: `Empty tables, and beside ${payments} payments`,
    subtitle: measuredOn(result),
    unit: `${PER_SECOND}, closed loop`,
    bars: [
      { name: "Empty tables", value: number(result.ceiling_before_per_second) },
      { name: `${payments} payments`, value: number(result.ceiling_after_per_second), isMain: true },
    ],
  });
}

function overloadRate(result: Result): string {
  return lineChart({
    title: "Twice as many payments as fit",
    subtitle: measuredOn(result),
    unit: "payments per second",
    series: [
      { name: "arrived", values: column(result, "arrived") },
      { name: "accepted", values: column(result, "accepted") },
      { name: "completed", values: column(result, "completed") },
      { name: "refused with 503", values: column(result, "shed") },
    ],
    changes: [
      { second: secondsOf(result, "before"), name: "the crowd comes" },
      { second: secondsOf(result, "before") + secondsOf(result, "during"), name: "the crowd is gone" },
    ],
  });
}

function overloadLatency(result: Result): string {
  return lineChart({
    title: "Answers to what is accepted, amid twice as many payments as fit",
    subtitle: measuredOn(result),
    unit: "milliseconds until a creation is answered",
    series: [
      { name: "half of them", values: column(result, "create_p50_ms") },
      { name: "99 of 100", values: column(result, "create_p99_ms") },
    ],
    changes: [
      { second: secondsOf(result, "before"), name: "the crowd comes" },
      { second: secondsOf(result, "before") + secondsOf(result, "during"), name: "the crowd is gone" },
    ],
  });
}

function endpointsChart(result: Result): string {
  const before = secondsOf(result, "before");
  return lineChart({
    title: "Merchants whose endpoints are dead or slow",
    subtitle: measuredOn(result),
    unit: "payments per second",
    series: [
      { name: "arrived", values: column(result, "arrived") },
      { name: "accepted", values: column(result, "accepted") },
      { name: "told the merchant", values: column(result, "completed") },
    ],
    changes: [
      { second: before, name: "one is dead" },
      { second: before + secondsOf(result, "one_dead"), name: "half are dead or slow" },
    ],
  });
}

function measuredOn(result: Result): string {
  const { cpu, cores, memory_gb: memory, commit } = result.machine as Machine;
  const day = result.recorded_at.slice(0, 10);
  return `${cores} cores of ${cpu}, ${memory} GB, generator and PostgreSQL included; ${commit}, ${day}`;
}

function number(value: unknown): number {
  if (typeof value !== "number") throw new Error(`a result holds ${String(value)} where a number belongs`);
  return value;
}

function column(result: Result, name: string): number[] {
  return (result.per_second as Figures[]).map((second) => number(second[name]));
}

function secondsOf(result: Result, block: string): number {
  return number((result[block] as Figures).seconds);
}
