import { dayMs } from "../../china/beijing.ts";
import { proportion } from "../../china/yuan.ts";
import { type Refusal, refusal } from "../machine/refusals.ts";
import type { Order } from "../model.ts";
import type { Royalty, RoyaltyReturn, Settlement } from "./model.ts";

/** The limits of a seller that agreed on nothing else. */
const ratioMaxMillionths = 300_000n;
const termMs = 30 * dayMs;

const sum = (parts: readonly { amount: bigint }[]) => parts.reduce((total, { amount }) => total + amount, 0n);

/** What is frozen still. */
function unsplitOf(order: Order, royalty: Royalty): bigint {
  const payment = order.trade!.payment!;
  const gone = order.refunds.reduce((total, { receipt, fee }) => total + receipt - fee, 0n);
  const left = payment.receipt - payment.fee - gone - sum(royalty.settlements) + sum(royalty.returns);
  return left > 0n ? left : 0n;
}

export type RoyaltyStep = { order: Order; isNew: boolean };

/** Splits amounts off, or lets go of the rest, or both. The number makes it idempotent. */
export function settleRoyalty(
  order: Order,
  asked: { outRequestNo: string; settlements: Settlement[]; finish: boolean; now: Date },
): RoyaltyStep | Refusal {
  const { royalty, trade } = order;
  if (!trade?.payment) return refusal("ACQ.TRADE_STATUS_ERROR");
  if (!royalty) return refusal("ACQ.TRADE_STATUS_ERROR", "the trade is not frozen for royalty");
  const { outRequestNo, settlements, finish, now } = asked;
  const known = royalty.settlements.filter((one) => one.outRequestNo === outRequestNo);
  if (known.length > 0 || royalty.finishedBy === outRequestNo) {
    return known.map(contentOf).join() === settlements.map(contentOf).join()
      ? { order, isNew: false }
      : refusal("ACQ.DISCORDANT_REPEAT_REQUEST");
  }
  if (royalty.finishedBy) return refusal("ACQ.TRADE_STATUS_ERROR", "the royalty is finished");
  if (now.getTime() > trade.payment.paidAt.getTime() + termMs) {
    return refusal("ACQ.TRADE_STATUS_ERROR", "the royalty's term is over");
  }
  const most = proportion(trade.payment.total, ratioMaxMillionths, 1_000_000n);
  const amount = sum(settlements);
  if (sum(royalty.settlements) + amount > most) return refusal("ACQ.ALLOC_AMOUNT_VALIDATE_ERROR");
  if (amount > unsplitOf(order, royalty)) return refusal("ACQ.SELLER_BALANCE_NOT_ENOUGH");
  const next: Royalty = {
    ...royalty,
    settlements: [...royalty.settlements, ...settlements],
    finishedBy: finish ? outRequestNo : null,
  };
  return { order: { ...order, royalty: next }, isNew: true };
}

function contentOf({ transInType, transIn, amount }: Settlement): string {
  return `${transInType}/${transIn}/${amount}`;
}

/** Receivers give back within a refund what they got, and no more. */
export function takeRoyaltyBack(order: Order, returns: RoyaltyReturn[]): Order | Refusal {
  const { royalty } = order;
  if (returns.length === 0) return order;
  if (!royalty) return refusal("ACQ.ALLOC_AMOUNT_VALIDATE_ERROR");
  for (const { transOut, amount } of returns) {
    const got = sum(royalty.settlements.filter(({ transIn }) => transIn === transOut));
    const gave = sum(royalty.returns.filter((one) => one.transOut === transOut));
    if (got === 0n) return refusal("ACQ.REFUND_ROYALTY_PAYEE_ACCOUNT_NOT_EXIST");
    if (gave + amount > got) return refusal("ACQ.ALLOC_AMOUNT_VALIDATE_ERROR");
  }
  return { ...order, royalty: { ...royalty, returns: [...royalty.returns, ...returns] } };
}
