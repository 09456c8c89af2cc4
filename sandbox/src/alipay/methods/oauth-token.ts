import { randomToken } from "../../clock.ts";
import { oauthCodes } from "../model.ts";
import { type Answer, failure } from "../wire/answer.ts";
import type { Method } from "./call.ts";

export const oauthToken = "alipay.system.oauth.token";

const lifetimeSeconds = 1_296_000;

/** Opens the code that a browser came back with; its content stands among the public parameters. */
export const exchangeCode: Method = (deps, { app, params }) => {
  if (params.grant_type !== "authorization_code") {
    return Promise.resolve(failure("40002", "isv.grant-type-invalid", "无效的grant_type"));
  }
  return deps.store.transaction(async (tx) => {
    const code = params.code ? await tx.lock(oauthCodes, params.code) : undefined;
    const now = deps.clock.now();
    if (!code || code.appId !== app.appId || code.usedAt || code.expiresAt <= now) {
      return failure("40002", "isv.code-invalid", "授权码code无效");
    }
    await tx.update(oauthCodes, { ...code, usedAt: now });
    const { userId, openId } = code.buyer;
    const token = {
      access_token: randomToken(deps.random, 30),
      alipay_user_id: userId,
      expires_in: lifetimeSeconds,
      open_id: openId,
      re_expires_in: 2 * lifetimeSeconds,
      refresh_token: randomToken(deps.random, 30),
      user_id: userId,
    };
    return codeless(token);
  });
};

/** The one yes of the gateway that has neither `code` nor `msg`. */
function codeless(fields: Record<string, unknown>): Answer {
  return fields as Answer;
}
