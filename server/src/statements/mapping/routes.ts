import type { FastifyRequest } from "fastify";
import { Type } from "typebox";
import { type Http, type Input, InstantSchema, problems, strictObject } from "../../kernel/http.ts";
import { formatId } from "../../kernel/ids.ts";
import { decodeCursor, PageQuery, pageOf, readLimit } from "../../kernel/pages.ts";
import { type Actor, type Operators, opsSchema, type Permission, pageSchema } from "../../operators/index.ts";
import { MAPPING_KINDS, MappingSchema, type MappingVersion } from "./model.ts";
import type { Mappings } from "./service.ts";

export type MappingRoutesDeps = {
  readonly mappings: Mappings;
  readonly operators: Pick<Operators, "auditAlone">;
  readonly authenticateOperator: (request: FastifyRequest, permission: Permission) => Promise<Actor>;
};

const Params = strictObject({
  name: Type.String({ pattern: "^[a-z0-9_-]{1,50}$", description: "1 to 50 of a-z, 0-9, - and _" }),
});
const VersionQuery = strictObject({
  version: Type.Optional(Type.String({ pattern: "^[0-9]{1,6}$", description: "The newest if absent" })),
});

const MappingVersionSchema = Type.Object({
  name: Type.String(),
  version: Type.Integer({ description: "From 1; a file is read for ever by the one that it came under" }),
  kind: Type.Enum([...MAPPING_KINDS]),
  definition: MappingSchema,
  made_at: InstantSchema,
  made_by: Type.String(),
});

/** Adds `/v1/ops/statement_mappings`. */
export function mappingRoutes(http: Http, deps: MappingRoutesDeps): void {
  saving(http, deps);
  reading(http, deps);
}

function saving(http: Http, { mappings, operators, authenticateOperator }: MappingRoutesDeps): void {
  http.put<Input<typeof MappingSchema, typeof Params>>(
    "/v1/ops/statement_mappings/:name",
    {
      schema: opsSchema({
        operationId: "opsSaveStatementMapping",
        summary: "Say how files of somebody's own form are read: a new version",
        params: Params,
        body: MappingSchema,
        response: { 200: MappingVersionSchema, ...problems(400, 401, 403, 503) },
      }),
    },
    async (request) => {
      const actor = await authenticateOperator(request, "statements.write");
      const saved = await mappings.save(request.params.name, request.body, actor.operator.id);
      await operators.auditAlone(actor, {
        action: "statement_mapping.saved",
        subject: saved.name,
        before: null,
        after: { version: saved.version, definition: saved.definition },
      });
      return present(saved);
    },
  );
}

function reading(http: Http, { mappings, authenticateOperator }: MappingRoutesDeps): void {
  http.get<Input<never, typeof Params, typeof VersionQuery>>(
    "/v1/ops/statement_mappings/:name",
    {
      schema: opsSchema({
        operationId: "opsGetStatementMapping",
        summary: "How files of somebody's own form are read",
        params: Params,
        querystring: VersionQuery,
        response: { 200: MappingVersionSchema, ...problems(400, 401, 403, 404) },
      }),
    },
    async (request) => {
      await authenticateOperator(request, "statements.read");
      const { version } = request.query;
      return present(await mappings.get(request.params.name, version === undefined ? null : Number(version)));
    },
  );
  const Page = strictObject(PageQuery);
  http.get<Input<never, never, typeof Page>>(
    "/v1/ops/statement_mappings",
    {
      schema: opsSchema({
        operationId: "opsListStatementMappings",
        summary: "The newest version of each mapping, by name",
        querystring: Page,
        response: { 200: pageSchema(MappingVersionSchema), ...problems(400, 401, 403) },
      }),
    },
    async (request) => {
      await authenticateOperator(request, "statements.read");
      const limit = readLimit(request.query.limit);
      const [after = null] = decodeCursor(request.query.cursor, 1) ?? [];
      const rows = await mappings.list(after, limit + 1);
      return pageOf(rows, limit, (row) => [row.name], present);
    },
  );
}

function present({ name, version, kind, definition, madeAt, madeBy }: MappingVersion) {
  return {
    name,
    version,
    kind,
    definition,
    made_at: madeAt.toISOString(),
    made_by: formatId("opr", madeBy),
  };
}
