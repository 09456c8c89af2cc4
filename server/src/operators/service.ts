import { isDeepStrictEqual } from "node:util";
import type { FastifyRequest } from "fastify";
import { createCache } from "../kernel/cache.ts";
import { type Clock, HOUR, plus, type Random } from "../kernel/clock.ts";
import { sha256 } from "../kernel/crypto.ts";
import type { Tx } from "../kernel/database.ts";
import { problem } from "../kernel/errors.ts";
import { pathOf } from "../kernel/http.ts";
import { formatId, type Id, type IdMaker } from "../kernel/ids.ts";
import type { Log } from "../kernel/log.ts";
import type { Platform } from "../kernel/revision.ts";
import { masked } from "./audit.ts";
import {
  type Actor,
  type Approval,
  type AuditEntry,
  mayDo,
  type Operator,
  PERMISSION_ROLES,
  type Permission,
  type Role,
} from "./model.ts";
import { newSecret, prefixOf, readBearer } from "./secrets.ts";
import * as store from "./store.ts";

/** What the room is built from. */
export type OperatorsDeps = {
  /** The platform schema. */
  readonly platform: Platform;
  readonly clock: Clock;
  readonly random: Random;
  readonly newId: IdMaker;
  readonly log: Log;
};

/**
 * A resource together with whether this very request made it; a repeated request finds what the first one
 * made.
 */
export type Made<T> = { readonly resource: T; readonly made: boolean };

export type Operators = {
  /**
   * Who asks, once the role has the permission. Throws `unauthenticated` or `forbidden` (naming the roles
   * that may).
   */
  authenticate(request: FastifyRequest, permission: Permission): Promise<Actor>;
  /** Writes down a change, in the transaction that makes it (of the platform schema). */
  audit(tx: Tx, actor: Actor, entry: AuditEntry): Promise<void>;
  /** Writes down a change that was made elsewhere (a cell), in a transaction of its own. */
  auditAlone(actor: Actor, entry: AuditEntry): Promise<void>;
  /**
   * Claims the request's Idempotency-Key for the resource that this transaction makes. Gives `resourceId`, or
   * the id that the first request with the key made: then make nothing and show that one. Throws
   * `idempotency_key_reused`.
   */
  firstTime(tx: Tx, actor: Actor, resourceId: Id): Promise<Id>;
  /**
   * Proposes what a second person must approve; `kind` names the action. The same payload proposed again
   * while it is open gives the first proposal. Throws `conflict` while another one of the kind is open for
   * the subject.
   */
  propose(
    actor: Actor,
    proposal: Pick<Approval, "kind" | "subject" | "payload" | "reason">,
  ): Promise<Approval>;
  /** The operator, in any status; null: there is none. */
  find(id: Id): Promise<Operator | null>;
  /** Makes the operator whose token the settings name, or gives it that token. Called once at start. */
  ensureBootstrap(token: string): Promise<void>;
  /** Makes an operator and its first token, shown once: null when an earlier request with the key made it. */
  create(
    actor: Actor,
    wanted: { name: string; roles: readonly Role[] },
  ): Promise<Made<{ operator: Operator; token: string | null }>>;
  /**
   * Ends an operator's tokens for good, at once (in other processes within a second). Throws `not_found`,
   * or `conflict` for the last active administrator.
   */
  disable(actor: Actor, id: Id): Promise<Operator>;
  /**
   * Gives a new token; the earlier ones end after `overlapHours`. Throws `not_found`, or `conflict` when
   * disabled.
   */
  newToken(actor: Actor, id: Id, overlapHours: number): Promise<{ operator: Operator; token: string }>;
};

/** The operator that the settings' token belongs to. */
const BOOTSTRAP_NAME = "bootstrap";
const IDEMPOTENCY_KEY_MAX = 255;

/** Builds the room. Reads are cached for at most one second. */
export function createOperators(deps: OperatorsDeps): Operators {
  const { platform } = deps;
  const byHash = createCache({
    clock: deps.clock,
    revision: platform.revision,
    load: (hash) => store.findByTokenHash(platform.db, Buffer.from(hash, "hex")),
  });
  const audit = (tx: Tx, actor: Actor, entry: AuditEntry) => writeAudit(deps, tx, actor, entry);
  // Entries are found by a hash that a token's end does not know, and tokens end seldom.
  const ending = async <T>(ended: Promise<T>): Promise<T> => {
    const result = await ended;
    byHash.forgetAll();
    return result;
  };
  return {
    authenticate: async (request, permission) => {
      const secret = readBearer(request);
      const row = await byHash.get(sha256(secret).toString("hex"));
      const operator = whoIs(deps, secret, row);
      if (!mayDo(operator.roles, permission)) {
        throw problem("forbidden", {
          detail: `${permission} needs one of the roles ${PERMISSION_ROLES[permission].join(", ")}`,
        });
      }
      return { operator, requestId: String(request.id), idempotency: idempotencyOf(request) };
    },
    audit,
    auditAlone: (actor, entry) => platform.transact((tx) => audit(tx, actor, entry)),
    firstTime: (tx, actor, resourceId) => firstTime(deps, tx, actor, resourceId),
    propose: (actor, proposal) => platform.transact((tx) => propose(deps, tx, actor, proposal)),
    find: (id) => store.findOperator(platform.db, id),
    ensureBootstrap: (token) =>
      platform.transact((tx) => ensureBootstrap(deps, tx, token), { repeatable: true }),
    create: (actor, wanted) => platform.transact((tx) => create(deps, tx, actor, wanted)),
    disable: (actor, id) => ending(platform.transact((tx) => disable(deps, tx, actor, id))),
    newToken: (actor, id, overlapHours) =>
      ending(platform.transact((tx) => newToken(deps, tx, actor, id, overlapHours))),
  };
}

function whoIs(deps: OperatorsDeps, secret: string, row: store.TokenRow | null): Operator {
  if (secret.startsWith("sk_")) {
    throw problem("unauthenticated", {
      detail: "this is a merchant's key; addresses under /v1/ops take an operator's token (op_…)",
    });
  }
  const expired = row !== null && row.expiresAt !== null && row.expiresAt <= deps.clock.now();
  if (row === null || expired || row.status === "disabled") {
    const reason = row === null ? "unknown" : expired ? "replaced" : "its operator is disabled";
    deps.log.info({ prefix: prefixOf(secret), reason }, "an operator's token was refused");
    throw problem("unauthenticated", {
      detail: "no operator has this token now: it is unknown, was replaced, or its operator is disabled",
    });
  }
  const { expiresAt: _, ...operator } = row;
  return operator;
}

function idempotencyOf(request: FastifyRequest): Actor["idempotency"] {
  const key = request.headers["idempotency-key"];
  if (key === undefined) return null;
  if (typeof key !== "string" || key.length === 0 || key.length > IDEMPOTENCY_KEY_MAX) {
    throw problem("invalid_request", {
      field: "headers.idempotency-key",
      detail: `an Idempotency-Key has 1 to ${IDEMPOTENCY_KEY_MAX} characters`,
    });
  }
  const said = JSON.stringify([request.method, pathOf(request), request.body ?? null]);
  return { key, fingerprint: sha256(said) };
}

async function firstTime(deps: OperatorsDeps, tx: Tx, actor: Actor, resourceId: Id): Promise<Id> {
  if (actor.idempotency === null) return resourceId;
  const operatorId = actor.operator.id;
  const row = { operatorId, ...actor.idempotency, resourceId, createdAt: deps.clock.now() };
  if (await store.insertRequest(tx, row)) return resourceId;
  const earlier = await store.findRequest(tx, operatorId, row.key);
  if (earlier === null) throw new Error("an idempotency key vanished between two statements");
  if (!earlier.fingerprint.equals(row.fingerprint)) {
    throw problem("idempotency_key_reused", { field: "headers.idempotency-key" });
  }
  return earlier.resourceId;
}

async function writeAudit(deps: OperatorsDeps, tx: Tx, actor: Actor, entry: AuditEntry): Promise<void> {
  await store.insertAudit(tx, {
    id: deps.newId(),
    at: deps.clock.now(),
    operatorId: actor.operator.id,
    requestId: actor.requestId,
    action: entry.action,
    subject: entry.subject,
    before: masked(entry.before),
    after: masked(entry.after),
  });
}

async function propose(
  deps: OperatorsDeps,
  tx: Tx,
  actor: Actor,
  proposal: Pick<Approval, "kind" | "subject" | "payload" | "reason">,
): Promise<Approval> {
  const approval: Approval = {
    id: deps.newId(),
    ...proposal,
    status: "proposed",
    proposedBy: actor.operator.id,
    proposedAt: deps.clock.now(),
    decidedBy: null,
    decidedAt: null,
    decisionNote: null,
    carriedOutAt: null,
  };
  if (await store.insertApproval(tx, approval)) {
    await writeAudit(deps, tx, actor, {
      action: `${proposal.kind}.proposed`,
      subject: proposal.subject,
      before: null,
      after: { approval: formatId("apr", approval.id), ...proposal.payload },
    });
    return approval;
  }
  const open = await store.findOpenApproval(tx, proposal.kind, proposal.subject);
  if (open !== null && samePayload(open.payload, proposal.payload)) return open;
  throw problem("conflict", {
    detail: "another proposal of this kind is open for the same subject; have it approved or rejected first",
    members: open === null ? {} : { approval: formatId("apr", open.id) },
  });
}

/** jsonb does not keep the order of names. */
function samePayload(left: Approval["payload"], right: Approval["payload"]): boolean {
  return isDeepStrictEqual(left, right);
}

async function ensureBootstrap(deps: OperatorsDeps, tx: Tx, token: string): Promise<void> {
  const at = deps.clock.now();
  const wanted: Operator = {
    id: deps.newId(),
    name: BOOTSTRAP_NAME,
    roles: ["admin"],
    status: "active",
    createdAt: at,
  };
  await store.insertOperator(tx, wanted);
  const operator = await store.findOperatorByName(tx, BOOTSTRAP_NAME);
  if (operator === null) throw new Error("the bootstrap operator vanished between two statements");
  // A changed setting ends the token that it named before.
  await store.endTokens(tx, operator.id, at);
  await store.insertToken(tx, {
    hash: sha256(token),
    operatorId: operator.id,
    prefix: prefixOf(token),
    createdAt: at,
  });
}

async function create(
  deps: OperatorsDeps,
  tx: Tx,
  actor: Actor,
  wanted: { name: string; roles: readonly Role[] },
): Promise<Made<{ operator: Operator; token: string | null }>> {
  const at = deps.clock.now();
  const operator: Operator = { id: deps.newId(), ...wanted, status: "active", createdAt: at };
  const id = await firstTime(deps, tx, actor, operator.id);
  if (id !== operator.id) {
    const earlier = await store.findOperator(tx, id);
    if (earlier === null) throw problem("not_found");
    return { resource: { operator: earlier, token: null }, made: false };
  }
  if (!(await store.insertOperator(tx, operator))) {
    throw problem("conflict", { field: "name", detail: "an operator of this name exists" });
  }
  const token = newSecret("op", deps.random);
  await store.insertToken(tx, { ...token, operatorId: operator.id, createdAt: at });
  await writeAudit(deps, tx, actor, {
    action: "operator.created",
    subject: formatId("opr", operator.id),
    before: null,
    after: { name: operator.name, roles: operator.roles, token_prefix: token.prefix },
  });
  return { resource: { operator, token: token.secret }, made: true };
}

async function disable(deps: OperatorsDeps, tx: Tx, actor: Actor, id: Id): Promise<Operator> {
  const admins = await store.lockActiveAdmins(tx);
  const operator = await store.findOperator(tx, id);
  if (operator === null) throw problem("not_found");
  if (operator.status === "disabled") return operator;
  if (admins.every((admin) => admin.id === id)) {
    throw problem("conflict", {
      detail: "this is the last active administrator; create another one first",
    });
  }
  await store.setOperatorStatus(tx, id, "disabled");
  await store.endTokens(tx, id, deps.clock.now());
  await writeAudit(deps, tx, actor, {
    action: "operator.disabled",
    subject: formatId("opr", id),
    before: { status: operator.status },
    after: { status: "disabled" },
  });
  return { ...operator, status: "disabled" };
}

async function newToken(
  deps: OperatorsDeps,
  tx: Tx,
  actor: Actor,
  id: Id,
  overlapHours: number,
): Promise<{ operator: Operator; token: string }> {
  const operator = await store.findOperator(tx, id);
  if (operator === null) throw problem("not_found");
  if (operator.status === "disabled") {
    throw problem("conflict", { detail: "a disabled operator gets no token; create another operator" });
  }
  const at = deps.clock.now();
  const token = newSecret("op", deps.random);
  await store.endTokens(tx, id, plus(at, overlapHours * HOUR));
  await store.insertToken(tx, { ...token, operatorId: id, createdAt: at });
  await writeAudit(deps, tx, actor, {
    action: "operator.token_replaced",
    subject: formatId("opr", id),
    before: null,
    after: { token_prefix: token.prefix, earlier_tokens_end_after_hours: overlapHours },
  });
  return { operator, token: token.secret };
}
