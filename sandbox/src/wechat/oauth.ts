import type { FastifyInstance, FastifyReply } from "fastify";
import { randomToken } from "../clock.ts";
import { buyerOf } from "../wallet-buyer.ts";
import { openidOf } from "./buyer.ts";
import type { WechatDeps } from "./context.ts";
import { type OauthCode, oauthApps, oauthCodes } from "./model.ts";

// 网页授权 with scope snsapi_base: WeChat's own browser learns a code for its user, whom nobody asks; the app's
// server opens it once. open.weixin.qq.com and api.weixin.qq.com are one address here.

const codeLifetimeMs = 5 * 60_000;
const tokenLifetimeSeconds = 7_200;
/** WeChat matches the link as a whole: in another order the page does not open. */
const linkPattern = /\?appid=[^&]+&redirect_uri=[^&]+&response_type=code&scope=snsapi_base(&state=[^&]*)?$/;
const statePattern = /^[A-Za-z0-9]{0,128}$/;

export function registerWechatOauth(app: FastifyInstance, deps: WechatDeps): void {
  app.get("/wechat/connect/oauth2/authorize", async (request, reply) => {
    const query = request.query as Record<string, string | undefined>;
    const { appid = "", redirect_uri: back = "", state = "" } = query;
    if (!/MicroMessenger\//.test(request.headers["user-agent"] ?? "")) {
      return sorry(reply, "请在微信客户端打开链接");
    }
    if (!linkPattern.test(request.raw.url ?? "")) return sorry(reply, "链接参数错误");
    if (!(await deps.store.get(oauthApps, appid))) return sorry(reply, "AppID 参数错误");
    if (!URL.canParse(back)) return sorry(reply, "redirect_uri 参数错误");
    if (!statePattern.test(state)) return sorry(reply, "state 参数错误");
    const code: OauthCode = {
      code: randomToken(deps.random, 24),
      appid,
      openid: openidOf(appid, buyerOf(request)),
      expiresAt: new Date(deps.clock.now().getTime() + codeLifetimeMs),
      usedAt: null,
    };
    await deps.store.transaction((tx) => tx.insert(oauthCodes, code));
    const to = new URL(back);
    to.searchParams.set("code", code.code);
    to.searchParams.set("state", state);
    return reply.redirect(to.href, 302);
  });

  app.get("/wechat/sns/oauth2/access_token", async (request) => {
    const { appid, secret, code, grant_type: grant } = request.query as Record<string, string | undefined>;
    const known = appid === undefined ? undefined : await deps.store.get(oauthApps, appid);
    if (!known) return failed(40_013, "invalid appid");
    if (secret !== known.secret) return failed(40_125, "invalid appsecret");
    if (grant !== "authorization_code") return failed(40_002, "invalid grant_type");
    return deps.store.transaction(async (tx) => {
      const found = code === undefined ? undefined : await tx.lock(oauthCodes, code);
      const now = deps.clock.now();
      if (!found || found.appid !== appid || found.expiresAt <= now) return failed(40_029, "invalid code");
      if (found.usedAt) return failed(40_163, "code been used");
      await tx.update(oauthCodes, { ...found, usedAt: now });
      return {
        access_token: randomToken(deps.random, 48),
        expires_in: tokenLifetimeSeconds,
        refresh_token: randomToken(deps.random, 48),
        openid: found.openid,
        scope: "snsapi_base",
        is_snapshotuser: 0,
      };
    });
  });
}

function failed(errcode: number, errmsg: string) {
  return { errcode, errmsg: `${errmsg}, rid: sandbox` };
}

function sorry(reply: FastifyReply, sentence: string): FastifyReply {
  const page = `<!doctype html><html lang="zh-CN"><meta charset="utf-8"><h1>${sentence}</h1></html>`;
  return reply.type("text/html;charset=utf-8").send(page);
}
