import type { CallEnd, ChannelContext, ChannelDeps, Identification } from "../port.ts";
import { credentialsOf } from "./gateway.ts";
import { clientIdsOf } from "./requests.ts";

// Who the user of WeChat's own browser is: 网页授权, scope snsapi_base, without asking him.
// https://developers.weixin.qq.com/doc/offiaccount/OA_Web_Apps/Wechat_webpage_authorization.html

const ANSWER_BYTES_MAX = 16 * 1_024;
/** WeChat Pay has a host of its own, and neither page nor token is there. */
const PAYMENT_HOST = /^api2?\.mch\.weixin\.qq\.com$/;
/** WeChat is busy: nothing is known of the code. */
const BUSY = -1;

export function createIdentification(deps: ChannelDeps): Identification {
  return {
    codeParameter: "code",
    authorizeUrl: (context, { redirectUrl, state }) => {
      const { appSecret } = credentialsOf(context);
      if (appSecret === null) return null;
      // WeChat takes the parameters in this order alone, and wants the fragment.
      const query = [
        ["appid", appIdOf(context)],
        ["redirect_uri", redirectUrl],
        ["response_type", "code"],
        ["scope", "snsapi_base"],
        ["state", state],
      ].map(([name, value = ""]) => `${name}=${encodeURIComponent(value)}`);
      return `${hostFor(context, "open")}/connect/oauth2/authorize?${query.join("&")}#wechat_redirect`;
    },
    buyerOf: (context, code) => buyerOf(deps, context, code),
  };
}

async function buyerOf(deps: ChannelDeps, context: ChannelContext, code: string) {
  const startedAt = deps.clock.now();
  const address = `${hostFor(context, "api")}/sns/oauth2/access_token`;
  const sent = await deps.http.request({
    url: `${address}?${new URLSearchParams({
      appid: appIdOf(context),
      secret: credentialsOf(context).appSecret ?? "",
      code,
      grant_type: "authorization_code",
    }).toString()}`,
    method: "GET",
    headers: { accept: "application/json" },
    body: null,
    timeoutMs: context.timeoutMs,
    network: context.network,
    responseBytesMax: ANSWER_BYTES_MAX,
  });
  const read = sent.end === "response" ? objectIn(sent.body.toString("utf8")) : null;
  const exchange = {
    operation: "identify" as const,
    startedAt,
    tookMs: deps.clock.now().getTime() - startedAt.getTime(),
    channelCode: typeof read?.errcode === "number" ? String(read.errcode) : null,
    request: `GET ${address}`,
    response: null,
  };
  return { ...(sent.end === "response" ? endOf(read) : sent), exchange };
}

function endOf(read: Record<string, unknown> | null): CallEnd<{ readonly buyer: string }> {
  if (typeof read?.openid === "string" && read.openid !== "") {
    return { end: "answered", value: { buyer: read.openid } };
  }
  const { errcode, errmsg } = read ?? {};
  if (typeof errcode !== "number" || errcode === BUSY) {
    return { end: "unknown", reason: "the answer names no user" };
  }
  const message = typeof errmsg === "string" ? errmsg : "";
  return { end: "refused", code: String(errcode), message, retryable: false };
}

function objectIn(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

/** An openid belongs to one app: the one that the order names its buyer by. */
function appIdOf(context: ChannelContext): string {
  return clientIdsOf(credentialsOf(context)).appId;
}

/** `open.weixin.qq.com` and `api.weixin.qq.com`; a gateway that is not WeChat Pay's has both itself. */
function hostFor({ gatewayUrl }: ChannelContext, host: "open" | "api"): string {
  const real = PAYMENT_HOST.test(URL.parse(gatewayUrl)?.hostname ?? "");
  return real ? `https://${host}.weixin.qq.com` : gatewayUrl.replace(/\/+$/, "");
}
