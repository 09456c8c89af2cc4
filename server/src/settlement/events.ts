/** What merchants are told of their settlements. */
import type { Cell } from "../kernel/database.ts";
import type { NewEvent } from "../webhooks/index.ts";
import type { Settlement } from "./model.ts";
import { presentSettlement } from "./wire.ts";

/** `settlement.approved` and `settlement.paid`, for settlements that came to that now. */
export function eventsOf({ cell }: { readonly cell: Cell }, made: readonly Settlement[]): NewEvent[] {
  const at = cell.clock.now();
  return made.flatMap((settlement) => {
    const types = [
      ...(settlement.state === "approved" || settlement.available === 0n
        ? ["settlement.approved" as const]
        : []),
      ...(settlement.state === "paid" ? ["settlement.paid" as const] : []),
    ];
    if (settlement.approvedAt === null) return [];
    return types.map((type) => ({
      id: cell.newId(),
      merchantId: settlement.merchantId,
      type,
      subjectId: settlement.id,
      paymentId: null,
      createdAt: at,
      data: { settlement: presentSettlement(settlement) },
    }));
  });
}
