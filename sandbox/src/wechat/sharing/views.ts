import type { Order } from "../model.ts";
import { formatRfc3339 } from "../wire/time.ts";
import { resultOf, returnResultOf } from "./machine.ts";
import type { Share } from "./model.ts";

function subOf(order: Order): object {
  return order.subMchid === null ? {} : { sub_mchid: order.subMchid };
}

/** A split as WeChat Pay tells it. */
export function viewSplit(order: Order, outOrderNo: string, now: Date): object {
  const shares = order.sharing!.shares.filter((share) => share.outOrderNo === outOrderNo);
  const pending = shares.some((share) => resultOf(share, now) === "PENDING");
  return {
    ...subOf(order),
    transaction_id: order.payment!.transactionId,
    out_order_no: outOrderNo,
    order_id: shares[0]!.orderId,
    state: pending ? "PROCESSING" : "FINISHED",
    receivers: shares.map((share) => viewShare(share, now)),
  };
}

function viewShare(share: Share, now: Date): object {
  const result = resultOf(share, now);
  return {
    amount: Number(share.amount),
    description: share.description,
    type: share.type,
    account: share.account,
    result,
    ...(result === "CLOSED" ? { fail_reason: share.failReason } : {}),
    detail_id: share.detailId,
    create_time: formatRfc3339(share.createdAt),
    finish_time: formatRfc3339(share.endsAt),
  };
}

/** The call that unfroze the rest: the merchant itself is its receiver. */
export function viewUnfrozen(order: Order): object {
  const { outOrderNo, orderId, amount, at } = order.sharing!.unfrozen!;
  return {
    ...subOf(order),
    transaction_id: order.payment!.transactionId,
    out_order_no: outOrderNo,
    order_id: orderId,
    state: "FINISHED",
    receivers: [
      {
        amount: Number(amount),
        description: "解冻给分账方",
        type: "MERCHANT_ID",
        account: order.subMchid ?? order.mchid,
        result: "SUCCESS",
        detail_id: `3${orderId}`,
        create_time: formatRfc3339(at),
        finish_time: formatRfc3339(at),
      },
    ],
  };
}

export function viewReturn(order: Order, outReturnNo: string, now: Date): object {
  const { shares, returns } = order.sharing!;
  const given = returns.find((one) => one.outReturnNo === outReturnNo)!;
  const share = shares.find(({ outOrderNo }) => outOrderNo === given.outOrderNo)!;
  const result = returnResultOf(given, now);
  return {
    ...subOf(order),
    order_id: share.orderId,
    out_order_no: given.outOrderNo,
    out_return_no: outReturnNo,
    return_id: given.returnId,
    return_mchid: given.returnMchid,
    amount: Number(given.amount),
    description: given.description,
    result,
    ...(result === "FAILED" ? { fail_reason: given.failReason } : {}),
    create_time: formatRfc3339(given.createdAt),
    finish_time: formatRfc3339(given.endsAt),
  };
}

/** All that was split of an order and came back, for whoever looks at the sandbox itself. */
export function viewShares({ outTradeNo, sharing }: Order, now: Date): object {
  return {
    out_trade_no: outTradeNo,
    frozen: sharing !== undefined && sharing.unfrozen === null,
    finished_by: sharing?.unfrozen?.outOrderNo ?? null,
    shares: (sharing?.shares ?? []).map((share) => ({
      number: share.outOrderNo,
      type: share.type,
      account: share.account,
      amount: Number(share.amount),
      result: resultOf(share, now),
      ends_at: share.endsAt.toISOString(),
    })),
    returns: (sharing?.returns ?? []).map((given) => ({
      number: given.outReturnNo,
      account: given.returnMchid,
      amount: Number(given.amount),
      result: returnResultOf(given, now),
      ends_at: given.endsAt.toISOString(),
    })),
  };
}
