import type { FastifyRequest } from "fastify";
import { problem } from "../../kernel/errors.ts";
import { type Http, type Input, problems } from "../../kernel/http.ts";
import { formatId, type Id } from "../../kernel/ids.ts";
import type { Merchants } from "../../merchants/index.ts";
import {
  type Actor,
  type Operators,
  opsSchema,
  type Permission,
  readIdField,
} from "../../operators/index.ts";
import type { Settlement } from "../model.ts";
import type { SettleDeps } from "../settle/deps.ts";
import {
  OpsSameDayBody,
  OpsSettlementSchema,
  presentOpsSettlement,
  presentSettlement,
  SameDayBody,
  SettlementSchema,
} from "../wire.ts";
import {
  ON_BOARD_DAYS_MIN,
  type SameDayRefusal,
  type SameDayResult,
  settleSameDay,
  TRADING_DATES_MIN,
} from "./service.ts";

export type SameDayRoutesDeps = SettleDeps & {
  readonly merchants: Pick<Merchants, "get">;
  readonly operators: Pick<Operators, "auditAlone">;
  readonly authenticateMerchant: (request: FastifyRequest) => Promise<{ readonly merchantId: Id }>;
  readonly authenticateOperator: (request: FastifyRequest, permission: Permission) => Promise<Actor>;
};

const REASONS: Readonly<Record<SameDayRefusal, string>> = {
  no_policy: "the settlement policy in force is not T+0",
  too_new: `T+0 needs ${ON_BOARD_DAYS_MIN} days since the merchant came on board`,
  too_little_trading: `T+0 needs ${TRADING_DATES_MIN} closed dates with payments`,
  nothing: "nothing that could be settled has come in since the last settlement",
  below_minimum: "what has come in is below the policy's minimum",
  not_covered: "own money in the reserve does not cover it; the channel has not paid for today yet",
};

/** Adds `POST /v1/settlements` and `POST /v1/ops/settlements`. */
export function sameDayRoutes(http: Http, deps: SameDayRoutesDeps): void {
  const description =
    "Each request settles the journals booked since the last one; own money in the reserve stands for it " +
    "until the channel pays. Without T+0 in the settlement policy it is refused.";
  http.post<Input<typeof SameDayBody>>(
    "/v1/settlements",
    {
      schema: {
        tags: ["Settlements"],
        security: [{ merchant: [] }],
        operationId: "settleToday",
        summary: "Settle today what came in today (T+0)",
        description,
        body: SameDayBody,
        response: { 201: SettlementSchema, ...problems(400, 401, 422) },
      },
    },
    async (request, reply) => {
      const { merchantId } = await deps.authenticateMerchant(request);
      const settlement = await settle(deps, merchantId, request.body.currency);
      return reply.status(201).send(presentSettlement(settlement));
    },
  );
  http.post<Input<typeof OpsSameDayBody>>(
    "/v1/ops/settlements",
    {
      schema: opsSchema({
        operationId: "opsSettleToday",
        summary: "Settle today what came in today for a merchant (T+0)",
        description,
        body: OpsSameDayBody,
        response: { 201: OpsSettlementSchema, ...problems(400, 401, 403, 404, 422) },
      }),
    },
    async (request, reply) => {
      const actor = await deps.authenticateOperator(request, "settlements.write");
      const merchantId = readIdField("mch", request.body.merchant_id, "merchant_id");
      const settlement = await settle(deps, merchantId, request.body.currency);
      await deps.operators.auditAlone(actor, {
        action: "settlement.made_today",
        subject: formatId("stl", settlement.id),
        before: null,
        after: { amount: Number(settlement.amount), available: Number(settlement.available) },
      });
      return reply.status(201).send(presentOpsSettlement(settlement));
    },
  );
}

async function settle(deps: SameDayRoutesDeps, merchantId: Id, currency: string): Promise<Settlement> {
  const merchant = await deps.merchants.get(merchantId);
  if (merchant === null) throw problem("not_found");
  const result: SameDayResult = await settleSameDay(deps, merchant, currency);
  if (result.result === "settled") return result.settlement;
  throw problem("settlement_refused", {
    detail: REASONS[result.because],
    members: { reason: result.because },
  });
}
