import type { FastifyRequest } from "fastify";
import type { Clock, Random } from "../kernel/clock.ts";
import type { Database, Tx } from "../kernel/database.ts";
import type { IdMaker } from "../kernel/ids.ts";
import type { Log } from "../kernel/log.ts";
import type { Actor, Approval, AuditEntry, Permission } from "./model.ts";

export type OperatorsDeps = {
  /** The platform schema. */
  readonly platform: Database;
  readonly clock: Clock;
  readonly random: Random;
  readonly newId: IdMaker;
  readonly log: Log;
};

export type Operators = {
  /** Who asks, once the role has the permission. Throws `unauthenticated` or `forbidden` (naming the roles that may). */
  authenticate(request: FastifyRequest, permission: Permission): Promise<Actor>;
  /** Writes down a change, in the transaction that makes it (of the platform schema). */
  audit(tx: Tx, actor: Actor, entry: AuditEntry): Promise<void>;
  /** Writes down a change that was made elsewhere (a cell), in a transaction of its own. */
  auditAlone(actor: Actor, entry: AuditEntry): Promise<void>;
  /**
   * Proposes what a second person must approve; `kind` names the action. The same kind, subject and payload proposed again
   * while it is undecided gives the first proposal.
   */
  propose(
    actor: Actor,
    proposal: Pick<Approval, "kind" | "subject" | "payload" | "reason">,
  ): Promise<Approval>;
  /** Makes the operator whose token the settings name, or gives it that token. Called once at start. */
  ensureBootstrap(token: string): Promise<void>;
};

export declare function createOperators(deps: OperatorsDeps): Operators;
