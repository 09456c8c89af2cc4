import type { StoreReader } from "../store/index.ts";
import { namedPlatformKey, platformKeyOf } from "./merchants/keys.ts";
import { type Merchant, merchants, type PlatformKey } from "./model.ts";
import { WechatRefusal } from "./wire/refusals.ts";
import { type Authorization, readAuthorization, requestBytes, verify } from "./wire/signing.ts";

// The ladder on which a request is checked before its content is looked at; which refusal wins is its order.

export type Incoming = {
  verb: string;
  /** Path and query exactly as they came. */
  target: string;
  headers: Record<string, string | string[] | undefined>;
  body: Buffer;
};

/** Who called, and which key signs the answer. */
export type Verified = { merchant: Merchant; key: PlatformKey };

const clockSkewMaxMs = 300_000;
const signMessageShownMax = 256;

/** Checks a request's headers and its signature over the bytes that came. */
export async function verifyRequest(
  reader: StoreReader,
  now: Date,
  prefix: string,
  incoming: Incoming,
): Promise<Verified> {
  const { headers, body } = incoming;
  if (!text(headers["user-agent"]) || !text(headers.accept)) {
    throw new WechatRefusal("PARAM_ERROR", "Http头缺少Accept或User-Agent");
  }
  if (body.length > 0 && !/^application\/json\b/i.test(text(headers["content-type"]) ?? "")) {
    throw new WechatRefusal("PARAM_ERROR", "Http头Content-Type应为application/json");
  }
  const given = readAuthorization(text(headers.authorization));
  if (!given)
    throw new WechatRefusal(
      "SIGN_ERROR",
      "Http头Authorization值格式错误，请参考《微信支付商户REST API签名规则》",
    );
  const merchant = await reader.get(merchants, given.mchid);
  if (!merchant) throw new WechatRefusal("SIGN_ERROR", "商户号不存在或未开通APIv3");
  const skewMs = Math.abs(Number(given.timestamp) * 1_000 - now.getTime());
  if (!(skewMs <= clockSkewMaxMs)) {
    throw new WechatRefusal("SIGN_ERROR", "Http头Authorization中的timestamp与发起请求的时间不得超过5分钟");
  }
  if (given.serial.toUpperCase() !== merchant.serial) {
    throw new WechatRefusal("SIGN_ERROR", "商户证书序列号有误。请使用签名私钥匹配的证书序列号");
  }
  checkSignature(prefix, incoming, given, merchant);
  const wanted = text(headers["wechatpay-serial"]);
  const key = wanted === undefined ? platformKeyOf(merchant) : namedPlatformKey(merchant, wanted);
  if (!key) throw new WechatRefusal("PARAM_ERROR", "Http头Wechatpay-Serial不是有效的平台证书序列号或公钥ID");
  return { merchant, key };
}

/**
 * The signature covers the path as sent. Here the gateway's address has a path of its own, which WeChat Pay's
 * hosts have not: the official SDK signs it too (what axios resolves baseURL and url to), a client that knows
 * its path from `/v3/` on does not. Either is taken.
 */
function checkSignature(prefix: string, incoming: Incoming, given: Authorization, merchant: Merchant): void {
  const { verb, target, body } = incoming;
  const bare = target.startsWith(prefix) ? target.slice(prefix.length) : target;
  const signed = [bare, target].some((one) =>
    verify(requestBytes(verb, one, given, body), given.signature, merchant.publicKey),
  );
  if (signed) return;
  const expected = requestBytes(verb, bare, given, body).toString("utf8");
  throw new WechatRefusal("SIGN_ERROR", "签名错误", {
    field: "signature",
    issue: "sign not match",
    location: "authorization",
    sign_information: {
      method: verb,
      url: bare,
      truncated_sign_message: expected.slice(0, signMessageShownMax),
      sign_message_length: expected.length,
    },
  });
}

function text(header: string | string[] | undefined): string | undefined {
  return typeof header === "string" && header !== "" ? header : undefined;
}
