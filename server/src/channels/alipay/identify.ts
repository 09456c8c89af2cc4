import type { CallEnd, ChannelContext, ChannelDeps, Identification } from "../port.ts";
import type { Answer } from "./answer.ts";
import { callGateway, credentialsOf, withQuery } from "./gateway.ts";
import type { GatewayRequest } from "./requests.ts";

// Who the user of Alipay's own browser is: 用户授权, scope auth_base, without asking him.

export function createIdentification(deps: ChannelDeps): Identification {
  return {
    codeParameter: "auth_code",
    authorizeUrl: (context, { redirectUrl, state }) => {
      const address = authorizeAddress(context);
      const app_id = credentialsOf(context).appId;
      if (address === null) return null;
      return withQuery(address, { app_id, scope: "auth_base", redirect_uri: redirectUrl, state });
    },
    buyerOf: async (context, code) => {
      const called = await callGateway(deps, context, "identify", tokenRequest(code));
      if (called.end !== "answer") return called;
      return { ...buyerIn(called.answer), exchange: called.exchange };
    },
  };
}

function tokenRequest(code: string): GatewayRequest {
  const parameters = { grant_type: "authorization_code", code };
  return { method: "alipay.system.oauth.token", content: {}, parameters };
}

/** An app sees its users by `user_id` or, newer ones, by `open_id` alone. */
function buyerIn({ body }: Answer): CallEnd<{ readonly buyer: string }> {
  const buyer = [body.user_id, body.open_id].find((id) => typeof id === "string" && id !== "");
  if (typeof buyer === "string") return { end: "answered", value: { buyer } };
  return { end: "unknown", reason: "the answer names no user" };
}

/**
 * `openauth` beside `openapi`, in production and in Alipay's own sandbox; a gateway of any other name has the
 * page itself. Null: it is no address.
 */
function authorizeAddress({ gatewayUrl }: ChannelContext): string | null {
  const gateway = URL.parse(gatewayUrl);
  if (gateway === null) return null;
  const host = gateway.host.replace(/^openapi\b/, "openauth");
  return `${gateway.protocol}//${host}/oauth2/publicAppAuthorize.htm`;
}
