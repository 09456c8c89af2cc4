/** What merchants are owed: items of closed dates become settlements, by each merchant's policy. */
import type { Http } from "../kernel/http.ts";
import type { Id } from "../kernel/ids.ts";
import type { GoOn } from "../kernel/progress.ts";
import type { Merchants } from "../merchants/index.ts";
import type { ApprovalAction, Operators } from "../operators/index.ts";
import { billRoutes } from "./bills/routes.ts";
import { type BillsResult, makeBills } from "./bills/service.ts";
import { businessDayRoutes } from "./business-days/routes.ts";
import { itemRoutes } from "./items/routes.ts";
import type { Settlement } from "./model.ts";
import { policyRoutes } from "./policies/routes.ts";
import { createPolicies } from "./policies/service.ts";
import { type SettlementAuth, settlementRoutes } from "./routes.ts";
import { sameDayRoutes } from "./same-day/routes.ts";
import type { SettleDeps } from "./settle/deps.ts";
import { type SettleResult, settleDate } from "./settle/run.ts";
import { statementRoutes } from "./statement/routes.ts";
import { markPaid } from "./states.ts";
import { payableSettlements, settlementsById } from "./store.ts";

export type { BillsResult } from "./bills/service.ts";
export type { BillTotals } from "./bills/store.ts";
export { type OverdueDates, overdueDates } from "./business-days/overdue.ts";
export { invariants } from "./invariants.ts";
export type { Settlement, SettlementKind, SettlementState, Terms } from "./model.ts";
export type { Readings, Scope, UnendedBreak } from "./readings.ts";
export { advancesOpen } from "./same-day/store.ts";
export type { SettleResult } from "./settle/run.ts";
export type { SettledTotals } from "./store.ts";

export type SettlementDeps = SettleDeps & {
  readonly operators: Operators;
  readonly merchants: Pick<Merchants, "get">;
};

export type SettlementRoom = {
  /**
   * Settles what is due after a closed accounting date, for every merchant; releases the reserves that are
   * due. Safe to repeat and to run twice at once; `goOn` is awaited between its steps. Throws a RangeError
   * while the date is open.
   */
  settle(date: string, goOn: GoOn): Promise<SettleResult>;
  /**
   * Makes the merchants' bills of a closed accounting date: totals and the hash of each file, which stays the
   * same for ever. Safe to repeat and to run twice at once. Throws a RangeError if the balances of the date
   * are not written.
   */
  bills(date: string, goOn: GoOn): Promise<BillsResult>;
  /** Settlements by their ids, in the order of the ids; unknown ones are absent. */
  byId(ids: readonly Id[]): Promise<readonly Settlement[]>;
  /**
   * Approved settlements, of dates up to this one, of merchants whose payout is automatic, with something to
   * pay out: in the order of their ids, from the one after `after`. They are listed until `markPaid`.
   */
  payable(
    throughDate: string,
    page: { readonly after: Id | null; readonly limit: number },
  ): Promise<readonly Settlement[]>;
  /**
   * Notes that the money of approved settlements was paid out, and tells the merchants. Safe to repeat; those
   * that are not approved are left as they are. Gives the settlements as they are then.
   */
  markPaid(ids: readonly Id[]): Promise<readonly Settlement[]>;
  /** What carries out approved policies; app.ts hands it to the approvals. */
  readonly approvalActions: readonly ApprovalAction[];
  /** Adds the addresses of merchants and operators. */
  routes(http: Http, auth: SettlementAuth): void;
};

/** Builds the room; nothing runs before it is asked to. */
export function createSettlement(deps: SettlementDeps): SettlementRoom {
  const policies = createPolicies(deps);
  return {
    settle: (date, goOn) => settleDate(deps, date, goOn),
    bills: (date, goOn) => makeBills(deps, date, goOn),
    byId: (ids) => settlementsById(deps.cell.db, ids),
    payable: (throughDate, page) => payableSettlements(deps.cell.db, throughDate, page),
    markPaid: (ids) => markPaid(deps, ids),
    approvalActions: [policies.action],
    routes: (http, auth) => {
      settlementRoutes(http, { ...deps, ...auth });
      billRoutes(http, { db: deps.cell.db, ...auth });
      sameDayRoutes(http, { ...deps, ...auth });
      statementRoutes(http, { ...deps, ...auth });
      itemRoutes(http, { ...deps, ...auth });
      policyRoutes(http, { policies, ...auth });
      businessDayRoutes(http, { ...deps, clock: deps.cell.clock, ...auth });
    },
  };
}
