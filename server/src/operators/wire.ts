import { type TSchema, Type } from "typebox";
import { problem } from "../kernel/errors.ts";
import { InstantSchema, strictObject } from "../kernel/http.ts";
import { formatId, type Id, type IdPrefix, parseId } from "../kernel/ids.ts";
import { decodeCursor } from "../kernel/pages.ts";
import { type Approval, type Operator, ROLES } from "./model.ts";
import type { AuditRow, TokenShown } from "./store.ts";

/** The id that a path names. Throws `not_found` for a text that can be no id of this kind. */
export function readId(prefix: IdPrefix, text: string): Id {
  const id = parseId(prefix, text);
  if (id === null) {
    throw problem("not_found", {
      detail: `ids of this kind begin with ${prefix}_ and have 26 characters more`,
    });
  }
  return id;
}

/** The id that a field names. Throws `invalid_request` naming the field. */
export function readIdField(prefix: IdPrefix, text: string, field: string): Id {
  const id = parseId(prefix, text);
  if (id === null) {
    throw problem("invalid_request", { field, detail: `${field} is an id that begins with ${prefix}_` });
  }
  return id;
}

/** Where a list of newest-first ids goes on. Throws `cursor_invalid`. */
export function readCursorId(cursor: string | undefined): Id | null {
  const place = decodeCursor(cursor, 1)?.[0] ?? null;
  if (place !== null && !UUID.test(place)) throw problem("cursor_invalid", { field: "query.cursor" });
  return place;
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** A body that may be left out altogether, since all that it can say is optional. */
export function optionalBody<Properties extends Record<string, TSchema>>(properties: Properties) {
  return Type.Union([strictObject(properties), Type.Null()]);
}

/** The path parameter of everything that has an id. */
export const IdParams = strictObject({ id: Type.String({ maxLength: 100 }) });

/** The schema of a page of a list. */
export function pageSchema<Item extends TSchema>(item: Item) {
  return Type.Object({ data: Type.Array(item), next_cursor: Type.Union([Type.String(), Type.Null()]) });
}

const OPERATOR_SECURITY = [{ operator: [] }];

/** What every route under /v1/ops documents alike. */
export function opsSchema<Schema extends object>(schema: Schema) {
  return { tags: ["Operators"], security: OPERATOR_SECURITY, ...schema };
}

export const RoleSchema = Type.Enum([...ROLES]);

export const OperatorSchema = Type.Object({
  id: Type.String(),
  name: Type.String(),
  roles: Type.Array(Type.String()),
  status: Type.String(),
  created_at: InstantSchema,
});

export function presentOperator(operator: Operator) {
  return {
    id: formatId("opr", operator.id),
    name: operator.name,
    roles: [...operator.roles],
    status: operator.status,
    created_at: operator.createdAt.toISOString(),
  };
}

export const TokenSchema = Type.Object({
  prefix: Type.String({ description: "The token's first characters" }),
  created_at: InstantSchema,
  expires_at: Type.Union([InstantSchema, Type.Null()]),
});

export function presentToken(token: TokenShown) {
  return {
    prefix: token.prefix,
    created_at: token.createdAt.toISOString(),
    expires_at: token.expiresAt?.toISOString() ?? null,
  };
}

const FactsSchema = Type.Union([Type.Record(Type.String(), Type.Unknown()), Type.Null()]);

export const AuditSchema = Type.Object({
  id: Type.String(),
  at: InstantSchema,
  operator: Type.Object({ id: Type.String(), name: Type.String() }),
  request_id: Type.String(),
  action: Type.String(),
  subject: Type.String(),
  before: FactsSchema,
  after: FactsSchema,
});

export function presentAudit(row: AuditRow) {
  return {
    id: formatId("aud", row.id),
    at: row.at.toISOString(),
    operator: { id: formatId("opr", row.operatorId), name: row.operatorName },
    request_id: row.requestId,
    action: row.action,
    subject: row.subject,
    before: row.before,
    after: row.after,
  };
}

const NullableString = Type.Union([Type.String(), Type.Null()]);
const NullableInstant = Type.Union([InstantSchema, Type.Null()]);

/** An approval on the wire. */
export const ApprovalSchema = Type.Object({
  id: Type.String(),
  kind: Type.String(),
  subject: Type.String(),
  payload: Type.Record(Type.String(), Type.Unknown()),
  reason: NullableString,
  status: Type.String({ description: "proposed, approved, carried_out or rejected" }),
  proposed_by: Type.String(),
  proposed_at: InstantSchema,
  decided_by: NullableString,
  decided_at: NullableInstant,
  decision_note: NullableString,
  carried_out_at: NullableInstant,
});

/** An approval as the wire shows it. */
export function presentApproval(approval: Approval) {
  return {
    id: formatId("apr", approval.id),
    kind: approval.kind,
    subject: approval.subject,
    payload: { ...approval.payload },
    reason: approval.reason,
    status: approval.status,
    proposed_by: formatId("opr", approval.proposedBy),
    proposed_at: approval.proposedAt.toISOString(),
    decided_by: approval.decidedBy === null ? null : formatId("opr", approval.decidedBy),
    decided_at: approval.decidedAt?.toISOString() ?? null,
    decision_note: approval.decisionNote,
    carried_out_at: approval.carriedOutAt?.toISOString() ?? null,
  };
}
