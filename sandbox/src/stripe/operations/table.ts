import { accountOperations } from "./account.ts";
import { balanceOperations } from "./balance.ts";
import type { Operation } from "./call.ts";
import { chargeOperations, disputeOperations } from "./charges.ts";
import { endpointOperations } from "./endpoints.ts";
import { eventOperations } from "./events.ts";
import { intentOperations } from "./intents.ts";
import { refundOperations } from "./refunds.ts";
import { sessionOperations } from "./sessions.ts";

/** Everything the gateway answers. */
export const operations: readonly Operation[] = [
  ...sessionOperations,
  ...intentOperations,
  ...chargeOperations,
  ...refundOperations,
  ...disputeOperations,
  ...balanceOperations,
  ...accountOperations,
  ...eventOperations,
  ...endpointOperations,
];
