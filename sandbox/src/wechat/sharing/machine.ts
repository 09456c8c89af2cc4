import { dayMs, minuteMs } from "../../china/beijing.ts";
import { proportion } from "../../china/yuan.ts";
import type { Order } from "../model.ts";
import { type Refusal, refusal } from "../wire/refusals.ts";
import type { OrderSharing, Share, ShareResult, ShareReturn } from "./model.ts";

/** The limits of a merchant that agreed on nothing else. */
export const ratioMaxMillionths = 300_000n;
const startAfterMs = minuteMs;
const termMs = 30 * dayMs;
const returnTermMs = 180 * dayMs;
const callsMax = 50;

/** How long a split and a return are under way. */
export const sharingDelayMs = 100;

export function resultOf(share: Share, now: Date): ShareResult {
  return now < share.endsAt ? "PENDING" : share.outcome;
}

export function returnResultOf(given: ShareReturn, now: Date): "PROCESSING" | "SUCCESS" | "FAILED" {
  return now < given.endsAt ? "PROCESSING" : given.outcome;
}

/** Whether a split is under way: nothing else can be done with the order's money then. */
export function isSplitting(order: Order, now: Date): boolean {
  return order.sharing?.shares.some((share) => now < share.endsAt) ?? false;
}

/** What is frozen still. */
export function unsplitOf(order: Order): bigint {
  const { sharing, payment } = order;
  if (!sharing || !payment || sharing.unfrozen) return 0n;
  const refunds = order.refunds.filter(({ status }) => status !== "CLOSED");
  const gone = refunds.reduce((sum, { settlement, fee }) => sum + settlement - fee, 0n);
  const left = payment.settlement - payment.fee - gone - splitOf(sharing);
  return left > 0n ? left : 0n;
}

function splitOf({ shares }: OrderSharing): bigint {
  return shares.filter(({ outcome }) => outcome === "SUCCESS").reduce((sum, { amount }) => sum + amount, 0n);
}

export type Sharing = { order: Order; isNew: boolean };

/** Splits off the shares of one call. Their number makes it idempotent. */
export function splitOrder(order: Order, asked: Share[], now: Date): Sharing | Refusal {
  const { sharing, payment } = order;
  if (!payment) return refusal("INVALID_REQUEST", "订单未支付");
  if (!sharing) return refusal("INVALID_REQUEST", "非分账订单不支持分账");
  const known = sharing.shares.filter(({ outOrderNo }) => outOrderNo === asked[0]!.outOrderNo);
  if (known.length > 0) {
    return known.map(contentOf).join() === asked.map(contentOf).join()
      ? { order, isNew: false }
      : refusal("INVALID_REQUEST", "请求重入时，参数与首次请求时不一致");
  }
  if (sharing.unfrozen) return refusal("INVALID_REQUEST", "订单已完结分账");
  if (now.getTime() < payment.paidAt.getTime() + startAfterMs) {
    return refusal("RULE_LIMIT", "订单支付成功1分钟后才能分账");
  }
  if (now.getTime() > payment.paidAt.getTime() + termMs) {
    return refusal("INVALID_REQUEST", "订单已超过最长分账期限");
  }
  const calls = new Set(sharing.shares.map(({ outOrderNo }) => outOrderNo));
  if (calls.size >= callsMax) return refusal("RULE_LIMIT", "单笔订单分账次数超过限制");
  if (isSplitting(order, now)) return refusal("RULE_LIMIT", "订单正在分账，请稍后再试");
  const most = proportion(payment.total, ratioMaxMillionths, 1_000_000n);
  const amount = asked.reduce((sum, share) => sum + share.amount, 0n);
  if (splitOf(sharing) + amount > most) return refusal("AMOUNT_OVERDUE", "分账金额超过最大分账比例");
  if (amount > unsplitOf(order)) return refusal("NOT_ENOUGH", "分账金额不足");
  return {
    order: { ...order, sharing: { ...sharing, shares: [...sharing.shares, ...asked] } },
    isNew: true,
  };
}

function contentOf({ type, account, amount }: Share): string {
  return `${type}/${account}/${amount}`;
}

/** Takes back what a receiver got, or a part of it. */
export function takeBack(order: Order, given: ShareReturn, now: Date): Sharing | Refusal {
  const { sharing } = order;
  const share = sharing?.shares.find(({ outOrderNo }) => outOrderNo === given.outOrderNo);
  if (!sharing || !share) return refusal("RESOURCE_NOT_EXISTS", "分账单不存在");
  const known = sharing.returns.find(({ outReturnNo }) => outReturnNo === given.outReturnNo);
  if (known) {
    const same = known.outOrderNo === given.outOrderNo && known.amount === given.amount;
    return same ? { order, isNew: false } : refusal("INVALID_REQUEST", "请求重入时，参数与首次请求时不一致");
  }
  if (resultOf(share, now) !== "SUCCESS") return refusal("INVALID_REQUEST", "分账未成功");
  if (share.type !== "MERCHANT_ID" || share.account !== given.returnMchid) {
    return refusal("INVALID_REQUEST", "仅支持从商户类型的分账接收方回退");
  }
  if (now.getTime() > share.endsAt.getTime() + returnTermMs) {
    return refusal("INVALID_REQUEST", "超过分账回退期限");
  }
  const before = sharing.returns
    .filter(({ outOrderNo, outcome }) => outOrderNo === share.outOrderNo && outcome === "SUCCESS")
    .reduce((sum, { amount }) => sum + amount, 0n);
  if (before + given.amount > share.amount) return refusal("NOT_ENOUGH", "回退金额超过分账金额");
  return {
    order: { ...order, sharing: { ...sharing, returns: [...sharing.returns, given] } },
    isNew: true,
  };
}

/** Ends the splitting; what is frozen becomes the merchant's. The same number again changes nothing. */
export function unfreeze(
  order: Order,
  asked: { outOrderNo: string; orderId: string },
  now: Date,
): Sharing | Refusal {
  const { sharing } = order;
  if (!order.payment) return refusal("INVALID_REQUEST", "订单未支付");
  if (!sharing) return refusal("INVALID_REQUEST", "非分账订单不支持分账");
  if (sharing.unfrozen) {
    return sharing.unfrozen.outOrderNo === asked.outOrderNo
      ? { order, isNew: false }
      : refusal("INVALID_REQUEST", "订单已完结分账");
  }
  if (isSplitting(order, now)) return refusal("RULE_LIMIT", "订单正在分账，请稍后再试");
  const unfrozen = { ...asked, amount: unsplitOf(order), at: now };
  return { order: { ...order, sharing: { ...sharing, unfrozen } }, isNew: true };
}
