import type { FastifyRequest } from "fastify";
import { Type } from "typebox";
import { problem } from "../kernel/errors.ts";
import { type Http, type Input, problems, strictObject } from "../kernel/http.ts";
import { formatId, type Id } from "../kernel/ids.ts";
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
import type { Fetching } from "./fetching.ts";
import { LineSchema, presentLines } from "./lines.ts";
import { mappingRoutes } from "./mapping/routes.ts";
import type { Scope } from "./model.ts";
import { receiving } from "./receiving-routes.ts";
import type { Statements } from "./service.ts";
import {
  FetchSchema,
  ListQuery,
  presentFetch,
  presentStatement,
  presentWhole,
  StatementSchema,
  WholeStatementSchema,
} from "./wire.ts";

export type StatementsRoutesDeps = {
  readonly statements: Statements;
  readonly fetching: Pick<Fetching, "list" | "noneWasPublished">;
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
  expected(http, deps);
  receiving(http, deps);
  mappingRoutes(http, { ...deps, mappings: deps.statements.mappings });
}

const FILE = {
  description: "The file",
  content: { "application/octet-stream": { schema: { type: "string", format: "binary" } } },
};

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
        channelAccountId: readAccount(channel_account),
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
      const record = await statements.get(readId("stm", request.params.id));
      return presentWhole(record, await statements.totals(record));
    },
  );
  http.get<Input<never, typeof IdParams>>(
    "/v1/ops/statements/:id/original",
    {
      schema: opsSchema({
        operationId: "opsGetStatementOriginal",
        summary: "The file as it came, be it taken or refused",
        params: IdParams,
        response: { 200: FILE, ...problems(401, 403, 404) },
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
        summary: "The lines of a statement, in the file's order; what each holds depends on its kind",
        params: IdParams,
        querystring: Page,
        response: { 200: pageSchema(LineSchema), ...problems(400, 401, 403, 404, 409) },
      }),
    },
    async (request) => {
      await authenticateOperator(request, "statements.read");
      const limit = readLimit(request.query.limit);
      const after = readPlace(request.query.cursor);
      const record = await statements.get(readId("stm", request.params.id));
      if (record.state !== "accepted") {
        throw problem("conflict", { detail: "a statement that was refused has no lines" });
      }
      let place = 0;
      const rows = [];
      for await (const line of presentLines(statements, record)) {
        place += 1;
        if (place > after) rows.push({ place, line });
        if (rows.length > limit) break;
      }
      return pageOf(
        rows,
        limit,
        (row) => [String(row.place)],
        ({ line }) => line,
      );
    },
  );
}

function readPlace(cursor: string | undefined): number {
  const text = decodeCursor(cursor, 1)?.[0] ?? "0";
  if (!/^\d{1,9}$/.test(text)) throw problem("cursor_invalid", { field: "query.cursor" });
  return Number(text);
}

const FetchesQuery = strictObject({
  ...PageQuery,
  channel_account: Type.Optional(Type.String({ maxLength: 100 })),
  state: Type.Optional(Type.Enum(["waiting", "done"])),
  late: Type.Optional(
    Type.Enum(["true", "false"], { description: "true: those that wait and should be there since an hour" }),
  ),
});

function expected(http: Http, { fetching, authenticateOperator }: StatementsRoutesDeps): void {
  http.get<Input<never, never, typeof FetchesQuery>>(
    "/v1/ops/statement_fetches",
    {
      schema: opsSchema({
        operationId: "opsListStatementFetches",
        summary: "Statements that are expected, and what stands against those that are not there",
        querystring: FetchesQuery,
        response: { 200: pageSchema(FetchSchema), ...problems(400, 401, 403) },
      }),
    },
    async (request) => {
      await authenticateOperator(request, "statements.read");
      const { channel_account, state, late, cursor } = request.query;
      const limit = readLimit(request.query.limit);
      const filter = {
        channelAccountId: readAccount(channel_account),
        state: state ?? null,
        late: late === "true",
      };
      const rows = await fetching.list(filter, readCursorId(cursor), limit + 1);
      return pageOf(rows, limit, (row) => [row.id], presentFetch);
    },
  );
}

function readAccount(text: string | undefined): Id | null {
  return text === undefined ? null : readIdField("cha", text, "query.channel_account");
}
