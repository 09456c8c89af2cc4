/** How many commands the platform carried out per batch, read from its /metrics. */

export type BatchCounters = Readonly<Record<string, { readonly batches: number; readonly commands: number }>>;

const LINE = /^tributary_(batches|batch_commands)\{batcher="([^"]+)"\} (\d+)$/gm;

export async function readBatches(baseUrl: string): Promise<BatchCounters> {
  const text = await (await fetch(`${baseUrl}/metrics`)).text();
  return batchesIn(text);
}

/** @param text in Prometheus' format. */
export function batchesIn(text: string): BatchCounters {
  const counters: Record<string, { batches: number; commands: number }> = {};
  for (const [, what, name = "", value] of text.matchAll(LINE)) {
    counters[name] ??= { batches: 0, commands: 0 };
    counters[name][what === "batches" ? "batches" : "commands"] = Number(value);
  }
  return counters;
}

/** Average commands per batch between two readings, of the batchers that worked. */
export function averageBatches(before: BatchCounters, after: BatchCounters): Record<string, number> {
  const averages = Object.entries(after).flatMap(([name, { batches, commands }]) => {
    const ran = batches - (before[name]?.batches ?? 0);
    const done = commands - (before[name]?.commands ?? 0);
    return ran === 0 ? [] : [[name, Number((done / ran).toFixed(1))] as const];
  });
  return Object.fromEntries(averages);
}
