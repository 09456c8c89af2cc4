/** What merchants are owed: items of closed dates become settlements, by each merchant's policy. */
import type { Http } from "../kernel/http.ts";
import type { Id } from "../kernel/ids.ts";
import type { Operators } from "../operators/index.ts";
import type { Settlement } from "./model.ts";
import { type SettlementAuth, settlementRoutes } from "./routes.ts";
import type { SettleDeps } from "./settle/deps.ts";
import { type SettleResult, settleDate } from "./settle/run.ts";
import { markPaid } from "./states.ts";
import { settlementsById } from "./store.ts";

export { invariants } from "./invariants.ts";
export type { Settlement, SettlementKind, SettlementState, Terms } from "./model.ts";
export type { Readings, Scope, UnendedBreak } from "./readings.ts";
export type { SettleResult } from "./settle/run.ts";
export type { SettledTotals } from "./store.ts";

export type SettlementDeps = SettleDeps & { readonly operators: Operators };

export type SettlementRoom = {
  /**
   * Settles what is due after a closed accounting date, for every merchant; releases the reserves that are
   * due. Safe to repeat and to run twice at once; `goOn` is awaited between its steps. Throws a RangeError
   * while the date is open.
   */
  settle(date: string, goOn: () => Promise<void>): Promise<SettleResult>;
  /** Settlements by their ids, in the order of the ids; unknown ones are absent. */
  byId(ids: readonly Id[]): Promise<readonly Settlement[]>;
  /**
   * Notes that the money of approved settlements was paid out, and tells the merchants. Safe to repeat; those
   * that are not approved are left as they are. Gives the settlements as they are then.
   */
  markPaid(ids: readonly Id[]): Promise<readonly Settlement[]>;
  /** Adds the addresses of merchants and operators. */
  routes(http: Http, auth: SettlementAuth): void;
};

/** Builds the room; nothing runs before it is asked to. */
export function createSettlement(deps: SettlementDeps): SettlementRoom {
  return {
    settle: (date, goOn) => settleDate(deps, date, goOn),
    byId: (ids) => settlementsById(deps.cell.db, ids),
    markPaid: (ids) => markPaid(deps, ids),
    routes: (http, auth) => settlementRoutes(http, { ...deps, ...auth }),
  };
}
