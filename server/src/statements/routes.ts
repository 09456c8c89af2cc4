import type { FastifyReply, FastifyRequest } from "fastify";
import { presentStatementLine, StatementLineSchema } from "../channels/index.ts";
import { problem } from "../kernel/errors.ts";
import { type Http, type Input, problems, strictObject } from "../kernel/http.ts";
import { formatId } from "../kernel/ids.ts";
import { decodeCursor, PageQuery, pageOf, readLimit } from "../kernel/pages.ts";
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
} from "../operators/index.ts";
import type { Fetched } from "./fetch.ts";
import type { Scope, StatementRecord } from "./model.ts";
import type { Received, Statements } from "./service.ts";
import {
  DayParams,
  KindQuery,
  ListQuery,
  presentStatement,
  presentTotal,
  StatementSchema,
  WholeStatementSchema,
} from "./wire.ts";

export type StatementsRoutesDeps = {
  readonly statements: Statements;
  /** Asks the channel now. */
  readonly fetch: (scope: Scope, actor: Actor) => Promise<Fetched>;
  readonly operators: Pick<Operators, "auditAlone">;
  /** Throws `unauthenticated` or `forbidden`. */
  readonly authenticateOperator: (request: FastifyRequest, permission: Permission) => Promise<Actor>;
  /** The largest file that is taken. */
  readonly bytesMax: number;
};

/** Adds what operators do with statements: send them in, have them fetched, look at them. */
export function registerStatements(http: Http, deps: StatementsRoutesDeps): void {
  reading(http, deps);
  lines(http, deps);
  fetching(http, deps);
  // In a scope of its own: nowhere else is a body anything but JSON.
  void http.register(async (scope) => {
    scope.addContentTypeParser("application/octet-stream", { parseAs: "buffer" }, (_request, body, done) =>
      done(null, body),
    );
    uploading(scope, deps);
  });
}

function reading(http: Http, { statements, authenticateOperator }: StatementsRoutesDeps): void {
  http.get<Input<never, never, typeof ListQuery>>(
    "/v1/ops/statements",
    {
      schema: opsSchema({
        operationId: "opsListStatements",
        summary: "Statements that came, taken or refused, newest first",
        querystring: ListQuery,
        response: { 200: pageSchema(StatementSchema), ...problems(400, 401, 403) },
      }),
    },
    async (request) => {
      await authenticateOperator(request, "statements.read");
      const { channel_account, kind, date, state } = request.query;
      const limit = readLimit(request.query.limit);
      const filter = {
        channelAccountId:
          channel_account === undefined ? null : readIdField("cha", channel_account, "query.channel_account"),
        kind: kind ?? null,
        statementDate: date ?? null,
        state: state ?? null,
      };
      const rows = await statements.list(filter, readCursorId(request.query.cursor), limit + 1);
      return pageOf(rows, limit, (row) => [row.id], presentStatement);
    },
  );
  http.get<Input<never, typeof IdParams>>(
    "/v1/ops/statements/:id",
    {
      schema: opsSchema({
        operationId: "opsGetReceivedStatement",
        summary: "A statement, and what it adds up to",
        params: IdParams,
        response: { 200: WholeStatementSchema, ...problems(401, 403, 404) },
      }),
    },
    async (request) => {
      await authenticateOperator(request, "statements.read");
      return whole(statements, await statements.get(readId("stm", request.params.id)));
    },
  );
  http.get<Input<never, typeof IdParams>>(
    "/v1/ops/statements/:id/original",
    {
      schema: opsSchema({
        operationId: "opsGetStatementOriginal",
        summary: "The file as it came, be it taken or refused",
        produces: ["application/octet-stream"],
        params: IdParams,
        response: { ...problems(401, 403, 404) },
      }),
    },
    async (request, reply) => {
      await authenticateOperator(request, "statements.read");
      const record = await statements.get(readId("stm", request.params.id));
      return reply
        .header("content-type", "application/octet-stream")
        .header("content-disposition", `attachment; filename="${formatId("stm", record.id)}"`)
        .send(await statements.original(record));
    },
  );
}

function lines(http: Http, { statements, authenticateOperator }: StatementsRoutesDeps): void {
  const Page = strictObject(PageQuery);
  http.get<Input<never, typeof IdParams, typeof Page>>(
    "/v1/ops/statements/:id/lines",
    {
      schema: opsSchema({
        operationId: "opsListStatementLines",
        summary: "The lines of a statement of what was sold, in the file's order",
        params: IdParams,
        querystring: Page,
        response: { 200: pageSchema(StatementLineSchema), ...problems(400, 401, 403, 404, 409) },
      }),
    },
    async (request) => {
      await authenticateOperator(request, "statements.read");
      const limit = readLimit(request.query.limit);
      const after = readPlace(request.query.cursor);
      const record = await statements.get(readId("stm", request.params.id));
      if (record.state !== "accepted" || record.kind !== "trade") {
        throw problem("conflict", {
          detail: `a statement that is ${record.state}, of kind ${record.kind}, has none`,
        });
      }
      let place = 0;
      const rows = [];
      for await (const line of statements.lines(record)) {
        place += 1;
        if (place > after) rows.push({ place, line });
        if (rows.length > limit) break;
      }
      return pageOf(
        rows,
        limit,
        (row) => [String(row.place)],
        ({ line }) => presentStatementLine(line),
      );
    },
  );
}

function readPlace(cursor: string | undefined): number {
  const text = decodeCursor(cursor, 1)?.[0] ?? "0";
  if (!/^\d{1,9}$/.test(text)) throw problem("cursor_invalid", { field: "query.cursor" });
  return Number(text);
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

function uploading(http: Http, deps: StatementsRoutesDeps): void {
  http.post<{
    Params: { id: string; date: string };
    Querystring: { kind?: "trade" | "fund"; account?: string };
  }>(
    "/v1/ops/channel_accounts/:id/statements/:date",
    {
      bodyLimit: deps.bytesMax,
      schema: opsSchema({
        operationId: "opsUploadStatement",
        summary: "Send in a day's statement, as the channel handed it out",
        description:
          "The body is the file itself. It is read like a downloaded one, and refused as a whole with line " +
          "and reason where it is not what it says. The same file again gives the version that it has.",
        consumes: ["application/octet-stream"],
        params: DayParams,
        querystring: KindQuery,
        response: {
          200: WholeStatementSchema,
          201: WholeStatementSchema,
          ...problems(400, 401, 403, 404, 409, 413, 415, 422),
        },
      }),
    },
    async (request, reply) => {
      const actor = await deps.authenticateOperator(request, "statements.write");
      const original = request.body;
      if (!Buffer.isBuffer(original) || original.length === 0) {
        throw problem("invalid_request", { field: "body", detail: "the body is the file, and it is empty" });
      }
      const received = await deps.statements.receive({
        scope: scopeOf(request.params, request.query),
        original,
        source: "upload",
        receivedBy: actor.operator.id,
      });
      return answer(deps, actor, reply, received);
    },
  );
}

function scopeOf(
  { id, date }: { readonly id: string; readonly date: string },
  { kind = "trade", account = "" }: { readonly kind?: "trade" | "fund"; readonly account?: string },
): Scope {
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
) {
  const statement = formatId("stm", record.id);
  if (outcome !== "same") {
    const { sha256, date, kind, version, fault } = presentStatement(record);
    await operators.auditAlone(actor, {
      action: `statement.${outcome}`,
      subject: statement,
      before: null,
      after: { kind, date, version, sha256, fault },
    });
  }
  if (outcome === "refused") {
    throw problem("statement_invalid", {
      detail: `line ${record.faultLine}: ${record.faultReason}`,
      members: { statement, line: record.faultLine },
    });
  }
  return reply.status(outcome === "accepted" ? 201 : 200).send(await whole(statements, record));
}

async function whole(statements: Statements, record: StatementRecord) {
  const totals = await statements.totals(record);
  return { ...presentStatement(record), totals: totals.map(presentTotal) };
}
