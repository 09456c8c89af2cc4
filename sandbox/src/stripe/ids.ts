import type { SandboxRandom } from "../clock.ts";

/** A fresh id, of the letters and digits that Stripe's have. */
export function newId(random: SandboxRandom, prefix: string): string {
  return `${prefix}${random.bytes(12).toString("hex")}`;
}

/** Names under which merchants tell their own number in metadata. */
const numberNames = ["order_no", "out_trade_no", "channel_order_no", "order_id", "order"];

/** The merchant's own number for an order, where it told one: what faults and the wallet's log go by. */
export function orderNoOf(
  clientReferenceId: string | null,
  ...metadata: readonly Record<string, string>[]
): string | null {
  if (clientReferenceId !== null) return clientReferenceId;
  for (const told of metadata) {
    const name = numberNames.find((one) => told[one] !== undefined);
    if (name !== undefined) return told[name]!;
  }
  return null;
}
