/** Limits, rules and terms about breaks over HTTP. */
import { type Static, Type } from "typebox";
import {
  CurrencySchema,
  type Http,
  type Input,
  InstantSchema,
  problems,
  strictObject,
} from "../../kernel/http.ts";
import { formatId } from "../../kernel/ids.ts";
import { PageQuery, pageOf, readLimit } from "../../kernel/pages.ts";
import {
  ApprovalSchema,
  opsSchema,
  pageSchema,
  presentApproval,
  readCursorId,
} from "../../operators/index.ts";
import {
  type KeptPolicy,
  LIMITED_ROLES,
  nameOf,
  type Policy,
  policyHistory,
  RULED_KINDS,
  SET_POLICY_KIND,
  written,
} from "./policies.ts";
import type { BreakRoutesDeps } from "./routes.ts";

const AMOUNT_MAX = 1_000_000_000_000;
const Amount = (description: string) => Type.Integer({ minimum: 0, maximum: AMOUNT_MAX, description });
const Reason = Type.String({ minLength: 3, maxLength: 500, description: "Why it is set" });

const PolicyBody = Type.Union([
  strictObject({
    policy: Type.Literal("limit"),
    role: Type.Enum([...LIMITED_ROLES]),
    currency: CurrencySchema,
    amount_max: Type.Union([Amount("Minor units of one break"), Type.Null()], {
      description: "Null: any amount",
    }),
    reason: Reason,
  }),
  strictObject({
    policy: Type.Literal("rule"),
    kind: Type.Enum([...RULED_KINDS]),
    currency: CurrencySchema,
    enabled: Type.Boolean(),
    per_break_max: Amount("Minor units of one break"),
    per_day_max: Amount("Minor units of all breaks of an accounting day"),
    reason: Reason,
  }),
  strictObject({
    policy: Type.Literal("income_term"),
    days: Type.Integer({ minimum: 1, maximum: 3_650 }),
    reason: Reason,
  }),
]);
type Wanted = Static<typeof PolicyBody>;

const PolicySchema = Type.Object({
  name: Type.String(),
  version: Type.Integer(),
  value: Type.Record(Type.String(), Type.Unknown()),
  approval: Type.String(),
  set_by: Type.Union([Type.String(), Type.Null()]),
  set_at: InstantSchema,
});
const ListQuery = strictObject(PageQuery);

/** Adds how limits, rules and terms are read and proposed. */
export function policyRoutes(http: Http, deps: BreakRoutesDeps): void {
  http.get<Input<never, never, typeof ListQuery>>(
    "/v1/ops/break_policies",
    {
      schema: opsSchema({
        operationId: "opsListBreakPolicies",
        summary: "List limits, rules and terms about breaks",
        description: "Every version, newest first; the newest of each name counts.",
        querystring: ListQuery,
        response: { 200: pageSchema(PolicySchema), ...problems(400, 401, 403) },
      }),
    },
    async (request) => {
      await deps.authenticateOperator(request, "breaks.read");
      const limit = readLimit(request.query.limit);
      const rows = await policyHistory(deps.cell.db, readCursorId(request.query.cursor), limit + 1);
      return pageOf(rows, limit, (row) => [row.id], presentPolicy);
    },
  );

  http.post<Input<typeof PolicyBody>>(
    "/v1/ops/break_policies",
    {
      schema: opsSchema({
        operationId: "opsProposeBreakPolicy",
        summary: "Propose a limit, a rule or a term about breaks",
        description:
          "A limit says what a role may approve of one break; a rule resolves small fee differences " +
          "(adjust_fee) or short amounts (loss) alone; the term is that of a surplus nobody claims. " +
          "An administrator approves it at /v1/ops/approvals.",
        body: PolicyBody,
        response: { 202: ApprovalSchema, ...problems(400, 401, 403, 409) },
      }),
    },
    async (request, reply) => {
      const actor = await deps.authenticateOperator(request, "breaks.propose");
      const policy = policyOf(request.body);
      const approval = await deps.operators.propose(actor, {
        kind: SET_POLICY_KIND,
        subject: nameOf(policy),
        payload: written(policy),
        reason: request.body.reason,
      });
      return reply.status(202).send(presentApproval(approval));
    },
  );
}

function policyOf(wanted: Wanted): Policy {
  switch (wanted.policy) {
    case "limit": {
      const { role, currency, amount_max: max } = wanted;
      return { policy: "limit", role, currency, amountMax: max === null ? null : BigInt(max) };
    }
    case "rule": {
      const { kind, currency, enabled, per_break_max: each, per_day_max: day } = wanted;
      return {
        policy: "rule",
        kind,
        currency,
        enabled,
        perBreakMax: BigInt(each),
        perDayMax: BigInt(day),
      };
    }
    case "income_term":
      return { policy: "income_term", days: wanted.days };
  }
}

function presentPolicy({ name, version, value, approvalId, setBy, setAt }: KeptPolicy) {
  return {
    name,
    version,
    value: written(value),
    approval: formatId("apr", approvalId),
    set_by: setBy === null ? null : formatId("opr", setBy),
    set_at: setAt.toISOString(),
  };
}
