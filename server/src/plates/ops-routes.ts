import { Type } from "typebox";
import { problem } from "../kernel/errors.ts";
import {
  AmountSchema,
  CurrencySchema,
  type Http,
  type Input,
  problems,
  strictObject,
} from "../kernel/http.ts";
import type { Id } from "../kernel/ids.ts";
import { decodeCursor, PageQuery, pageOf, readLimit } from "../kernel/pages.ts";
import type { Platform } from "../kernel/revision.ts";
import {
  type Actor,
  IdParams,
  type Operators,
  opsSchema,
  pageSchema,
  readCursorId,
  readId,
  readIdField,
} from "../operators/index.ts";
import { BATCH_COUNT_MAX, PLATE_STATES, type Plate, type PlateState } from "./model.ts";
import type { About, Plates } from "./service.ts";
import * as store from "./store.ts";
import {
  BatchSchema,
  PlateSchema,
  presentBatch,
  presentPlate,
  presentVersion,
  VersionSchema,
} from "./wire.ts";

export type PlateOpsDeps = {
  readonly platform: Platform;
  readonly operators: Pick<Operators, "authenticate">;
  readonly plates: Plates;
  /** What a plate's QR code holds. */
  readonly urlOf: (plate: Pick<Plate, "code">) => string;
};

/** Adds `/v1/ops/plates…` and `/v1/ops/plate_batches…`. */
export function plateOpsRoutes(http: Http, deps: PlateOpsDeps): void {
  batchRoutes(http, deps);
  reading(http, deps);
  history(http, deps);
  binding(http, deps);
  changing(http, deps);
  moving(http, deps);
  steps(http, deps);
}

const LabelSchema = Type.String({ minLength: 1, maxLength: 80, pattern: "\\S" });
const BatchBody = strictObject({
  label: LabelSchema,
  count: Type.Integer({ minimum: 1, maximum: BATCH_COUNT_MAX }),
});
const BatchQuery = strictObject(PageQuery);

function batchRoutes(http: Http, deps: PlateOpsDeps): void {
  http.post<Input<typeof BatchBody>>(
    "/v1/ops/plate_batches",
    {
      schema: opsSchema({
        operationId: "opsCreatePlateBatch",
        summary: "Make a batch of blank plates",
        body: BatchBody,
        response: { 200: BatchSchema, 201: BatchSchema, ...problems(400, 401, 403, 409) },
      }),
    },
    async (request, reply) => {
      const actor = await deps.operators.authenticate(request, "plates.write");
      const { label, count } = request.body;
      const { resource, made } = await deps.plates.makeBatch(actor, { label: label.trim(), count });
      reply.status(made ? 201 : 200);
      return presentBatch(resource);
    },
  );
  http.get<Input<never, never, typeof BatchQuery>>(
    "/v1/ops/plate_batches",
    {
      schema: opsSchema({
        operationId: "opsListPlateBatches",
        summary: "List batches of plates, newest first",
        querystring: BatchQuery,
        response: { 200: pageSchema(BatchSchema), ...problems(400, 401, 403) },
      }),
    },
    async (request) => {
      await deps.operators.authenticate(request, "plates.read");
      const limit = readLimit(request.query.limit);
      const rows = await store.listBatches(deps.platform.db, readCursorId(request.query.cursor), limit + 1);
      return pageOf(rows, limit, (row) => [row.id], presentBatch);
    },
  );
  http.get<Input<never, typeof IdParams>>(
    "/v1/ops/plate_batches/:id",
    {
      schema: opsSchema({
        operationId: "opsGetPlateBatch",
        summary: "Show one batch of plates",
        params: IdParams,
        response: { 200: BatchSchema, ...problems(401, 403, 404) },
      }),
    },
    async (request) => {
      await deps.operators.authenticate(request, "plates.read");
      const batch = await store.findBatch(deps.platform.db, readId("plb", request.params.id));
      if (batch === null) throw problem("not_found");
      return presentBatch(batch);
    },
  );
}

const ListQuery = strictObject({
  ...PageQuery,
  batch: Type.Optional(Type.String({ maxLength: 100 })),
  merchant: Type.Optional(Type.String({ maxLength: 100 })),
  state: Type.Optional(Type.Enum([...PLATE_STATES])),
});

function reading(http: Http, deps: PlateOpsDeps): void {
  http.get<Input<never, never, typeof ListQuery>>(
    "/v1/ops/plates",
    {
      schema: opsSchema({
        operationId: "opsListPlates",
        summary: "List plates, newest first",
        querystring: ListQuery,
        response: { 200: pageSchema(PlateSchema), ...problems(400, 401, 403) },
      }),
    },
    async (request) => {
      await deps.operators.authenticate(request, "plates.read");
      const { limit: text, cursor, batch, merchant, state } = request.query;
      const limit = readLimit(text);
      const filter = {
        before: readCursorId(cursor),
        batchId: batch === undefined ? null : readIdField("plb", batch, "query.batch"),
        merchantId: merchant === undefined ? null : readIdField("mch", merchant, "query.merchant"),
        state: (state ?? null) as PlateState | null,
      };
      const rows = await store.listPlates(deps.platform.db, filter, limit + 1);
      return pageOf(
        rows,
        limit,
        (row) => [row.id],
        (row) => presentPlate(row, deps.urlOf(row)),
      );
    },
  );
  http.get<Input<never, typeof IdParams>>(
    "/v1/ops/plates/:id",
    {
      schema: opsSchema({
        operationId: "opsGetPlate",
        summary: "Show one plate",
        params: IdParams,
        response: { 200: PlateSchema, ...problems(401, 403, 404) },
      }),
    },
    async (request) => {
      await deps.operators.authenticate(request, "plates.read");
      return shown(deps, await existingPlate(deps.platform, readId("plt", request.params.id)));
    },
  );
}

/** Throws `not_found`. */
export async function existingPlate(platform: Platform, id: Id): Promise<Plate> {
  const plate = await store.findPlate(platform.db, id);
  if (plate === null) throw problem("not_found");
  return plate;
}

const HistoryQuery = strictObject(PageQuery);

function history(http: Http, deps: PlateOpsDeps): void {
  http.get<Input<never, typeof IdParams, typeof HistoryQuery>>(
    "/v1/ops/plates/:id/history",
    {
      schema: opsSchema({
        operationId: "opsListPlateVersions",
        summary: "Every version of a plate and who made it, newest first",
        params: IdParams,
        querystring: HistoryQuery,
        response: { 200: pageSchema(VersionSchema), ...problems(400, 401, 403, 404) },
      }),
    },
    async (request) => {
      await deps.operators.authenticate(request, "plates.read");
      const plate = await existingPlate(deps.platform, readId("plt", request.params.id));
      const limit = readLimit(request.query.limit);
      const before = readVersion(request.query.cursor);
      const rows = await store.listVersions(deps.platform.db, plate.id, before, limit + 1);
      return pageOf(rows, limit, (row) => [String(row.version)], presentVersion);
    },
  );
}

function readVersion(cursor: string | undefined): number | null {
  const place = decodeCursor(cursor, 1)?.[0] ?? null;
  if (place === null) return null;
  if (!/^[1-9][0-9]{0,8}$/.test(place)) throw problem("cursor_invalid", { field: "query.cursor" });
  return Number(place);
}

const AboutProperties = {
  version: Type.Integer({ minimum: 1, description: "As it was read: another one is refused" }),
  note: Type.Optional(Type.String({ minLength: 1, maxLength: 200, description: "Kept in the history" })),
};
const PlaceProperties = {
  store: Type.Optional(Type.String({ minLength: 1, maxLength: 64, description: "A store's id or number" })),
  terminal: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 64,
      description: "A terminal's id or serial; it brings its store",
    }),
  ),
};
const OpenAmountSchema = Type.Union([AmountSchema, Type.Null()], {
  description: "Minor units; null: the buyer enters it",
});
const SubjectSchema = Type.String({
  minLength: 1,
  maxLength: 128,
  pattern: "^[^\\u0000-\\u001f\\u007f]*[^\\s\\u0000-\\u001f\\u007f][^\\u0000-\\u001f\\u007f]*$",
  description: "What the buyer reads in the wallet and on the bill",
});
const MerchantSchema = Type.String({ maxLength: 100 });
const CHANGED = { 200: PlateSchema, ...problems(400, 401, 403, 404, 409, 422) };

const BindBody = strictObject({
  ...AboutProperties,
  merchant_id: MerchantSchema,
  ...PlaceProperties,
  currency: CurrencySchema,
  amount: Type.Optional(OpenAmountSchema),
  subject: SubjectSchema,
});

function binding(http: Http, deps: PlateOpsDeps): void {
  http.post<Input<typeof BindBody, typeof IdParams>>(
    "/v1/ops/plates/:id/bind",
    {
      schema: opsSchema({
        operationId: "opsBindPlate",
        summary: "Bind a blank plate to a merchant, with a fixed amount or an open one",
        params: IdParams,
        body: BindBody,
        response: CHANGED,
      }),
    },
    async (request) => {
      const actor = await deps.operators.authenticate(request, "plates.write");
      const { body } = request;
      const terms = {
        merchantId: readIdField("mch", body.merchant_id, "merchant_id"),
        store: body.store,
        terminal: body.terminal,
        currency: body.currency,
        amount: body.amount == null ? null : BigInt(body.amount),
        subject: body.subject,
      };
      return shown(deps, await deps.plates.bind(actor, aboutOf(request.params.id, body), terms));
    },
  );
}

const ChangeBody = strictObject({
  ...AboutProperties,
  currency: Type.Optional(CurrencySchema),
  amount: Type.Optional(OpenAmountSchema),
  subject: Type.Optional(SubjectSchema),
});

function changing(http: Http, deps: PlateOpsDeps): void {
  http.patch<Input<typeof ChangeBody, typeof IdParams>>(
    "/v1/ops/plates/:id",
    {
      schema: opsSchema({
        operationId: "opsChangePlate",
        summary: "Change what a plate asks for",
        params: IdParams,
        body: ChangeBody,
        response: CHANGED,
      }),
    },
    async (request) => {
      const actor = await deps.operators.authenticate(request, "plates.write");
      const { body } = request;
      const amount = body.amount == null ? body.amount : BigInt(body.amount);
      const terms = { currency: body.currency, amount, subject: body.subject };
      return shown(deps, await deps.plates.change(actor, aboutOf(request.params.id, body), terms));
    },
  );
}

const MoveBody = strictObject({
  ...AboutProperties,
  merchant_id: Type.Optional(MerchantSchema),
  ...PlaceProperties,
});

function moving(http: Http, deps: PlateOpsDeps): void {
  http.post<Input<typeof MoveBody, typeof IdParams>>(
    "/v1/ops/plates/:id/move",
    {
      schema: opsSchema({
        operationId: "opsMovePlate",
        summary: "Move a plate to another place, or to another merchant, for whom it is then bound anew",
        params: IdParams,
        body: MoveBody,
        response: CHANGED,
      }),
    },
    async (request) => {
      const actor = await deps.operators.authenticate(request, "plates.write");
      const { body } = request;
      const merchant = body.merchant_id;
      const to = {
        merchantId: merchant === undefined ? null : readIdField("mch", merchant, "merchant_id"),
        store: body.store,
        terminal: body.terminal,
      };
      return shown(deps, await deps.plates.move(actor, aboutOf(request.params.id, body), to));
    },
  );
}

const StepBody = strictObject(AboutProperties);

const STEPS = [
  {
    step: "open",
    operationId: "opsOpenPlate",
    summary: "The merchant's numbers are being opened at the channels; a scan says so",
  },
  { step: "activate", operationId: "opsActivatePlate", summary: "The plate takes payments from now on" },
  { step: "disable", operationId: "opsDisablePlate", summary: "Take a plate out of service, for good" },
] as const;

function steps(http: Http, deps: PlateOpsDeps): void {
  for (const { step, ...words } of STEPS) {
    http.post<Input<typeof StepBody, typeof IdParams>>(
      `/v1/ops/plates/:id/${step}`,
      { schema: opsSchema({ ...words, params: IdParams, body: StepBody, response: CHANGED }) },
      async (request) => {
        const actor: Actor = await deps.operators.authenticate(request, "plates.write");
        return shown(deps, await deps.plates[step](actor, aboutOf(request.params.id, request.body)));
      },
    );
  }
}

function aboutOf(id: string, body: { version: number; note?: string | undefined }): About {
  return { id: readId("plt", id), version: body.version, note: body.note ?? null };
}

function shown(deps: PlateOpsDeps, plate: Plate) {
  return presentPlate(plate, deps.urlOf(plate));
}
