import { timingSafeEqual } from "node:crypto";
import type { StoreReader } from "../../store/index.ts";
import { lockOrder, orderIdOfTransaction, type WechatDeps, type Work } from "../context.ts";
import { type Merchant, merchants, type Order, orderId } from "../model.ts";
import { V2Refusal, V2Unheard } from "./refusals.ts";
import { type SignType, signTypes, v2Signature } from "./signing.ts";
import { readXml, type V2Fields } from "./xml.ts";

/** One call that somebody with the merchant's APIv2 key has made. */
export type V2Call = {
  method: string;
  merchant: Merchant;
  key: string;
  signType: SignType;
  fields: V2Fields;
};

export type V2Operation = {
  name: string;
  path: string;
  /** What the call answers besides what every answer has. */
  carryOut: (deps: WechatDeps, call: V2Call) => Promise<V2Fields>;
};

/** Whom the call acts for. */
export type V2Payee = { mchid: string; subMchid: string | null; subAppid: string | null };

/** Reads and checks a call as far as its signature. */
export async function readV2Call(reader: StoreReader, method: string, body: Buffer): Promise<V2Call> {
  const fields = readXml(body.toString("utf8"));
  if (!fields) throw new V2Unheard("XML格式错误");
  const merchant = await reader.get(merchants, fields.mch_id ?? "");
  if (!merchant?.apiV2Key) throw new V2Unheard("mch_id参数格式错误");
  const signType = signTypes.find((one) => one === (fields.sign_type || "MD5"));
  if (!signType) throw new V2Unheard("sign_type参数格式错误");
  const right = Buffer.from(v2Signature(fields, merchant.apiV2Key, signType));
  const given = Buffer.from(fields.sign ?? "");
  if (given.length !== right.length || !timingSafeEqual(given, right)) throw new V2Unheard("签名错误");
  return { method, merchant, key: merchant.apiV2Key, signType, fields };
}

/** A field that must be there, of a form where one is given. */
export function requiredField(fields: V2Fields, name: string, pattern: RegExp = /^.+$/s): string {
  const value = fields[name];
  if (value === undefined || value === "") throw new V2Refusal("LACK_PARAMS", `缺少参数${name}`);
  if (!pattern.test(value)) throw new V2Refusal("PARAM_ERROR", `${name}参数格式错误`);
  return value;
}

/** The merchant or sub-merchant that the call names, held against who signed it. */
export function v2PayeeOf({ merchant, fields }: V2Call): V2Payee {
  if (requiredField(fields, "appid") !== merchant.appid) throw new V2Refusal("APPID_MCHID_NOT_MATCH");
  requiredField(fields, "nonce_str", /^.{1,32}$/);
  if (!fields.sub_mch_id) return { mchid: merchant.mchid, subMchid: null, subAppid: null };
  const sub = merchant.subMerchants.find((one) => one.mchid === fields.sub_mch_id);
  if (!sub) throw new V2Refusal("NOAUTH", "特约商户与服务商没有绑定关系");
  if (fields.sub_appid && fields.sub_appid !== sub.appid) throw new V2Refusal("APPID_MCHID_NOT_MATCH");
  return { mchid: merchant.mchid, subMchid: sub.mchid, subAppid: fields.sub_appid || null };
}

/** The payee's order that the call names by either number, locked. */
export async function lockNamedOrder(unit: Work, call: V2Call): Promise<Order | undefined> {
  const payee = v2PayeeOf(call);
  const payeeId = payee.subMchid ?? payee.mchid;
  const { transaction_id: transactionId } = call.fields;
  if (!transactionId) return lockOrder(unit, orderId(payeeId, requiredField(call.fields, "out_trade_no")));
  const id = await orderIdOfTransaction(unit.tx, transactionId);
  return id?.startsWith(`${payeeId}/`) ? lockOrder(unit, id) : undefined;
}
