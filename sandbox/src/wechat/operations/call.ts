import type { StoreReader } from "../../store/index.ts";
import { lockOrder, orderIdOfTransaction, type WechatDeps, type Work } from "../context.ts";
import { type Merchant, type Order, orderId, orders, type PlatformKey } from "../model.ts";
import type { Answer } from "../wire/answer.ts";
import type { Fields } from "../wire/fields.ts";
import { invalid, WechatRefusal } from "../wire/refusals.ts";

/** One verified call. */
export type Call = {
  /** The operation's name, which faults match. */
  method: string;
  merchant: Merchant;
  /** The key that the request names, or the present one. */
  key: PlatformKey;
  params: Record<string, string>;
  query: Record<string, string>;
  body: Record<string, unknown>;
  fields: Fields;
};

export type Operation = {
  name: string;
  verb: "GET" | "POST";
  path: string;
  /** Which order the call is about, for faults; undefined where it is about none that is known. */
  orderOf: (reader: StoreReader, call: Call) => Promise<Pick<Order, "outTradeNo"> | undefined>;
  carryOut: (deps: WechatDeps, call: Call) => Promise<Answer>;
};

/** Whose orders the call is about; `given` holds mchid, or sp_mchid and sub_mchid. */
export function payeeNamed(call: Call, given: Record<string, unknown>, partner: boolean): string {
  const own = given[partner ? "sp_mchid" : "mchid"];
  const location = given === call.query ? "query" : "body";
  if (typeof own !== "string") throw invalid(partner ? "/sp_mchid" : "/mchid", "必填", location);
  if (own !== call.merchant.mchid) {
    throw new WechatRefusal("INVALID_REQUEST", "请求中的商户号与签名的商户号不一致");
  }
  if (!partner) return own;
  return subMerchantOf(call, given.sub_mchid);
}

/** The sub-merchant named; refused where it does not belong to the caller. */
export function subMerchantOf(call: Call, subMchid: unknown): string {
  if (typeof subMchid !== "string") throw invalid("/sub_mchid", "必填");
  if (call.merchant.subMerchants.some((one) => one.mchid === subMchid)) return subMchid;
  throw new WechatRefusal("NO_AUTH", "特约商户与服务商没有绑定关系");
}

/** Who is paid where the call names a sub-merchant or none. */
export function payeeOrSelf(call: Call, subMchid: unknown): string {
  return subMchid === undefined ? call.merchant.mchid : subMerchantOf(call, subMchid);
}

/** The order under the payee's number, locked. */
export function lockByNumber(unit: Work, payee: string, outTradeNo: string): Promise<Order | undefined> {
  return lockOrder(unit, orderId(payee, outTradeNo));
}

/** The payee's order with this transaction, locked. */
export async function lockByTransaction(
  unit: Work,
  payee: string,
  transactionId: string,
): Promise<Order | undefined> {
  const id = await orderIdOfTransaction(unit.tx, transactionId);
  return id?.startsWith(`${payee}/`) ? lockOrder(unit, id) : undefined;
}

/** The order that a path or body names by either number, whoever asks: what faults are matched with. */
export async function orderNamed(
  reader: StoreReader,
  given: Record<string, unknown>,
): Promise<Pick<Order, "outTradeNo"> | undefined> {
  if (typeof given.out_trade_no === "string") return { outTradeNo: given.out_trade_no };
  if (typeof given.transaction_id !== "string") return undefined;
  return reader.find(orders, "transaction_id", given.transaction_id);
}
