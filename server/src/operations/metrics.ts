import { collectDefaultMetrics, Gauge, Registry } from "prom-client";
import type { CallCounts } from "../channels/index.ts";
import type { DayClose } from "../dayclose/index.ts";
import type { Batcher } from "../kernel/batcher.ts";
import { SECOND } from "../kernel/clock.ts";
import type { Cell, Database } from "../kernel/database.ts";
import type { Backlog, DueWorker } from "../kernel/due.ts";
import type { Routing } from "../routing/index.ts";
import type { Fetching } from "../statements/index.ts";
import { lastAudit } from "./audit-store.ts";
import { addCashierMetrics, type CashierGauges } from "./metrics-cashier.ts";
import { addChannelMetrics } from "./metrics-channels.ts";
import { addRoutingMetrics } from "./metrics-routing.ts";

type BatchGauges = Batcher<unknown, unknown>["gauges"];

export type MetricsDeps = {
  readonly cell: Cell;
  readonly platform: Database;
  readonly gauges: {
    readonly payments: {
      readonly creations: BatchGauges;
      readonly door: Readonly<Record<string, BatchGauges>>;
      readonly workers: () => Readonly<Record<string, DueWorker["gauges"]>> | null;
      readonly backlog: () => Promise<readonly Backlog[]>;
    };
    readonly webhooks: {
      readonly gauges: Readonly<Record<string, number>>;
      readonly resultGauges: BatchGauges;
      backlog(): Promise<readonly Backlog[]>;
    };
    readonly calls: CallCounts;
    readonly cashier: CashierGauges;
    readonly routing: Pick<Routing, "health">;
    readonly statements: Pick<Fetching, "counts">;
    readonly dayClose: Pick<DayClose, "unfinished" | "alarms">;
    readonly payouts: {
      readonly workers: () => Readonly<Record<string, DueWorker["gauges"]>> | null;
      backlog(): Promise<readonly Backlog[]>;
      forPeople(): Promise<readonly { readonly what: string; readonly count: bigint; ageDays?: number }[]>;
    };
  };
};

/** Adds one metric; `collect` sets its samples whenever somebody reads. */
export type AddGauge = (
  name: string,
  help: string,
  labels: readonly string[],
  collect: (gauge: Gauge) => void | Promise<void>,
) => void;

/** What the database is asked for is not asked again within this time, however many read. */
const REMEMBERED_MS = 5 * SECOND;

/** What Prometheus reads at /metrics. Values are read when asked for, so nothing counts twice. */
export function createMetrics(deps: MetricsDeps) {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const add: AddGauge = (name, help, labels, collect) => {
    new Gauge({
      name: `tributary_${name}`,
      help,
      labelNames: [...labels],
      registers: [registry],
      async collect() {
        await collect(this);
      },
    });
  };
  addBatches(add, deps);
  addWorkers(add, deps);
  addDatabase(add, deps);
  addChannelMetrics(add, deps.gauges.calls);
  addCashierMetrics(add, deps.gauges.cashier);
  addRoutingMetrics(add, deps.gauges.routing);
  addStatements(add, deps);
  addDays(add, deps);
  addAudit(add, deps);
  return { contentType: registry.contentType, read: () => registry.metrics() };
}

function addBatches(add: AddGauge, { gauges: { payments, webhooks } }: MetricsDeps): void {
  const batchers = () =>
    Object.entries({
      creations: payments.creations,
      ...payments.door,
      webhook_results: webhooks.resultGauges,
    });
  const each = (name: string, help: string, value: (gauges: BatchGauges) => number) => {
    add(name, help, ["batcher"], (self) => {
      for (const [batcher, gauges] of batchers()) self.set({ batcher }, value(gauges));
    });
  };
  each("batch_queue", "Commands waiting for the next batch", (g) => g.queued);
  each("batches", "Batches carried out since start", (g) => g.batches);
  each("batch_commands", "Commands carried out since start", (g) => g.commands);
  each(
    "batch_refused",
    "Commands refused since start, since they would have waited too long",
    (g) => g.refused,
  );
  each(
    "batch_wait_seconds",
    "Waited for a batch since start, all commands together",
    (g) => g.waitedMs / SECOND,
  );
  each("batch_work_seconds", "Taken by batches since start", (g) => g.workedMs / SECOND);
}

function addWorkers(add: AddGauge, { cell, gauges: { payments, webhooks, payouts } }: MetricsDeps): void {
  const eachWorker = (self: Gauge, value: (gauges: DueWorker["gauges"]) => number) => {
    for (const [worker, gauges] of Object.entries({ ...payments.workers(), ...payouts.workers() }))
      self.set({ worker }, value(gauges));
  };
  add("worker_in_flight", "Due rows being worked on", ["worker"], (self) =>
    eachWorker(self, (g) => g.inFlight),
  );
  add("worker_failures", "Due rows that failed since start", ["worker"], (self) =>
    eachWorker(self, (g) => g.failures),
  );
  add("webhooks", "Deliveries by what became of them since start", ["what"], (self) => {
    for (const what of ["inFlight", "waiting", "delivered", "failedTries", "dead", "left"]) {
      self.set({ what }, webhooks.gauges[what] ?? 0);
    }
  });
  const now = () => cell.clock.now().getTime();
  const backlog = remembered(now, async () => [
    ...(await payments.backlog()),
    ...(await webhooks.backlog()),
    ...(await payouts.backlog()),
  ]);
  const forPeople = remembered(now, () => payouts.forPeople());
  add(
    "payouts_for_people",
    "What of payouts and banks' statements waits for a person",
    ["what"],
    async (self) => {
      self.reset();
      for (const { what, count } of (await forPeople()) ?? []) self.set({ what }, Number(count));
    },
  );
  add(
    "payouts_for_people_days",
    "How old the oldest is of what channels or banks have not told in time",
    ["what"],
    async (self) => {
      self.reset();
      for (const { what, ageDays } of (await forPeople()) ?? []) {
        if (ageDays !== undefined) self.set({ what }, ageDays);
      }
    },
  );
  add("due", "Rows of all processes that are due and not claimed", ["kind"], async (self) => {
    self.reset();
    for (const { kind, due } of (await backlog()) ?? []) self.set({ kind }, Number(due));
  });
  add("due_oldest_seconds", "How long the oldest of them has been due", ["kind"], async (self) => {
    self.reset();
    for (const { kind, oldestDueAt } of (await backlog()) ?? []) {
      self.set({ kind }, oldestDueAt === null ? 0 : Math.max(0, now() - oldestDueAt.getTime()) / SECOND);
    }
  });
}

function addStatements(add: AddGauge, { cell, gauges: { statements } }: MetricsDeps): void {
  const now = () => cell.clock.now().getTime();
  const counts = remembered(now, () => statements.counts());
  add("statements_late", "Statements of channels that should be there since an hour", [], async (self) => {
    self.set(Number((await counts())?.late ?? Number.NaN));
  });
  add("statements_late_seconds", "How long the first of them has been due", [], async (self) => {
    const since = (await counts())?.lateSince ?? null;
    self.set(since === null ? 0 : (now() - since.getTime()) / SECOND);
  });
}

function addDays(add: AddGauge, { cell, gauges: { dayClose } }: MetricsDeps): void {
  const now = () => cell.clock.now().getTime();
  const unfinished = remembered(now, () => dayClose.unfinished());
  add("close_unfinished_days", "Dates that are over and whose close is not done", [], async (self) => {
    self.set(Number((await unfinished())?.days ?? Number.NaN));
  });
  add("close_unfinished_seconds", "How long the first of them has been over", [], async (self) => {
    const since = (await unfinished())?.oldestClosedAt ?? null;
    self.set(since === null ? 0 : (now() - since.getTime()) / SECOND);
  });
  const alarms = remembered(now, () => dayClose.alarms.now());
  add("close_alarms", "Dates whose close needs a person", ["what"], async (self) => {
    self.reset();
    for (const what of ["not_begun", "failed", "stuck", "not_done"]) {
      const all = await alarms();
      if (all !== null) self.set({ what }, all.filter((alarm) => alarm.what === what).length);
    }
  });
}

function addDatabase(add: AddGauge, { cell, platform }: MetricsDeps): void {
  add("database_deadlocks", "Deadlocks since start: none is ever expected", [], (self) => {
    self.set(cell.counters.deadlocks);
  });
  add("database_retries", "Transactions carried out again since start", [], (self) => {
    self.set(cell.counters.retries);
  });
  add(
    "database_connections",
    "Connections of each pool, and who waits for one",
    ["schema", "pool", "state"],
    (self) => {
      for (const [schema, { pools }] of Object.entries({ cell, platform })) {
        for (const [pool, gauges] of Object.entries(pools)) {
          for (const state of ["busy", "idle", "waiting"] as const)
            self.set({ schema, pool, state }, gauges?.[state] ?? 0);
        }
      }
    },
  );
}

function addAudit(add: AddGauge, { cell }: MetricsDeps): void {
  const now = () => cell.clock.now().getTime();
  const last = remembered(now, () => lastAudit(cell.db));
  add("audit_violations", "What the last audit found wrong", ["invariant"], async (self) => {
    self.reset();
    for (const { invariant, violations } of (await last())?.results ?? [])
      self.set({ invariant }, violations);
  });
  // With a label, since a metric without one would tell 0 before the first audit.
  add("audit_age_seconds", "Since the last audit began", ["cell"], async (self) => {
    self.reset();
    const found = await last();
    if (found === null) return;
    self.set({ cell: cell.cell }, Math.max(0, now() - found.audit.beganAt.getTime()) / SECOND);
  });
}

/**
 * Asks once for all who ask within some seconds. Null while the database does not answer: its metrics are
 * missing then, and the others are still told.
 */
function remembered<T>(now: () => number, read: () => Promise<T>): () => Promise<T | null> {
  let known: { readonly at: number; readonly value: Promise<T | null> } | null = null;
  return () => {
    if (known === null || now() - known.at >= REMEMBERED_MS) {
      known = { at: now(), value: read().catch(() => null) };
    }
    return known.value;
  };
}
