/**
 * Profit sharing (分账): merchants' receivers, what contracts say of splitting, how much each gets, what an
 * answer about a share means, and the rows of shares. What needs a payment's lock is in payments/sharing.
 */
import type { Channels } from "../channels/index.ts";
import type { Clock } from "../kernel/clock.ts";
import type { Keyring } from "../kernel/crypto.ts";
import type { Cell } from "../kernel/database.ts";
import type { Platform } from "../kernel/revision.ts";
import type { ApprovalAction, Operators } from "../operators/index.ts";
import { type Contracts, createContracts } from "./contracts/service.ts";
import { createReceivers, type Receivers } from "./receivers/service.ts";

export type { Contracts } from "./contracts/service.ts";
export {
  type Decided,
  decideCalled,
  decideFinish,
  done,
  failed,
  LEASE_MS,
  nextOfSharing,
  type ShareDecision,
  sending,
} from "./decide.ts";
export { invariants } from "./invariants.ts";
export {
  type Binding,
  isFinal,
  keptOf,
  type Share,
  type ShareReturn,
  type ShareRule,
  type SharingContract,
  type SharingRow,
  sharedOf,
} from "./model.ts";
export { isBooked, type ShareBooking, shareJournal } from "./postings.ts";
export type { KnownReceiver, Receivers } from "./receivers/service.ts";
export { claimBindings, updateBinding } from "./receivers/store.ts";
export { type SharingRoutesDeps, sharingRoutes } from "./routes.ts";
export { fitted, type Part, partsOf, type Room, returnsFor, roomOf } from "./split.ts";
export {
  claimReturns,
  claimShares,
  claimSharings,
  insertRequest,
  insertReturns,
  insertShares,
  insertSharings,
  requestByNumber,
  returnById,
  returnsOfPayments,
  shareById,
  sharesOfPayments,
  sharingsOfPayments,
  unfinishedSharings,
  updateReturns,
  updateShares,
  updateSharing,
} from "./store.ts";
export { ProfitSharingSchema, presentShare, ShareRulesSchema, ShareSchema } from "./wire.ts";

export type SharingDeps = {
  readonly cell: Cell;
  readonly platform: Platform;
  readonly clock: Clock;
  readonly keyring: Keyring;
  readonly channels: Pick<Channels, "account" | "channel">;
  readonly operators: Pick<Operators, "propose" | "auditAlone">;
  /** Whether we are licensed to hold receivers' money. */
  readonly mayHoldShares: boolean;
};

/** What other rooms ask of profit sharing. */
export type SharingRoom = {
  readonly receivers: Receivers;
  readonly contracts: Contracts;
  /** What a second person approves. */
  readonly actions: readonly ApprovalAction[];
};

/** Builds the room; nothing runs before it is asked to. */
export function createSharingRoom(deps: SharingDeps): SharingRoom {
  const receivers = createReceivers(deps);
  const contracts = createContracts(deps);
  return { receivers, contracts, actions: [receivers.action, contracts.action] };
}
