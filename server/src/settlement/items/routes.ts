import type { FastifyRequest } from "fastify";
import { Type } from "typebox";
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
  type Actor,
  opsSchema,
  type Permission,
  pageSchema,
  readCursorId,
  readId,
  readIdField,
} from "../../operators/index.ts";
import { merchantAccount } from "../drafts.ts";
import { HOLD_KINDS, type HoldKind } from "../model.ts";
import { activeHolds, type ItemHold } from "../settle/holds-store.ts";
import { type HoldDeps, holdItem, releaseItem } from "./holds.ts";

export type ItemRoutesDeps = HoldDeps & {
  readonly authenticateOperator: (request: FastifyRequest, permission: Permission) => Promise<Actor>;
};

const HoldSchema = Type.Object({
  journal: Type.String(),
  kind: Type.Enum([...HOLD_KINDS]),
  reason: Type.String(),
  held_by: Type.Union([Type.String(), Type.Null()], { description: "Null: the platform itself" }),
  held_at: InstantSchema,
  released_by: Type.Union([Type.String(), Type.Null()]),
  release_note: Type.Union([Type.String(), Type.Null()]),
  released_at: Type.Union([InstantSchema, Type.Null()]),
});

const JournalParams = strictObject({ journal: Type.String({ maxLength: 100 }) });
const HoldBody = strictObject({
  kind: Type.Enum(["break", "dispute", "risk", "channel_reversal", "operator"]),
  reason: Type.String({ minLength: 3, maxLength: 500 }),
});
const ReleaseBody = strictObject({ note: Type.String({ minLength: 3, maxLength: 500 }) });
const ListQuery = strictObject({
  ...PageQuery,
  merchant_id: Type.Optional(Type.String({ maxLength: 100, description: "With currency" })),
  currency: Type.Optional(CurrencySchema),
});

/** Adds `/v1/ops/settlement_holds` and `/v1/ops/settlement_items/{journal}/…`. */
export function itemRoutes(http: Http, deps: ItemRoutesDeps): void {
  const { authenticateOperator } = deps;
  http.get<Input<never, never, typeof ListQuery>>(
    "/v1/ops/settlement_holds",
    {
      schema: opsSchema({
        operationId: "opsListSettlementHolds",
        summary: "What is held back from settlement now, newest first",
        querystring: ListQuery,
        response: { 200: pageSchema(HoldSchema), ...problems(400, 401, 403) },
      }),
    },
    async (request) => {
      await authenticateOperator(request, "settlements.read");
      const { merchant_id, currency = "CNY", cursor } = request.query;
      const limit = readLimit(request.query.limit);
      const merchantId =
        merchant_id === undefined ? null : readIdField("mch", merchant_id, "query.merchant_id");
      const account =
        merchantId === null ? null : merchantAccount({ merchantId, currency }, "merchant_pending");
      const page = { before: readCursorId(cursor), limit: limit + 1 };
      return pageOf(await activeHolds(deps.cell.db, account, page), limit, (row) => [row.id], presentHold);
    },
  );
  http.post<Input<typeof HoldBody, typeof JournalParams>>(
    "/v1/ops/settlement_items/:journal/hold",
    {
      schema: opsSchema({
        operationId: "opsHoldSettlementItem",
        summary: "Hold one journal's money back from settlement",
        description: "Of any date, as long as no settlement has taken it.",
        params: JournalParams,
        body: HoldBody,
        response: { 200: HoldSchema, ...problems(400, 401, 403, 404, 409) },
      }),
    },
    async (request) => {
      const actor = await authenticateOperator(request, "settlements.write");
      const journalId = readId("jnl", request.params.journal);
      const { kind, reason } = request.body;
      return presentHold(await holdItem(deps, actor, journalId, { kind: kind as HoldKind, reason }));
    },
  );
  http.post<Input<typeof ReleaseBody, typeof JournalParams>>(
    "/v1/ops/settlement_items/:journal/release",
    {
      schema: opsSchema({
        operationId: "opsReleaseSettlementItem",
        summary: "Let a held item settle",
        description:
          "With the next closed date, in a settlement apart where others of its date have settled.",
        params: JournalParams,
        body: ReleaseBody,
        response: { 200: HoldSchema, ...problems(400, 401, 403, 404) },
      }),
    },
    async (request) => {
      const actor = await authenticateOperator(request, "settlements.write");
      const journalId = readId("jnl", request.params.journal);
      return presentHold(await releaseItem(deps, actor, journalId, request.body.note));
    },
  );
}

function presentHold(hold: ItemHold) {
  const operator = (id: string | null) => (id === null ? null : formatId("opr", id));
  return {
    journal: formatId("jnl", hold.journalId),
    kind: hold.kind,
    reason: hold.reason,
    held_by: operator(hold.heldBy),
    held_at: hold.heldAt.toISOString(),
    released_by: operator(hold.releasedBy),
    release_note: hold.releaseNote,
    released_at: hold.releasedAt?.toISOString() ?? null,
  };
}
