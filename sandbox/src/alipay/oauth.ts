import { createHash } from "node:crypto";
import type { FastifyInstance } from "fastify";
import { randomToken } from "../clock.ts";
import { Refused } from "../refuse.ts";
import { buyerOf } from "../wallet-buyer.ts";
import { sandboxBuyer } from "./buyers.ts";
import type { AlipayDeps } from "./context.ts";
import { apps, type Buyer, type OauthCode, oauthCodes } from "./model.ts";

// 用户授权 with scope auth_base: Alipay's own browser learns a code for its user, whom nobody asks; the app's
// server opens it once by alipay.system.oauth.token.

const codeLifetimeMs = 3 * 60_000;

export function registerAlipayOauth(app: FastifyInstance, deps: AlipayDeps): void {
  app.get("/oauth2/publicAppAuthorize.htm", async (request, reply) => {
    const query = request.query as Record<string, string | undefined>;
    const { app_id: appId = "", redirect_uri: back = "", scope, state = "" } = query;
    if (!(await deps.store.get(apps, appId))) throw new Refused(400, "app_id_invalid", "无效的AppID");
    if (scope !== "auth_base") throw new Refused(400, "scope_invalid", "scope must be auth_base.");
    if (!URL.canParse(back)) throw new Refused(400, "redirect_uri_invalid", "redirect_uri is no address.");
    const code: OauthCode = {
      code: randomToken(deps.random, 24),
      appId,
      buyer: namedBuyer(buyerOf(request)),
      expiresAt: new Date(deps.clock.now().getTime() + codeLifetimeMs),
      usedAt: null,
    };
    await deps.store.transaction((tx) => tx.insert(oauthCodes, code));
    const to = new URL(back);
    const told = { app_id: appId, source: "alipay_wallet", scope, state, auth_code: code.code };
    for (const [name, value] of Object.entries(told)) to.searchParams.set(name, value);
    return reply.redirect(to.href, 302);
  });
}

function namedBuyer(name: string | null): Buyer {
  if (name === null) return sandboxBuyer;
  const digest = createHash("sha256").update(name).digest();
  const digits = [...digest].map((byte) => byte % 10).join("");
  return { ...sandboxBuyer, userId: `2088${digits.slice(0, 12)}`, openId: digest.toString("base64url") };
}
