import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { sleep } from "../clock.ts";
import { loseAnswer, type Passed, sent } from "../faults/index.ts";
import type { UnionpayDeps } from "./context.ts";
import { interfereWith } from "./interference.ts";
import { signerOf } from "./merchants/chain.ts";
import type { Call, Operation, Path } from "./operations/call.ts";
import { operations } from "./operations/table.ts";
import { verifyRequest } from "./verify.ts";
import { type Answer, answerParams, rawBody, signedBy } from "./wire/message.ts";
import { UnionpayRefusal } from "./wire/resp-codes.ts";
import type { Params } from "./wire/signing.ts";

type GatewayDeps = UnionpayDeps & { log: (line: string) => void };

/** The gateway's addresses for programs; the file host, which is another host, has a folder of its own. */
const paths: Record<string, Path> = {
  "/gateway/api/backTransReq.do": "back",
  "/gateway/api/appTransReq.do": "app",
  "/gateway/api/queryTrans.do": "query",
  "/unionpay/file/": "file",
};

/** UnionPay's gateway: forms in, raw text out. */
export function registerUnionpayGateway(app: FastifyInstance, deps: GatewayDeps): void {
  for (const [url, path] of Object.entries(paths)) {
    app.post(url, (request, reply) => handle(deps, path, request, reply));
  }
}

async function handle(
  deps: GatewayDeps,
  path: Path,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<unknown> {
  const params = formOf(request.body);
  const { answer, passage } = await answerTo(deps, path, params);
  if (passage.waitMs > 0) await sleep(deps.clock, passage.waitMs);
  if (passage.ending === "cut") return loseAnswer(reply);
  reply.type("text/html;charset=UTF-8");
  if (passage.ending === "status") {
    return reply.code(passage.status).send("<h1>The gateway is in trouble</h1>");
  }
  return reply.send(rawBody(signedBy(answerParams(params, answer), await signerOf(deps))));
}

async function answerTo(deps: GatewayDeps, path: Path, params: Params): Promise<Passed<Answer>> {
  try {
    const { merchant, kind, fields } = await verifyRequest(deps, path, params, operations);
    const call: Call = { method: kind.name, merchant, fields };
    const context = {
      outTradeNo: await kind.outTradeNoOf(deps.store, call),
      appId: merchant.merId,
      mchid: merchant.merId,
      method: kind.name,
    };
    return await interfereWith(deps, context, () => carryOut(deps, kind, call));
  } catch (error) {
    return { answer: asAnswer(deps, path, error), passage: sent };
  }
}

async function carryOut(deps: GatewayDeps, operation: Operation, call: Call): Promise<Answer> {
  try {
    return await operation.carryOut(deps, call);
  } catch (error) {
    return asAnswer(deps, operation.name, error);
  }
}

function asAnswer(deps: GatewayDeps, what: string, error: unknown): Answer {
  if (error instanceof UnionpayRefusal) {
    const { code, detail } = error;
    return { code, fields: {}, ...(detail !== undefined && { detail }) };
  }
  deps.log(`unionpay ${what}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  return { code: "99", fields: {} };
}

/** The fields of a form; a name given twice counts once, by its first value. */
export function formOf(body: unknown): Params {
  const form: Params = {};
  if (body === null || typeof body !== "object") return form;
  for (const [name, value] of Object.entries(body)) {
    const first: unknown = Array.isArray(value) ? value[0] : value;
    if (typeof first === "string") form[name] = first;
  }
  return form;
}
