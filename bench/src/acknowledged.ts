/** After a run: every payment that was acknowledged is there, in the state that was acknowledged. */
import { ACKNOWLEDGED, indexOfNumber } from "./commands.ts";
import type { Gauge } from "./measure.ts";

export type Found = {
  readonly acknowledged: number;
  /** Creations, successes and refunds that were acknowledged and are not there. */
  readonly missing: number;
};

/** Compares what the generator was told with what the database holds, payment by payment. */
export async function findAcknowledged(gauge: Gauge, run: string, flags: Uint8Array): Promise<Found> {
  const kept = new Uint8Array(flags.length);
  const keep = (number: string, flag: number) => {
    const index = indexOfNumber(run, number);
    if (index !== null) kept[index] = (kept[index] ?? 0) | flag;
  };
  const payments = `
    select merchant_order_no, status
    from cell_0.payments
    where merchant_order_no like '${run}-%'`;
  await gauge.each(payments, ({ merchant_order_no: number = "", status }) => {
    keep(number, ACKNOWLEDGED.created);
    if (status === "succeeded") keep(number, ACKNOWLEDGED.reported);
  });
  const refunds = `
    select merchant_refund_no
    from cell_0.refunds
    where merchant_refund_no like 'r${run}-%'`;
  await gauge.each(refunds, ({ merchant_refund_no: number = "" }) => {
    keep(number.slice(1), ACKNOWLEDGED.refunded);
  });
  return compare(flags, kept);
}

function compare(flags: Uint8Array, kept: Uint8Array): Found {
  const checked = ACKNOWLEDGED.created | ACKNOWLEDGED.reported | ACKNOWLEDGED.refunded;
  let acknowledged = 0;
  let missing = 0;
  flags.forEach((flag, index) => {
    if ((flag & ACKNOWLEDGED.created) !== 0) acknowledged += 1;
    if ((flag & checked & ~(kept[index] as number)) !== 0) missing += 1;
  });
  return { acknowledged, missing };
}
