import { Type } from "typebox";
import type { Db } from "../../kernel/database.ts";
import { problem } from "../../kernel/errors.ts";
import { type Http, type Input, InstantSchema, problems, strictObject } from "../../kernel/http.ts";
import { formatId, type Id } from "../../kernel/ids.ts";
import { PageQuery, pageOf, readLimit } from "../../kernel/pages.ts";
import { IdParams, pageSchema, readCursorId, readId } from "../../operators/index.ts";
import { EVENT_TYPES, type EventType, formatSubject, parseSubject } from "../model.ts";
import type { AuthenticateMerchant } from "../routes.ts";
import { type EventRow, eventsOfMerchant, eventsOfSubject, findEvent } from "./store.ts";

const types = Object.keys(EVENT_TYPES) as EventType[];
const TypeSchema = Type.Enum([...types]);

const EventSchema = Type.Object(
  {
    id: Type.String(),
    type: TypeSchema,
    created_at: InstantSchema,
    data: Type.Record(Type.String(), Type.Unknown(), { description: "The resource as it was then" }),
    subject: Type.String({ description: "What it happened to: pay_…, rfd_…" }),
  },
  { title: "Event", description: types.map((type) => `\`${type}\`: ${EVENT_TYPES[type].says}`).join("\n\n") },
);
const ListQuery = strictObject({
  ...PageQuery,
  type: Type.Optional(TypeSchema),
  subject: Type.Optional(Type.String({ maxLength: 40, description: "pay_… or rfd_…" })),
});

export type EventRoutesDeps = { readonly db: Db; readonly authenticate: AuthenticateMerchant };

export function eventRoutes(http: Http, { db, authenticate }: EventRoutesDeps): void {
  const common = { tags: ["Webhooks"], security: [{ merchant: [] }] };
  http.get<Input<never, never, typeof ListQuery>>(
    "/v1/events",
    {
      schema: {
        ...common,
        operationId: "listEvents",
        summary: "Events, the newest first",
        querystring: ListQuery,
        response: { 200: pageSchema(EventSchema), ...problems(400, 401) },
      },
    },
    async (request) => {
      const { merchantId } = await authenticate(request);
      const { type = null, subject, cursor, limit: limitText } = request.query;
      const limit = readLimit(limitText);
      const page = { before: readCursorId(cursor), limit: limit + 1 };
      const rows =
        subject === undefined
          ? await eventsOfMerchant(db, merchantId, type, page)
          : await eventsOfSubject(db, merchantId, readSubject(subject), type, page);
      return pageOf(rows, limit, (row) => [row.id], presentEvent);
    },
  );
  http.get<Input<never, typeof IdParams>>(
    "/v1/events/:id",
    {
      schema: {
        ...common,
        operationId: "getEvent",
        summary: "One event",
        params: IdParams,
        response: { 200: EventSchema, ...problems(401, 404) },
      },
    },
    async (request) => {
      const { merchantId } = await authenticate(request);
      const found = await findEvent(db, merchantId, readId("evt", request.params.id));
      if (found === null) throw problem("not_found");
      return presentEvent(found);
    },
  );
}

function readSubject(text: string): Id {
  const id = parseSubject(text);
  if (id !== null) return id;
  throw problem("invalid_request", { field: "query.subject", detail: "subject is an id: pay_… or rfd_…" });
}

function presentEvent(row: EventRow) {
  const { data } = JSON.parse(row.payload) as { data: Record<string, unknown> };
  return {
    id: formatId("evt", row.id),
    type: row.type,
    created_at: row.createdAt.toISOString(),
    data,
    subject: formatSubject(row.type, row.subjectId),
  };
}
