import { DAY, HOUR, MINUTE, SECOND } from "../../kernel/clock.ts";
import { finish, unsent } from "../exchanges.ts";
import type {
  BindOutcome,
  CallEnd,
  ChannelContext,
  ChannelDeps,
  FinishOutcome,
  SharedOrder,
  ShareOrder,
  ShareOutcome,
  ShareReceiver,
  Sharing,
  SharingTraits,
} from "../port.ts";
import { fenOf, yuanText } from "./amount.ts";
import type { Answer } from "./answer.ts";
import { callGateway } from "./gateway.ts";
import { type Fields, RETURN_REFUSALS, refused } from "./outcomes.ts";
import type { GatewayRequest } from "./requests.ts";
import { beijingDate, parseBeijingTime } from "./time.ts";

// Alipay's royalty (分账) over `gateway.do`: an order placed with `royalty_freeze` keeps its money frozen,
// `trade.order.settle` splits it, and the one with `royalty_finish` lets go of the rest. A refund takes
// receivers' parts back itself (`refund_royalty_parameters`).

/** The most and the term are the contract's (商家分账); Alipay's own documents name none for all. */
export const ALIPAY_SHARING: SharingTraits = {
  receiverTypes: ["userId", "loginName", "openId"],
  typesWithoutReturn: [],
  maxMillionths: 300_000n,
  termDays: 30,
  startAfterMs: 0,
  returnDays: 365,
  sharesMax: 50,
  returnsWithRefund: true,
  returnRefusals: RETURN_REFUSALS,
  queryGapsMs: [5 * SECOND, 30 * SECOND, 5 * MINUTE, 30 * MINUTE, ...Array<number>(23).fill(HOUR), DAY],
};

const FORMS: Readonly<Record<string, readonly [form: RegExp, detail: string]>> = {
  userId: [/^2088\d{12}$/, "is the receiver's user id: 16 digits that begin with 2088"],
  loginName: [/^\S{3,64}$/, "is what the receiver logs in with: an address or a telephone number"],
  openId: [/^[0-9A-Za-z_-]{1,128}$/, "is the receiver's open id under the merchant's app"],
};

const DESCRIPTION_CHARACTERS_MAX = 80;

export function bindRequest({ type, account, name }: ShareReceiver, bindNo: string): GatewayRequest {
  const receiver = { type, account, ...(name === null ? {} : { name }) };
  return {
    method: "alipay.trade.royalty.relation.bind",
    content: { receiver_list: [receiver], out_request_no: bindNo },
  };
}

export function shareRequest(share: ShareOrder): GatewayRequest {
  return {
    method: "alipay.trade.order.settle",
    content: {
      out_request_no: share.channelShareNo,
      trade_no: share.order.channelTradeNo,
      royalty_parameters: [
        {
          royalty_type: "transfer",
          trans_in_type: share.receiver.type,
          trans_in: share.receiver.account,
          amount: yuanText(share.amount),
          desc: [...share.description].slice(0, DESCRIPTION_CHARACTERS_MAX).join(""),
        },
      ],
      royalty_mode: "sync",
    },
  };
}

export function shareQueryRequest(share: ShareOrder): GatewayRequest {
  return {
    method: "alipay.trade.order.settle.query",
    content: { out_request_no: share.channelShareNo, trade_no: share.order.channelTradeNo },
  };
}

export function finishRequest(order: SharedOrder, finishNo: string): GatewayRequest {
  return {
    method: "alipay.trade.order.settle",
    content: {
      out_request_no: finishNo,
      trade_no: order.channelTradeNo,
      royalty_parameters: [],
      extend_params: { royalty_finish: "true" },
    },
  };
}

export function bindOf(answer: Answer): CallEnd<BindOutcome> {
  if (answer.code === "10000" && answer.body.result_code === "SUCCESS") {
    return { end: "answered", value: { outcome: "bound" } };
  }
  if (answer.code === "10000") return { end: "unknown", reason: "the binding says neither yes nor no" };
  return no(answer);
}

/** Of the call that splits at once (`sync`): a yes is done. */
export function shareOf(answer: Answer, share: ShareOrder, at: Date): CallEnd<ShareOutcome> {
  if (answer.code !== "10000") return no(answer);
  if (answer.body.trade_no !== share.order.channelTradeNo) return another;
  const settleNo = answer.body.settle_no;
  const channelOwnNo = typeof settleNo === "string" ? settleNo : null;
  return { end: "answered", value: { outcome: "done", channelOwnNo, channelDate: beijingDate(at) } };
}

export function shareOfQuery(answer: Answer, share: ShareOrder, at: Date): CallEnd<ShareOutcome> {
  if (answer.code === "40004" && answer.subCode?.endsWith("NOT_EXIST")) return notFound;
  if (answer.code !== "10000") return no(answer);
  const list = answer.body.royalty_detail_list;
  const details = (Array.isArray(list) ? list : []) as readonly Fields[];
  const { account } = share.receiver;
  const found = details.find((one) => one.operation_type === "transfer" && one.trans_in === account);
  if (found === undefined) return notFound;
  if (fenOf(found.amount) !== share.amount) return another;
  const channelOwnNo = typeof found.detail_id === "string" ? found.detail_id : null;
  switch (found.state) {
    case "SUCCESS": {
      const done = typeof found.execute_dt === "string" ? parseBeijingTime(found.execute_dt) : null;
      const channelDate = beijingDate(done ?? at);
      return { end: "answered", value: { outcome: "done", channelOwnNo, channelDate } };
    }
    case "PROCESSING":
      return { end: "answered", value: { outcome: "pending", channelOwnNo } };
    case "FAIL": {
      const code = typeof found.error_code === "string" ? found.error_code : "FAIL";
      const message = typeof found.error_desc === "string" ? found.error_desc : "Alipay did not split it.";
      return { end: "answered", value: { outcome: "failed", code, message } };
    }
    default:
      return { end: "unknown", reason: `the state ${JSON.stringify(found.state)} is not known` };
  }
}

export function finishOf(answer: Answer): CallEnd<FinishOutcome> {
  return answer.code === "10000" ? { end: "answered", value: { outcome: "finished" } } : no(answer);
}

const notFound = { end: "answered", value: { outcome: "not_found" } } as const;
const another = { end: "unknown", reason: "the answer is about another share" } as const;

function no(answer: Answer): Extract<CallEnd<never>, { end: "refused" }> {
  return { ...refused(answer), retryable: false };
}

/** Alipay's royalty: wiring, as the connector's own. */
export function createSharing(deps: ChannelDeps): Sharing<ChannelContext> {
  const withRefund = async () => ({
    end: "refused" as const,
    code: "with_the_refund",
    message: "Alipay takes receivers' parts back with the refund.",
    retryable: false,
    exchange: unsent(deps.clock, "share_return"),
  });
  return {
    traits: ALIPAY_SHARING,
    refuseReceiver,
    bindReceiver: async (context, receiver, bindNo) =>
      finish(await callGateway(deps, context, "receiver_bind", bindRequest(receiver, bindNo)), bindOf),
    share: async (context, share) =>
      finish(await callGateway(deps, context, "share", shareRequest(share)), (answer) =>
        shareOf(answer, share, deps.clock.now()),
      ),
    queryShare: async (context, share) =>
      finish(await callGateway(deps, context, "share_query", shareQueryRequest(share)), (answer) =>
        shareOfQuery(answer, share, deps.clock.now()),
      ),
    returnShare: withRefund,
    queryReturn: withRefund,
    finish: async (context, order, finishNo) =>
      finish(await callGateway(deps, context, "share_finish", finishRequest(order, finishNo)), finishOf),
  };
}

function refuseReceiver({ type, account, name }: ShareReceiver) {
  const [form, detail] = FORMS[type] ?? [];
  if (form === undefined) {
    return { field: "type", detail: `Alipay's receivers are ${Object.keys(FORMS).join(", ")}` };
  }
  if (!form.test(account)) return { field: "account", detail: `account ${detail}` };
  return type === "loginName" && name === null
    ? { field: "name", detail: "beside a login name the registered name is needed" }
    : null;
}
