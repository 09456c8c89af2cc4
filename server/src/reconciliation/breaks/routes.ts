/** What operators ask of breaks over HTTP. */
import type { FastifyRequest } from "fastify";
import { Type } from "typebox";
import { type Clock, DAY, plus } from "../../kernel/clock.ts";
import type { Cell } from "../../kernel/database.ts";
import { type Http, type Input, problems, strictObject } from "../../kernel/http.ts";
import { PageQuery, pageOf, readLimit } from "../../kernel/pages.ts";
import {
  type Actor,
  IdParams,
  type Operators,
  opsSchema,
  type Permission,
  pageSchema,
  readCursorId,
  readId,
  readIdField,
} from "../../operators/index.ts";
import { BREAK_KINDS } from "../model.ts";
import type { Break } from "./model.ts";
import type { BreakFilter } from "./reading.ts";
import { manualRoutes } from "./routes-manual.ts";
import { policyRoutes } from "./routes-policies.ts";
import { peopleRoutes, resolutionRoutes } from "./routes-work.ts";
import type { Breaks } from "./service.ts";
import { BREAK_STATES, EvidenceSchema, ListedBreakSchema, presentEvidence, presentListed } from "./wire.ts";

export type BreakRoutesDeps = {
  readonly breaks: Breaks;
  readonly clock: Clock;
  readonly cell: Pick<Cell, "db">;
  readonly operators: Pick<Operators, "propose">;
  readonly authenticateOperator: (request: FastifyRequest, permission: Permission) => Promise<Actor>;
};

const ListQuery = strictObject({
  ...PageQuery,
  state: Type.Optional(
    Type.Enum([...BREAK_STATES, "all"], { description: "Those that have not ended, unless told" }),
  ),
  kind: Type.Optional(Type.Enum([...BREAK_KINDS])),
  channel_account: Type.Optional(Type.String({ maxLength: 100 })),
  merchant: Type.Optional(Type.String({ maxLength: 100 })),
  channel_date: Type.Optional(Type.String({ format: "date" })),
  owner: Type.Optional(Type.String({ maxLength: 100 })),
  claim: Type.Optional(
    Type.Enum(["filed", "paid"], {
      description:
        "filed: the channel has not answered; paid: it has paid, and the books do not have it, or not all. " +
        "Without a state, breaks that have ended are listed too",
    }),
  ),
  older_than_days: Type.Optional(
    Type.String({ pattern: "^[0-9]{1,4}$", description: "Found at least so many days ago" }),
  ),
});
type Asked = {
  readonly state?: (typeof BREAK_STATES)[number] | "all";
  readonly kind?: (typeof BREAK_KINDS)[number];
  readonly channel_account?: string;
  readonly merchant?: string;
  readonly channel_date?: string;
  readonly owner?: string;
  readonly older_than_days?: string;
  readonly claim?: "filed" | "paid";
};

/** Adds the work-list of breaks. */
export function breakRoutes(http: Http, deps: BreakRoutesDeps): void {
  http.get<Input<never, never, typeof ListQuery>>(
    "/v1/ops/breaks",
    {
      schema: opsSchema({
        operationId: "opsListBreaks",
        summary: "List breaks",
        description: "Differences between channels' statements and the books, newest first.",
        querystring: ListQuery,
        response: { 200: pageSchema(ListedBreakSchema), ...problems(400, 401, 403) },
      }),
    },
    async (request) => {
      await deps.authenticateOperator(request, "breaks.read");
      const limit = readLimit(request.query.limit);
      const before = readCursorId(request.query.cursor);
      const filter = filterOf(request.query, deps.clock.now());
      const rows = await deps.breaks.list(filter, { before, limit: limit + 1 });
      const claims = await deps.breaks.claimsOf(rows.map(({ id }) => id));
      const claimOf = new Map(claims.map((claim) => [claim.breakId, claim]));
      const present = (row: Break) => presentListed(row, claimOf.get(row.id) ?? null);
      return pageOf(rows, limit, (row) => [row.id], present);
    },
  );

  http.get<Input<never, typeof IdParams>>(
    "/v1/ops/breaks/:id",
    {
      schema: opsSchema({
        operationId: "opsGetBreak",
        summary: "Get a break",
        description: "With both rows, its history, journals, the claim, and what may be decided.",
        params: IdParams,
        response: { 200: EvidenceSchema, ...problems(401, 403, 404) },
      }),
    },
    async (request) => {
      await deps.authenticateOperator(request, "breaks.read");
      const evidence = await deps.breaks.evidence(readId("brk", request.params.id));
      return presentEvidence(evidence, await deps.breaks.resolving.choices(evidence.about));
    },
  );
  peopleRoutes(http, deps);
  resolutionRoutes(http, deps);
  policyRoutes(http, deps);
  manualRoutes(http, deps);
}

function filterOf(asked: Asked, now: Date): BreakFilter {
  const { state, kind, channel_account: account, merchant, channel_date: date, owner } = asked;
  const days = asked.older_than_days;
  const id = (prefix: "cha" | "mch" | "opr", text: string | undefined, field: string) =>
    text === undefined ? null : readIdField(prefix, text, `query.${field}`);
  return {
    state: state === undefined || state === "all" ? null : state,
    all: state === "all",
    kind: kind ?? null,
    channelAccountId: id("cha", account, "channel_account"),
    merchantId: id("mch", merchant, "merchant"),
    channelDate: date ?? null,
    ownerId: id("opr", owner, "owner"),
    claim: asked.claim ?? null,
    foundBefore: days === undefined ? null : plus(now, -Number(days) * DAY),
  };
}
