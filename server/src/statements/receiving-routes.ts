import type { FastifyReply, FastifyRequest } from "fastify";
import { Type } from "typebox";
import { problem } from "../kernel/errors.ts";
import { type Http, type Input, problems, strictObject } from "../kernel/http.ts";
import { formatId } from "../kernel/ids.ts";
import { type Actor, opsSchema, readId } from "../operators/index.ts";
import type { Scope, StatementKind } from "./model.ts";
import type { StatementsRoutesDeps } from "./routes.ts";
import type { Received } from "./service.ts";
import {
  BankDayParams,
  BankQuery,
  DayParams,
  KindQuery,
  presentStatement,
  presentWhole,
  UploadQuery,
  WholeStatementSchema,
} from "./wire.ts";

type Day = { readonly id: string; readonly date: string };
type Kind = { readonly kind?: Exclude<StatementKind, "bank">; readonly account?: string };

/** Adds the ways by which a channel's statement comes in: asked for, sent in, or said not to exist. */
export function receiving(http: Http, deps: StatementsRoutesDeps): void {
  fetching(http, deps);
  declaring(http, deps);
  // In a scope of its own: nowhere else is a body anything but JSON.
  void http.register(async (scope) => {
    scope.addContentTypeParser("application/octet-stream", { parseAs: "buffer" }, (_request, body, done) =>
      done(null, body),
    );
    uploading(scope, deps);
  });
}

function fetching(http: Http, deps: StatementsRoutesDeps): void {
  http.post<Input<never, typeof DayParams, typeof KindQuery>>(
    "/v1/ops/channel_accounts/:id/statements/:date/fetch",
    {
      schema: opsSchema({
        operationId: "opsFetchStatement",
        summary: "Ask the channel for a day's statement now, and keep it",
        params: DayParams,
        querystring: KindQuery,
        response: {
          200: WholeStatementSchema,
          201: WholeStatementSchema,
          ...problems(400, 401, 403, 404, 409, 422, 502, 503),
        },
      }),
    },
    async (request, reply) => {
      const actor = await deps.authenticateOperator(request, "statements.write");
      const fetched = await deps.fetch(scopeOf(request.params, request.query), actor);
      switch (fetched.outcome) {
        case "none":
          throw problem("not_found", { detail: `no statement is published: ${fetched.detail}` });
        case "unavailable":
          throw problem("channel_unavailable", { detail: fetched.detail });
        case "denied":
          throw problem("statement_refused", { detail: fetched.detail });
        default:
          return answer(deps, actor, reply, fetched);
      }
    },
  );
}

/** A file may be large: not a byte of it is held before it is known who sends it. */
function knownFirst({ authenticateOperator }: StatementsRoutesDeps) {
  const actors = new WeakMap<FastifyRequest, Actor>();
  return {
    preParsing: async (request: FastifyRequest) => {
      actors.set(request, await authenticateOperator(request, "statements.write"));
    },
    actorOf: (request: FastifyRequest): Actor => {
      const actor = actors.get(request);
      if (actor === undefined) throw problem("unauthenticated");
      return actor;
    },
  };
}

function uploading(http: Http, deps: StatementsRoutesDeps): void {
  const { preParsing, actorOf } = knownFirst(deps);
  http.post<{ Params: Day; Querystring: Kind & { mapping?: string } }>(
    "/v1/ops/channel_accounts/:id/statements/:date",
    {
      bodyLimit: deps.bytesMax,
      preParsing,
      schema: opsSchema({
        operationId: "opsUploadStatement",
        summary: "Send in a day's statement, as the channel handed it out",
        description:
          "The body is the file itself. It is read like a downloaded one, and refused as a whole with line " +
          "and reason where it is not what it says. The same file again gives the version that it has.",
        consumes: ["application/octet-stream"],
        params: DayParams,
        querystring: UploadQuery,
        response: UPLOADED,
      }),
    },
    async (request, reply) => {
      const actor = actorOf(request);
      const { mapping = null, ...kind } = request.query;
      return upload(deps, actor, reply, request.body, scopeOf(request.params, kind), mapping);
    },
  );
  http.post<{ Params: { account: string; date: string }; Querystring: { mapping?: string } }>(
    "/v1/ops/bank_statements/:account/:date",
    {
      bodyLimit: deps.bytesMax,
      preParsing,
      schema: opsSchema({
        operationId: "opsUploadBankStatement",
        summary: "Send in a bank's statement of an account and a day: camt.053, or by a mapping",
        consumes: ["application/octet-stream"],
        params: BankDayParams,
        querystring: BankQuery,
        response: UPLOADED,
      }),
    },
    async (request, reply) => {
      const actor = actorOf(request);
      const { account, date } = request.params;
      const scope = { kind: "bank", channelAccountId: null, account, statementDate: date } as const;
      return upload(deps, actor, reply, request.body, scope, request.query.mapping ?? null);
    },
  );
}

const UPLOADED = {
  200: WholeStatementSchema,
  201: WholeStatementSchema,
  ...problems(400, 401, 403, 404, 409, 413, 415, 422),
};

async function upload(
  deps: StatementsRoutesDeps,
  actor: Actor,
  reply: FastifyReply,
  original: unknown,
  scope: Scope,
  mapping: string | null,
) {
  if (!Buffer.isBuffer(original) || original.length === 0) {
    throw problem("invalid_request", { field: "body", detail: "the body is the file, and it is empty" });
  }
  const by = { source: "upload", receivedBy: actor.operator.id } as const;
  return answer(deps, actor, reply, await deps.statements.receive({ scope, original, ...by, mapping }));
}

function scopeOf({ id, date }: Day, { kind = "trade", account = "" }: Kind): Scope {
  if (account !== "" && kind !== "fund") {
    throw problem("invalid_request", { field: "query.account", detail: "only kind fund has accounts" });
  }
  return { kind, channelAccountId: readId("cha", id), account, statementDate: date };
}

/** A refusal is written down before it is told; the problem names its row. */
async function answer(
  { statements, operators }: StatementsRoutesDeps,
  actor: Actor,
  reply: FastifyReply,
  { outcome, record }: Received,
  reason: string | null = null,
) {
  const statement = formatId("stm", record.id);
  if (outcome !== "same") {
    const { sha256, date, kind, version, fault } = presentStatement(record);
    await operators.auditAlone(actor, {
      action: `statement.${outcome}`,
      subject: statement,
      before: null,
      after: { kind, date, version, sha256, fault, reason },
    });
  }
  if (outcome === "refused") {
    throw problem("statement_invalid", {
      detail: `line ${record.faultLine}: ${record.faultReason}`,
      members: { statement, line: record.faultLine },
    });
  }
  const totals = await statements.totals(record);
  return reply.status(outcome === "accepted" ? 201 : 200).send(presentWhole(record, totals));
}

const NoneBody = strictObject({
  reason: Type.String({ minLength: 3, maxLength: 500, description: "How it is known that nothing happened" }),
});

function declaring(http: Http, deps: StatementsRoutesDeps): void {
  http.post<Input<typeof NoneBody, typeof DayParams, typeof KindQuery>>(
    "/v1/ops/channel_accounts/:id/statements/:date/none",
    {
      schema: opsSchema({
        operationId: "opsDeclareNoStatement",
        summary: "Say that the channel publishes no statement of a day, since nothing happened",
        description:
          "The day then has a statement without lines, as it has by itself where the channel says so often " +
          "enough and the books know of nothing. A file that comes later is the next version.",
        params: DayParams,
        querystring: KindQuery,
        body: NoneBody,
        response: {
          200: WholeStatementSchema,
          201: WholeStatementSchema,
          ...problems(400, 401, 403, 404, 409),
        },
      }),
    },
    async (request, reply) => {
      const actor = await deps.authenticateOperator(request, "statements.write");
      const scope = scopeOf(request.params, request.query);
      const received = await deps.fetching.noneWasPublished(scope, actor.operator.id);
      return answer(deps, actor, reply, received, request.body.reason);
    },
  );
}
