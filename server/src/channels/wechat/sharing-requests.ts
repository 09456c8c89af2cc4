import { constants, type KeyObject, publicEncrypt } from "node:crypto";
import type { SharedOrder, ShareOrder, ShareReceiver, ShareReturnOrder } from "../port.ts";
import type { WechatCredentials } from "./credentials.ts";
import { type ApiRequest, plainText, subMerchantOf, withQuery } from "./requests.ts";

// Pure but for the padding of what is encrypted: what is asked of WeChat Pay's profit sharing, API v3.

type Ids = Pick<WechatCredentials, "mchid" | "appid" | "subMchid" | "subAppid">;

const DESCRIPTION_CHARACTERS_MAX = 80;

/** Makes a receiver known. Its name is a merchant's or a person's: it goes encrypted. */
export function bindRequest(receiver: ShareReceiver, ids: Ids, key: KeyObject | null): ApiRequest {
  return {
    method: "POST",
    target: "/v3/profitsharing/receivers/add",
    body: {
      ...appOf(ids),
      type: receiver.type,
      account: receiver.account,
      ...nameOf(receiver, key),
      relation_type: receiver.relation ?? RELATION_DEFAULT,
    },
  };
}

const RELATION_DEFAULT = "PARTNER";

/** One receiver, and no more: the rest stays frozen until the splitting is finished. */
export function shareRequest(share: ShareOrder, ids: Ids): ApiRequest {
  return {
    method: "POST",
    target: "/v3/profitsharing/orders",
    body: {
      ...appOf(ids),
      transaction_id: share.order.channelTradeNo,
      out_order_no: share.channelShareNo,
      receivers: [
        {
          type: share.receiver.type,
          account: share.receiver.account,
          amount: Number(share.amount),
          description: descriptionOf(share.description),
        },
      ],
      unfreeze_unsplit: false,
    },
  };
}

export function shareQueryRequest(share: ShareOrder, ids: Ids): ApiRequest {
  const path = `/v3/profitsharing/orders/${encodeURIComponent(share.channelShareNo)}`;
  const query = { ...subMerchantOf(ids), transaction_id: share.order.channelTradeNo };
  return { method: "GET", target: withQuery(path, query), body: null };
}

export function returnRequest(given: ShareReturnOrder, ids: Ids): ApiRequest {
  return {
    method: "POST",
    target: "/v3/profitsharing/return-orders",
    body: {
      ...subMerchantOf(ids),
      out_order_no: given.share.channelShareNo,
      out_return_no: given.channelReturnNo,
      return_mchid: given.share.receiver.account,
      amount: Number(given.amount),
      description: descriptionOf(given.description),
    },
  };
}

export function returnQueryRequest(given: ShareReturnOrder, ids: Ids): ApiRequest {
  const path = `/v3/profitsharing/return-orders/${encodeURIComponent(given.channelReturnNo)}`;
  const query = { ...subMerchantOf(ids), out_order_no: given.share.channelShareNo };
  return { method: "GET", target: withQuery(path, query), body: null };
}

/** What is frozen still becomes the merchant's. The same number again changes nothing. */
export function finishRequest(order: SharedOrder, finishNo: string, ids: Ids): ApiRequest {
  return {
    method: "POST",
    target: "/v3/profitsharing/orders/unfreeze",
    body: {
      ...subMerchantOf(ids),
      transaction_id: order.channelTradeNo,
      out_order_no: finishNo,
      description: "分账完成，解冻剩余资金",
    },
  };
}

/** RSAES-OAEP with SHA-1, base64: WeChat Pay's guide to sensitive fields. */
export function sealed(text: string, key: KeyObject): string {
  const padding = constants.RSA_PKCS1_OAEP_PADDING;
  return publicEncrypt({ key, padding, oaepHash: "sha1" }, Buffer.from(text, "utf8")).toString("base64");
}

function nameOf({ name }: ShareReceiver, key: KeyObject | null): Record<string, string> {
  return name === null || key === null ? {} : { name: sealed(name, key) };
}

function appOf(ids: Ids): Record<string, string> {
  return {
    ...subMerchantOf(ids),
    appid: ids.appid,
    ...(ids.subMchid === null || ids.subAppid === null ? {} : { sub_appid: ids.subAppid }),
  };
}

function descriptionOf(text: string): string {
  return [...plainText(text)].slice(0, DESCRIPTION_CHARACTERS_MAX).join("");
}
