import type { CheckoutRoom } from "../checkout/index.ts";
import { formatId } from "../kernel/ids.ts";
import type { AddGauge } from "./metrics.ts";

export type CashierGauges = CheckoutRoom["gauges"];

/** Adds who watches payments, and whose pages did not open. */
export function addCashierMetrics(add: AddGauge, { watchers, beacons }: CashierGauges): void {
  add("cashier_streams", "Open cashier pages that are told of changes", [], (self) =>
    self.set(watchers.streams),
  );
  add("cashier_payments_watched", "Payments that they watch", [], (self) => self.set(watchers.payments));
  add("cashier_streams_refused", "Pages sent back to polling since start", [], (self) =>
    self.set(watchers.refused),
  );
  add("cashier_beacons", "Reports since start that a channel's page did not open", ["kind"], (self) => {
    for (const [kind, count] of beacons.kinds) self.set({ kind }, count);
    self.set({ kind: "refused" }, beacons.refused());
  });
  add(
    "cashier_orders_not_opened",
    "Orders since start whose channel's page did not open",
    ["channel_account"],
    (self) => {
      for (const [id, count] of beacons.accounts) self.set({ channel_account: formatId("cha", id) }, count);
    },
  );
}
