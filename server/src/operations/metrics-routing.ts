import { formatId } from "../kernel/ids.ts";
import type { LineView, Routing } from "../routing/index.ts";
import type { AddGauge } from "./metrics.ts";

/** Which accounts are in rotation, by the kind of scene. */
export function addRoutingMetrics(add: AddGauge, { health }: Pick<Routing, "health">): void {
  const each = (name: string, help: string, value: (line: LineView) => number) => {
    add(name, help, ["channel_account", "scene"], (self) => {
      for (const line of health.lines())
        self.set({ channel_account: formatId("cha", line.accountId), scene: line.kind }, value(line));
    });
  };
  each("routing_in_rotation", "1: takes orders; 0.5: takes probes; 0: its circuit is open", ({ circuit }) =>
    circuit === "closed" ? 1 : circuit === "open" ? 0 : 0.5,
  );
  each("routing_opened", "How often the circuit opened since start", (line) => line.timesOpened);
  each("routing_below_floor", "1: below its success floor, which cuts its share", (line) =>
    line.belowFloor ? 1 : 0,
  );
  each(
    "routing_paid_share",
    "Paid orders of those of the last minutes",
    (line) => line.paidShare ?? Number.NaN,
  );
  each(
    "routing_beacons",
    "Orders whose buyers told, on the cashier's page, that the channel's did not open, since start",
    (line) => line.beacons,
  );
}
