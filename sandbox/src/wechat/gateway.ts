import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { randomToken, sleep } from "../clock.ts";
import { interfere, loseAnswer, type Passage, sent } from "../faults/index.ts";
import type { WechatDeps } from "./context.ts";
import { wechatWords } from "./interference.ts";
import type { PlatformKey } from "./model.ts";
import type { Call, Operation } from "./operations/call.ts";
import { operations } from "./operations/table.ts";
import { verifyRequest } from "./verify.ts";
import { type Answer, answerOf, errorAnswer } from "./wire/answer.ts";
import { Fields, parseBody } from "./wire/fields.ts";
import { WechatRefusal } from "./wire/refusals.ts";
import { signedHeaders } from "./wire/signing.ts";

type GatewayDeps = WechatDeps & { log: (line: string) => void };

/** What stands before `/v3/` in the sandbox's addresses, where WeChat Pay has a host of its own. */
const prefix = "/wechat";

type Outcome = { answer: Answer; passage: Passage; key: PlatformKey | null };

/** WeChat Pay's APIv3 under `/wechat/v3/…`. */
export function registerWechatGateway(app: FastifyInstance, deps: GatewayDeps): void {
  void app.register(
    (scope, _options, done) => {
      // The signature covers the body's bytes, so nothing may parse them first.
      scope.removeAllContentTypeParsers();
      scope.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, parsed) => parsed(null, body));
      scope.setNotFoundHandler((request, reply) => {
        const answer = errorAnswer("RESOURCE_NOT_EXISTS", `${request.method} ${request.url.split("?")[0]}`);
        return reply.code(answer.status).send(answer.body);
      });
      for (const operation of operations) {
        scope.route({
          method: operation.verb,
          url: operation.path,
          handler: (request, reply) => handle(deps, operation, request, reply),
        });
      }
      done();
    },
    { prefix },
  );
}

async function handle(
  deps: GatewayDeps,
  operation: Operation,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<unknown> {
  const { answer, passage, key } = await outcomeOf(deps, operation, request);
  if (passage.waitMs > 0) await sleep(deps.clock, passage.waitMs);
  if (passage.ending === "cut") return loseAnswer(reply);
  if (passage.ending === "status") {
    return reply
      .code(passage.status)
      .type("text/html;charset=utf-8")
      .send("<h1>The gateway is in trouble</h1>");
  }
  reply.code(answer.status).header("Request-ID", `${deps.random.bytes(16).toString("hex").toUpperCase()}-0`);
  if (answer.file) return reply.type(answer.file.type).send(answer.file.content);
  const body = answer.body === null ? "" : JSON.stringify(answer.body);
  // WeChat Pay signs whatever it answers to a call whose signature was right, its refusals too.
  if (key) {
    reply.headers(signedHeaders(body, key, { now: deps.clock.now(), nonce: randomToken(deps.random, 24) }));
  }
  if (answer.body === null) return reply.send();
  return reply.type("application/json; charset=utf-8").send(body);
}

async function outcomeOf(deps: GatewayDeps, operation: Operation, request: FastifyRequest): Promise<Outcome> {
  const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  let key: PlatformKey | null = null;
  try {
    const incoming = { verb: request.method, target: request.raw.url ?? "", headers: request.headers, body };
    const verified = await verifyRequest(deps.store, deps.clock.now(), prefix, incoming);
    key = verified.key;
    const parsed = parseBody(body);
    const call: Call = {
      method: operation.name,
      merchant: verified.merchant,
      key: verified.key,
      params: request.params as Record<string, string>,
      query: request.query as Record<string, string>,
      body: parsed,
      fields: new Fields(parsed),
    };
    const context = {
      outTradeNo: (await operation.orderOf(deps.store, call))?.outTradeNo ?? null,
      appId: call.merchant.appid,
      mchid: call.merchant.mchid,
      method: operation.name,
    };
    return { ...(await interfere(deps, wechatWords, context, () => carryOut(deps, operation, call))), key };
  } catch (error) {
    return { answer: asAnswer(deps, operation, error), passage: sent, key };
  }
}

async function carryOut(deps: GatewayDeps, operation: Operation, call: Call): Promise<Answer> {
  try {
    return await operation.carryOut(deps, call);
  } catch (error) {
    return asAnswer(deps, operation, error);
  }
}

function asAnswer(deps: GatewayDeps, operation: Operation, error: unknown): Answer {
  if (error instanceof WechatRefusal) return answerOf(error);
  const told = error instanceof Error ? (error.stack ?? error.message) : String(error);
  deps.log(`${operation.verb} ${operation.path}: ${told}`);
  return errorAnswer("SYSTEM_ERROR");
}
