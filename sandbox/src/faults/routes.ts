import type { FastifyInstance } from "fastify";
import { bodyOf, integerField, Refused, textField } from "../refuse.ts";
import { faultKinds } from "./kinds.ts";
import type { Fault, FaultKind, FaultMatch } from "./model.ts";
import { armFault, disarmAll, disarmFault, type FaultDeps, faultsMax, listFaults } from "./service.ts";

const countMax = 1_000_000;

/** `POST /faults` arms, `GET /faults` lists, `DELETE` disarms, `GET /faults/kinds` explains. */
export function registerFaultRoutes(app: FastifyInstance, deps: FaultDeps): void {
  app.post("/faults", async (request, reply) => {
    const body = bodyOf(request.body, ["kind", "match", "rate", "count", "params"]);
    const kind = kindOf(body.kind);
    const fault = await armFault(deps, {
      kind,
      match: matchOf(body.match),
      rate: rateOf(body.rate),
      count: integerField(body, "count", 1, countMax) ?? null,
      params: paramsOf(kind, body.params),
    });
    if (!fault) {
      throw new Refused(409, "faults_too_many", `${faultsMax} faults are armed; disarm some first.`);
    }
    return reply.code(201).send(viewFault(fault));
  });
  app.get("/faults", async () => ({ data: (await listFaults(deps.store)).map(viewFault) }));
  app.get("/faults/kinds", async () => ({
    data: Object.entries(faultKinds).map(([kind, described]) => ({ kind, ...described })),
  }));
  app.delete("/faults", async () => ({ disarmed: await disarmAll(deps) }));
  app.delete("/faults/:id", async (request, reply) => {
    const { id } = request.params as { id: string };
    if (!(await disarmFault(deps, id))) throw new Refused(404, "fault_unknown", `There is no fault ${id}.`);
    return reply.code(204).send();
  });
}

function viewFault(fault: Fault): object {
  const { outTradeNo, appId, mchid, method } = fault.match;
  return {
    id: fault.id,
    kind: fault.kind,
    match: { out_trade_no: outTradeNo, app_id: appId, mchid, method },
    rate: fault.rate,
    remaining: fault.remaining,
    params: fault.params,
    happened: fault.happened,
    created_at: fault.createdAt.toISOString(),
  };
}

function kindOf(value: unknown): FaultKind {
  if (typeof value === "string" && Object.hasOwn(faultKinds, value)) return value as FaultKind;
  throw new Refused(400, "fault_kind_unknown", `kind must be one of ${Object.keys(faultKinds).join(", ")}.`);
}

function matchOf(value: unknown): FaultMatch {
  const body = bodyOf(value, ["out_trade_no", "app_id", "mchid", "method"]);
  const match: FaultMatch = {};
  const outTradeNo = textField(body, "out_trade_no", 64);
  const appId = textField(body, "app_id", 32);
  const mchid = textField(body, "mchid", 32);
  const method = textField(body, "method", 128);
  if (outTradeNo !== undefined) match.outTradeNo = outTradeNo;
  if (appId !== undefined) match.appId = appId;
  if (mchid !== undefined) match.mchid = mchid;
  if (method !== undefined) match.method = method;
  return match;
}

function rateOf(value: unknown): number {
  if (value === undefined || value === null) return 1;
  if (typeof value === "number" && value >= 0 && value <= 1) return value;
  throw new Refused(400, "field_invalid", "rate must be a number from 0 to 1.");
}

function paramsOf(kind: FaultKind, value: unknown): Fault["params"] {
  const known: Record<string, { type: string; oneOf?: readonly string[] }> = faultKinds[kind].params;
  const body = bodyOf(value, Object.keys(known));
  for (const [name, given] of Object.entries(body)) {
    const { type, oneOf } = known[name]!;
    const fits = type === "text" ? typeof given === "string" : typeof given === type;
    if (
      !fits ||
      (oneOf && !oneOf.includes(given as string)) ||
      (type === "number" && !Number.isSafeInteger(given))
    ) {
      const wanted = oneOf
        ? `one of ${oneOf.join(", ")}`
        : type === "number"
          ? "a whole number"
          : `a ${type}`;
      throw new Refused(400, "field_invalid", `params.${name} must be ${wanted}.`);
    }
  }
  return body as Fault["params"];
}
