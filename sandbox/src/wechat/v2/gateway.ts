import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { randomToken, sleep } from "../../clock.ts";
import { interfere, loseAnswer, type Passage, sent, type Words } from "../../faults/index.ts";
import type { WechatDeps } from "../context.ts";
import { orders } from "../model.ts";
import { readV2Call, type V2Call, type V2Operation } from "./call.ts";
import { micropay } from "./micropay.ts";
import { orderquery } from "./orderquery.ts";
import { type V2Code, V2Refusal, V2Unheard, v2Refusals } from "./refusals.ts";
import { reverse } from "./reverse.ts";
import { v2Signature } from "./signing.ts";
import { type V2Fields, writeXml } from "./xml.ts";

type GatewayDeps = WechatDeps & { log: (line: string) => void };
type Outcome = { answer: V2Fields; passage: Passage; call: V2Call | null };

const operations: readonly V2Operation[] = [micropay, orderquery, reverse];

const words: Words<V2Fields> = {
  rateRefusal: () => refusalFields("FREQUENCY_LIMITED"),
  unknown: () => refusalFields("SYSTEMERROR"),
  // These are whole answers too, and can be lost like any other.
  succeeded: ({ result_code: result, err_code: code }) =>
    result === "SUCCESS" || code === "USERPAYING" || code === "ORDERNOTEXIST",
};

/** WeChat Pay's APIv2 under `/wechat/pay/…` and `/wechat/secapi/…`: XML, and payment codes alone. */
export function registerWechatV2(app: FastifyInstance, deps: GatewayDeps): void {
  void app.register(
    (scope, _options, done) => {
      scope.removeAllContentTypeParsers();
      scope.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, parsed) => parsed(null, body));
      for (const operation of operations) {
        scope.post(operation.path, (request, reply) => handle(deps, operation, request, reply));
      }
      done();
    },
    { prefix: "/wechat" },
  );
}

async function handle(
  deps: GatewayDeps,
  operation: V2Operation,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<unknown> {
  const { answer, passage, call } = await outcomeOf(deps, operation, request);
  if (passage.waitMs > 0) await sleep(deps.clock, passage.waitMs);
  if (passage.ending === "cut") return loseAnswer(reply);
  if (passage.ending === "status") {
    return reply.code(passage.status).type("text/html").send("<h1>The gateway is in trouble</h1>");
  }
  return reply.type("text/xml; charset=utf-8").send(writeXml(call ? signed(deps, call, answer) : answer));
}

async function outcomeOf(
  deps: GatewayDeps,
  operation: V2Operation,
  request: FastifyRequest,
): Promise<Outcome> {
  try {
    const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    const call = await readV2Call(deps.store, operation.name, body);
    const context = {
      outTradeNo: await orderNumberOf(deps, call),
      appId: call.merchant.appid,
      mchid: call.merchant.mchid,
      method: operation.name,
    };
    return { ...(await interfere(deps, words, context, () => carryOut(deps, operation, call))), call };
  } catch (error) {
    if (!(error instanceof V2Unheard)) throw error;
    return { answer: { return_code: "FAIL", return_msg: error.message }, passage: sent, call: null };
  }
}

async function orderNumberOf({ store }: GatewayDeps, { fields }: V2Call): Promise<string | null> {
  if (fields.out_trade_no) return fields.out_trade_no;
  if (!fields.transaction_id) return null;
  return (await store.find(orders, "transaction_id", fields.transaction_id))?.outTradeNo ?? null;
}

async function carryOut(deps: GatewayDeps, operation: V2Operation, call: V2Call): Promise<V2Fields> {
  try {
    return { result_code: "SUCCESS", ...(await operation.carryOut(deps, call)) };
  } catch (error) {
    if (error instanceof V2Refusal) return refusalFields(error.code, error.message);
    deps.log(`${operation.path}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    return refusalFields("SYSTEMERROR");
  }
}

function refusalFields(code: V2Code, message: string = v2Refusals[code]): V2Fields {
  return { result_code: "FAIL", err_code: code, err_code_des: message };
}

/** The answer with what every answer has, signed as the call was. */
function signed(deps: GatewayDeps, call: V2Call, answer: V2Fields): V2Fields {
  const { appid, mch_id: mchId, sub_mch_id: subMchId, sub_appid: subAppid } = call.fields;
  const whole: V2Fields = {
    return_code: "SUCCESS",
    return_msg: "OK",
    ...(appid && { appid }),
    ...(mchId && { mch_id: mchId }),
    ...(subMchId && { sub_mch_id: subMchId }),
    ...(subAppid && { sub_appid: subAppid }),
    nonce_str: randomToken(deps.random, 16).replace(/[-_]/g, "z"),
    ...answer,
  };
  return { ...whole, sign: v2Signature(whole, call.key, call.signType) };
}
