import type { Actor } from "../operators/index.ts";
import { type Fetched, fetchStatement } from "./fetch.ts";
import { createFetching, type Fetching } from "./fetching.ts";
import type { Scope } from "./model.ts";
import { createStatements, type Statements, type StatementsDeps } from "./service.ts";
import { type CommissionStatements, createCommissionStatements } from "./told-commissions.ts";
import { createPayoutStatements, type PayoutStatements } from "./told-payouts.ts";

/** The room: what it holds, and how it comes by it. */
export type StatementsRoom = {
  readonly statements: Statements;
  readonly fetching: Fetching;
  /** What channels tell of their payouts. */
  readonly payouts: PayoutStatements;
  /** What channels tell of our commission. */
  readonly commissions: CommissionStatements;
  /** Asks the channel for the statement of a scope now, and receives what it hands out. */
  fetch(scope: Scope, actor: Actor): Promise<Fetched>;
};

/** Builds the room. It makes no call and reads no row until asked. */
export function createStatementsRoom(deps: StatementsDeps): StatementsRoom {
  const statements = createStatements(deps);
  return {
    statements,
    fetching: createFetching({ ...deps, statements }),
    payouts: createPayoutStatements(deps, statements),
    commissions: createCommissionStatements(deps, statements),
    fetch: (scope, actor) => fetchStatement({ ...deps, statements }, scope, actor.operator.id),
  };
}
