/** A run's result: the figures that every scenario ends with, on one line. */
import type { Percentiles } from "./commands.ts";
import type { Stretch } from "./run.ts";

export type Figures = Readonly<Record<string, unknown>>;

export function round(value: number, places = 1): number {
  return Number(value.toFixed(places));
}

/** The figures of one stretch, per completed payment where they are costs. */
export function summaryOf(scenario: string, open: Stretch): Figures {
  const { latency, database, cpu, done } = open;
  const per = (value: number) => (done.completed === 0 ? 0 : value / done.completed);
  return {
    scenario,
    completed_per_second: round(open.completedPerSecond),
    create_p50_ms: round(latency.create.p50, 2),
    create_p99_ms: round(latency.create.p99, 2),
    create_p999_ms: round(latency.create.p999, 2),
    outcome_p50_ms: round(latency.outcome.p50, 2),
    outcome_p99_ms: round(latency.outcome.p99, 2),
    outcome_p999_ms: round(latency.outcome.p999, 2),
    complete_p50_ms: round(latency.complete.p50, 2),
    complete_p99_ms: round(latency.complete.p99, 2),
    backlog_end: open.backlogEnd,
    cpu: {
      server_us: round(per(cpu.server * 1e6)),
      postgres_us: round(per(cpu.postgres * 1e6)),
      generator_us: round(per(cpu.generator * 1e6)),
    },
    cpu_us_per_payment: round(per((cpu.server + cpu.postgres) * 1e6)),
    row_versions_per_payment: round(per(database.rowVersions - database.accountUpdates), 2),
    account_updates_per_payment: round(per(database.accountUpdates), 2),
    wal_bytes_per_payment: round(per(database.walBytes), 0),
    rss_mb: open.rssMbMax,
    batch_sizes: open.batches,
    checkpoints: database.checkpoints,
    deadlocks: database.deadlocks,
    completed: done.completed,
    shed: done.shed,
    repeated: done.repeated,
    refused: done.refused,
    broken: done.broken,
    seconds: open.seconds,
  };
}

/** The figures of `summaryOf` as sentences for whoever watched the run. */
export function tell(figures: Figures): readonly string[] {
  const { cpu, batch_sizes: batches, settings } = figures as Record<string, Record<string, number>>;
  if (cpu === undefined) return [];
  const of = (name: string) => String(figures[name]);
  const list = (values: Figures = {}) =>
    Object.entries(values)
      .map(([name, value]) => `${name} ${String(value)}`)
      .join(", ");
  return [
    `complete: ${of("completed_per_second")}/s over ${of("seconds")} s, ${of("backlog_end")} left over`,
    `create: p50 ${of("create_p50_ms")}, p99 ${of("create_p99_ms")}, p99.9 ${of("create_p999_ms")} ms`,
    `outcome: p50 ${of("outcome_p50_ms")}, p99 ${of("outcome_p99_ms")}, p99.9 ${of("outcome_p999_ms")} ms`,
    `µs of CPU for each: ${list(cpu)}`,
    `rows ${of("row_versions_per_payment")}, WAL ${of("wal_bytes_per_payment")} bytes for each; server ` +
      `${of("rss_mb")} MB; ${of("checkpoints")} checkpoints, ${of("deadlocks")} deadlocks`,
    `commands for each batch: ${list(batches)}`,
    `settings: ${list(settings)}`,
    `invariants: ${of("invariants")}; ${of("acknowledged")} acknowledged, ${of("missing")} missing`,
  ];
}

/** Percentiles of one kind of call, under names that begin with it. */
export function percentilesOf(name: string, { count, p50, p99, p999 }: Percentiles): Figures {
  return {
    [`${name}_count`]: count,
    [`${name}_p50_ms`]: round(p50, 2),
    [`${name}_p99_ms`]: round(p99, 2),
    [`${name}_p999_ms`]: round(p999, 2),
  };
}
