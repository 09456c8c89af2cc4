import type { Scene } from "../model.ts";
import { bindRoyalty, settle, settleQuery } from "../royalty/methods.ts";
import { billDownloadUrl } from "./bill.ts";
import type { Method } from "./call.ts";
import { cancel, close } from "./close.ts";
import { create } from "./create.ts";
import { exchangeCode, oauthToken } from "./oauth-token.ts";
import { pay } from "./pay.ts";
import { precreate } from "./precreate.ts";
import { query } from "./query.ts";
import { refund, refundQuery } from "./refund.ts";

/** What merchants' servers call. */
export const methods: Record<string, Method> = {
  "alipay.trade.precreate": precreate,
  "alipay.trade.pay": pay,
  "alipay.trade.create": create,
  "alipay.trade.query": query,
  "alipay.trade.close": close,
  "alipay.trade.cancel": cancel,
  "alipay.trade.refund": refund,
  "alipay.trade.fastpay.refund.query": refundQuery,
  "alipay.trade.royalty.relation.bind": bindRoyalty,
  "alipay.trade.order.settle": settle,
  "alipay.trade.order.settle.query": settleQuery,
  [oauthToken]: exchangeCode,
  "alipay.data.dataservice.bill.downloadurl.query": billDownloadUrl,
};

/** What buyers arrive with: signed by the merchant's server, carried by the buyer's browser or app. */
export const pageScenes: Record<string, Scene> = {
  "alipay.trade.page.pay": "page",
  "alipay.trade.wap.pay": "wap",
  "alipay.trade.app.pay": "app",
};
