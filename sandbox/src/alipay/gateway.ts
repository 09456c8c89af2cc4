import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { randomToken, sleep } from "../clock.ts";
import { interfere, loseAnswer, type Passed, sent } from "../faults/index.ts";
import { arriveInBrowser } from "./arrival.ts";
import { Biz, BusinessRefusal, refusalAnswer } from "./biz.ts";
import type { AlipayDeps } from "./context.ts";
import { alipayWords } from "./interference.ts";
import { oauthToken } from "./methods/oauth-token.ts";
import { zeroAmounts } from "./methods/pay.ts";
import { methods, pageScenes } from "./methods/table.ts";
import { type App, orders } from "./model.ts";
import { type Verified, verifyRequest } from "./verify.ts";
import { type Answer, type AnswerSigner, envelope, failure, responseKeyOf } from "./wire/answer.ts";
import type { Params } from "./wire/signing.ts";

/** Alipay's own endpoint: `gateway.do`, parameters in the query, the body, or both. */
export function registerGateway(
  app: FastifyInstance,
  deps: AlipayDeps & { log: (line: string) => void },
): void {
  const handle = async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    const params = mergedParams(request.query, request.body);
    const method = params.method ?? "";
    if (Object.hasOwn(pageScenes, method)) return arriveInBrowser(deps, params, reply);
    const called = await answerCall(deps, params);
    const { waitMs, ending, status } = called.passage;
    if (waitMs > 0) await sleep(deps.clock, waitMs);
    if (ending === "cut") return loseAnswer(reply);
    if (ending === "status") {
      return reply.code(status).type("text/html;charset=utf-8").send("<h1>The gateway is in trouble</h1>");
    }
    return reply
      .header("trace_id", randomToken(deps.random, 12))
      .type("text/html;charset=utf-8")
      .send(envelope(called.responseKey, called.answer, called.signer));
  };
  app.get("/gateway.do", handle);
  app.post("/gateway.do", handle);
}

type Called = Passed<Answer> & { responseKey: string; signer: AnswerSigner | null };

async function answerCall(
  deps: AlipayDeps & { log: (line: string) => void },
  params: Params,
): Promise<Called> {
  const verdict = await verifyRequest(deps.store, params, (name) => Object.hasOwn(methods, name));
  const method = params.method ?? "";
  if ("refused" in verdict) {
    const responseKey = Object.hasOwn(methods, method) ? responseKeyOf(method) : "error_response";
    return { responseKey, answer: verdict.refused, signer: signerOf(verdict.app), passage: sent };
  }
  const { ok } = verdict;
  const done = await interfere(deps, alipayWords, await contextOf(deps, params, ok), () =>
    carryOut(deps, params, ok),
  );
  // A yes of this method has no code, and a no of it is nobody's answer in particular.
  const refused = method === oauthToken && Object.hasOwn(done.answer, "code");
  const responseKey = refused ? "error_response" : responseKeyOf(method);
  return { responseKey, signer: signerOf(ok.app), ...done };
}

async function carryOut(
  deps: AlipayDeps & { log: (line: string) => void },
  params: Params,
  verified: Verified,
): Promise<Answer> {
  const method = params.method!;
  try {
    return await methods[method]!(deps, {
      method,
      app: verified.app,
      seller: verified.seller,
      biz: new Biz(verified.biz),
      params,
      notifyUrl: params.notify_url || null,
      returnUrl: params.return_url || null,
    });
  } catch (error) {
    if (error instanceof BusinessRefusal) {
      const isPay = method === "alipay.trade.pay";
      const outTradeNo = verified.biz.out_trade_no;
      return refusalAnswer(
        error.code,
        error.detail,
        isPay ? { ...zeroAmounts, out_trade_no: outTradeNo } : {},
      );
    }
    deps.log(`${method}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    return failure("20000", "isp.unknow-error", "系统繁忙");
  }
}

/** What faults are matched with. A call that names the trade alone is about its order all the same. */
async function contextOf({ store }: AlipayDeps, params: Params, verified: Verified) {
  const { out_trade_no: outTradeNo, trade_no: tradeNo } = verified.biz;
  const found = typeof tradeNo === "string" ? await store.find(orders, "trade_no", tradeNo) : undefined;
  return {
    outTradeNo: typeof outTradeNo === "string" ? outTradeNo : (found?.outTradeNo ?? null),
    appId: verified.app.appId,
    method: params.method!,
  };
}

function signerOf(app: App | null): AnswerSigner | null {
  if (!app) return null;
  return { privateKey: app.platformPrivateKey, certSn: app.certificates?.alipayCertSn ?? null };
}

/** Query and body as one; the body wins. A name given twice counts once, by its first value. */
export function mergedParams(query: unknown, body: unknown): Params {
  const merged: Params = {};
  for (const source of [query, body]) {
    if (source === null || typeof source !== "object") continue;
    for (const [name, value] of Object.entries(source)) {
      const first: unknown = Array.isArray(value) ? value[0] : value;
      if (typeof first === "string") merged[name] = first;
    }
  }
  return merged;
}
