import { Refused } from "../refuse.ts";
import type { StoreReader } from "../store/index.ts";
import { type Merchant, merchants, type Order, payeeOf } from "./model.ts";
import { verify } from "./wire/signing.ts";

// What a page or an app hands over to WeChat (调起支付): the prepay_id alone opens nothing. WeChat looks whether
// the merchant signed these very fields, for the app that the order was placed for and the buyer it names.

/** The four signed lines in their order, and the signature's own field. */
const signedFields = {
  jsapi: ["appId", "timeStamp", "nonceStr", "package"],
  app: ["appid", "timestamp", "noncestr", "prepayid"],
} as const;

type ByParameters = keyof typeof signedFields;

type HandedOver = Record<string, string>;

/** Refuses as WeChat does when the fields are not the merchant's own for this order and this buyer. */
export async function checkHandedOver(
  reader: StoreReader,
  order: Order,
  code: string,
  openid: string,
): Promise<void> {
  const { scene } = order;
  if (scene !== "jsapi" && scene !== "app") return;
  const merchant = await reader.get(merchants, order.mchid);
  if (!merchant) throw new Refused(409, "MCH_NOT_EXISTS", "商户号不存在");
  const given = fieldsOf(code);
  if (scene === "jsapi") checkPage(order, given, openid);
  else checkApp(order, given);
  checkSignature(merchant, scene, given);
}

/** A page inside WeChat: `WeixinJSBridge` or `wx.requestPayment`. */
function checkPage(order: Order, given: HandedOver, openid: string): void {
  needs("JSAPI", given, [...signedFields.jsapi, "signType", "paySign"]);
  if (given.signType !== "RSA") throw refused("PARAM_ERROR", "signType应为RSA");
  if (given.package !== `prepay_id=${order.handle.prepayId}`) {
    throw refused("PARAM_ERROR", "package应为prepay_id=加预支付交易会话标识");
  }
  const ofSubMerchant = order.payerField === "sub_openid" && order.subAppid !== null;
  checkAppid(given.appId, ofSubMerchant ? order.subAppid : order.appid);
  checkTime(given.timeStamp);
  if (openid !== order.openid) {
    throw refused("INVALID_REQUEST", "下单账号与支付账号不一致，请核实后再支付");
  }
}

/** An app that calls WeChat's SDK. */
function checkApp(order: Order, given: HandedOver): void {
  needs("APP", given, [...signedFields.app, "partnerid", "package", "sign"]);
  if (given.package !== "Sign=WXPay") throw refused("PARAM_ERROR", "package应为Sign=WXPay");
  if (given.prepayid !== order.handle.prepayId) throw refused("PARAM_ERROR", "prepayid无效");
  checkAppid(given.appid, order.subAppid ?? order.appid);
  checkTime(given.timestamp);
  if (given.partnerid !== order.mchid && given.partnerid !== payeeOf(order)) {
    throw refused("INVALID_REQUEST", "partnerid与下单商户号不一致");
  }
}

function checkAppid(given: string | undefined, placedFor: string | null): void {
  if (given !== placedFor) throw refused("INVALID_REQUEST", "调起支付的appid与下单的appid不一致");
}

/** Seconds, as the ten digits that WeChat asks for; their age is not looked at, the prepay_id has its own. */
function checkTime(given: string | undefined): void {
  if (!/^\d{10}$/.test(given ?? "")) throw refused("PARAM_ERROR", "时间戳应为10位秒数");
}

function checkSignature(merchant: Merchant, scene: ByParameters, given: HandedOver): void {
  const lines = signedFields[scene].map((name) => `${given[name]}\n`).join("");
  const signature = given[scene === "jsapi" ? "paySign" : "sign"]!;
  if (!verify(Buffer.from(lines, "utf8"), signature, merchant.publicKey)) {
    throw refused("SIGN_ERROR", "支付验证签名失败");
  }
}

function needs(kind: string, given: HandedOver, names: readonly string[]): void {
  const missing = names.find((name) => !given[name]);
  if (missing !== undefined) throw refused("PARAM_ERROR", `调用支付${kind}缺少参数：${missing}`);
}

/** Texts alone: WeChat takes no number for `timeStamp`. */
function fieldsOf(code: string): HandedOver {
  try {
    const read: unknown = JSON.parse(code);
    if (typeof read !== "object" || read === null) return {};
    return Object.fromEntries(Object.entries(read).filter(([, value]) => typeof value === "string"));
  } catch {
    return {};
  }
}

function refused(code: string, message: string): Refused {
  return new Refused(409, code, message);
}
