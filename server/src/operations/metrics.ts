import { collectDefaultMetrics, Gauge, Registry } from "prom-client";
import type { Batcher } from "../kernel/batcher.ts";
import type { Cell } from "../kernel/database.ts";
import type { DueWorker } from "../kernel/due.ts";

type BatchGauges = Batcher<unknown, unknown>["gauges"];

export type MetricsDeps = {
  readonly cell: Cell;
  readonly gauges: {
    readonly payments: {
      readonly creations: BatchGauges;
      readonly door: Readonly<Record<string, BatchGauges>>;
      readonly workers: () => Readonly<Record<string, DueWorker["gauges"]>> | null;
    };
    readonly webhooks: Readonly<Record<string, number>>;
  };
};

/** What Prometheus reads at /metrics. Values are read when asked for, so nothing counts twice. */
export function createMetrics(deps: MetricsDeps) {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const gauge = (name: string, help: string, labels: readonly string[], collect: (gauge: Gauge) => void) => {
    new Gauge({
      name: `tributary_${name}`,
      help,
      labelNames: [...labels],
      registers: [registry],
      collect() {
        collect(this);
      },
    });
  };
  const { payments, webhooks } = deps.gauges;
  const batchers = () => Object.entries({ creations: payments.creations, ...payments.door });
  gauge("batch_queue", "Commands waiting for the next batch", ["batcher"], (self) => {
    for (const [batcher, gauges] of batchers()) self.set({ batcher }, gauges.queued);
  });
  gauge("batches", "Batches carried out since start", ["batcher"], (self) => {
    for (const [batcher, gauges] of batchers()) self.set({ batcher }, gauges.batches);
  });
  gauge("batch_commands", "Commands carried out since start", ["batcher"], (self) => {
    for (const [batcher, gauges] of batchers()) self.set({ batcher }, gauges.commands);
  });
  const eachWorker = (self: Gauge, value: (gauges: DueWorker["gauges"]) => number) => {
    for (const [worker, gauges] of Object.entries(payments.workers() ?? {}))
      self.set({ worker }, value(gauges));
  };
  gauge("worker_in_flight", "Due rows being worked on", ["worker"], (self) =>
    eachWorker(self, (g) => g.inFlight),
  );
  gauge("worker_failures", "Due rows that failed since start", ["worker"], (self) =>
    eachWorker(self, (g) => g.failures),
  );
  gauge("webhooks", "Deliveries by what became of them since start", ["what"], (self) => {
    for (const what of ["inFlight", "waiting", "delivered", "failedTries", "dead", "left"]) {
      self.set({ what }, webhooks[what] ?? 0);
    }
  });
  gauge("database_deadlocks", "Deadlocks since start: none is ever expected", [], (self) => {
    self.set(deps.cell.counters.deadlocks);
  });
  gauge("database_retries", "Transactions carried out again since start", [], (self) => {
    self.set(deps.cell.counters.retries);
  });
  return { contentType: registry.contentType, read: () => registry.metrics() };
}
