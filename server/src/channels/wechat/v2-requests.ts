import type { NewOrder, Order } from "../port.ts";
import type { WechatCredentials } from "./credentials.ts";
import { plainText } from "./requests.ts";
import { compactBeijingTime } from "./time.ts";
import type { V2Fields } from "./v2-xml.ts";

// Pure: what is asked of WeChat Pay's API v2, which alone charges payment codes. Signing and sending are the
// gateway's part.

export type V2Request = { readonly path: string; readonly fields: V2Fields };

type Ids = Pick<WechatCredentials, "mchid" | "appid" | "subMchid" | "subAppid">;

/** The machine that calls, where the till's address is not known. */
const OWN_ADDRESS = "127.0.0.1";

/** Charges the buyer's code. */
export function micropayRequest(order: NewOrder, ids: Ids): V2Request {
  return {
    path: "/pay/micropay",
    fields: {
      ...merchantOf(ids),
      ...(order.terminalNo === null ? {} : { device_info: order.terminalNo }),
      body: plainText(order.subject)
        .replace(/\p{Cc}/gu, " ")
        .toWellFormed(),
      out_trade_no: order.channelOrderNo,
      total_fee: order.amount.toString(),
      fee_type: "CNY",
      spbill_create_ip: order.buyerIp ?? OWN_ADDRESS,
      time_expire: compactBeijingTime(order.expiresAt),
      auth_code: order.paymentCode ?? "",
      ...(order.profitSharing === true ? { profit_sharing: "Y" } : {}),
    },
  };
}

export function orderQueryRequest(channelOrderNo: string, ids: Ids): V2Request {
  return { path: "/pay/orderquery", fields: { ...merchantOf(ids), out_trade_no: channelOrderNo } };
}

/** Ends the order: unpaid it is over, paid the money goes back. */
export function reverseRequest(order: Order, ids: Ids): V2Request {
  return { path: "/secapi/pay/reverse", fields: { ...merchantOf(ids), out_trade_no: order.channelOrderNo } };
}

function merchantOf(ids: Ids): Record<string, string> {
  return {
    appid: ids.appid,
    mch_id: ids.mchid,
    ...(ids.subMchid === null ? {} : { sub_mch_id: ids.subMchid }),
    ...(ids.subAppid === null ? {} : { sub_appid: ids.subAppid }),
  };
}
