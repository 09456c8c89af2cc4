import { parseBeijing } from "../china/beijing.ts";
import type { StoreReader } from "../store/index.ts";
import { type App, apps, type Seller } from "./model.ts";
import { type Answer, failure } from "./wire/answer.ts";
import { type Params, requestText, rsa2Verify } from "./wire/signing.ts";

// The ladder on which a request is checked before its content is looked at; which refusal wins is its order.

export type Verified = { app: App; seller: Seller; biz: Record<string, unknown> };

/** `app` is there as soon as it is known: from then on the answer is signed. */
export type Verdict = { ok: Verified } | { refused: Answer; app: App | null };

/** Checks a request's public parameters, its signature, and whom it acts for. */
export async function verifyRequest(
  reader: StoreReader,
  params: Params,
  knownMethods: (method: string) => boolean,
): Promise<Verdict> {
  const appId = params.app_id;
  if (!appId) return { refused: missing("app-id", "缺少appId参数"), app: null };
  const app = await reader.get(apps, appId);
  if (!app) return { refused: invalid("app-id", "无效的AppID参数"), app: null };
  const refused = publicParamsRefusal(params, knownMethods) ?? signatureRefusal(params, app);
  if (refused) return { refused, app };
  const seller = sellerOf(params, app);
  if ("code" in seller) return { refused: seller, app };
  const biz = bizContent(params.biz_content);
  if (!biz) return { refused: invalid("parameter", "biz_content不是合法的JSON对象"), app };
  return { ok: { app, seller, biz } };
}

function publicParamsRefusal(params: Params, knownMethods: (method: string) => boolean): Answer | undefined {
  const { method, sign, sign_type: signType, charset, format, timestamp, version } = params;
  if (!method) return missing("method", "缺少方法名参数");
  if (!knownMethods(method)) return invalid("method", "不存在的方法名");
  if (!signType) return missing("signature-type", "缺少签名类型参数");
  if (signType !== "RSA2") return invalid("signature-type", "无效的签名类型");
  if (!sign) return missing("signature", "缺少签名参数");
  if (!timestamp) return missing("timestamp", "缺少时间戳参数");
  if (!parseBeijing(timestamp)) return invalid("timestamp", "非法的时间戳参数");
  if (!version) return missing("version", "缺少版本参数");
  if (format && format.toUpperCase() !== "JSON") return invalid("format", "无效的数据格式");
  if (charset && charset.toLowerCase() !== "utf-8") return invalid("charset", "字符集错误");
  if (params.encrypt_type) return invalid("encrypt-type", "无效的加密类型");
  return undefined;
}

function signatureRefusal(params: Params, app: App): Answer | undefined {
  const certificates = app.certificates;
  if (certificates) {
    const { app_cert_sn: appCertSn, alipay_root_cert_sn: rootCertSn } = params;
    if (!appCertSn) return missing("app-cert-sn", "缺少应用公钥证书序列号参数");
    if (!rootCertSn) return missing("root-cert-sn", "缺少支付宝根证书序列号参数");
    if (appCertSn !== certificates.appCertSn) return invalid("app-cert-sn", "应用公钥证书序列号不匹配");
    if (rootCertSn !== certificates.rootCertSn) return invalid("root-cert-sn", "支付宝根证书序列号不匹配");
  }
  const text = requestText(params);
  if (rsa2Verify(text, params.sign!, app.appPublicKey)) return undefined;
  const shown = text.replaceAll("&", "&amp;").replaceAll('"', "&quot;");
  const sentence = `验签出错，建议检查签名字符串或签名私钥与应用公钥是否匹配，网关生成的验签字符串为：${shown}`;
  return invalid("signature", sentence);
}

/** Whom a call acts for. A service provider's app has no till of its own, so it always says for whom. */
function sellerOf(params: Params, app: App): Seller | Answer {
  const token = params.app_auth_token;
  if (!token && app.authorisation) {
    return failure(
      "40006",
      "isv.insufficient-isv-permissions",
      "ISV权限不足，建议在开发者中心检查对应功能是否已经添加",
    );
  }
  if (!token) return { sellerId: app.pid, authAppId: app.appId };
  if (token !== app.authorisation?.appAuthToken) {
    return failure("20001", "aop.invalid-app-auth-token", "无效的应用授权令牌");
  }
  return { sellerId: app.authorisation.sellerId, authAppId: app.authorisation.authAppId };
}

function bizContent(text: string | undefined): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text || "{}");
    return value !== null && typeof value === "object" && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

function missing(what: string, sentence: string): Answer {
  return failure("40001", `isv.missing-${what}`, sentence);
}

function invalid(what: string, sentence: string): Answer {
  return failure("40002", `isv.invalid-${what}`, sentence);
}
