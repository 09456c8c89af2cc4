import type { FastifyInstance } from "fastify";
import { type Payout, registerPayout } from "../../bank/index.ts";
import { beijingDate } from "../../china/beijing.ts";
import { randomDigits } from "../../clock.ts";
import { Refused } from "../../refuse.ts";
import type { WechatDeps } from "../context.ts";
import { type BookEntry, book, type Merchant } from "../model.ts";
import { merchantsAsked } from "./routes.ts";
import { balanceAt } from "./service.ts";

/** `POST /wechat/payout`: merchants withdraw what they have to a bank account; the fund bill tells it. */
export function registerWechatPayout(app: FastifyInstance, deps: WechatDeps): void {
  registerPayout(app, deps, {
    path: "/wechat/payout",
    who: "mchid",
    payer: "财付通支付科技有限公司",
    charges: true,
    payOut: async (tx, mchid, asked) => {
      const now = deps.clock.now();
      const paid: Payout[] = [];
      for (const merchant of await merchantsAsked(tx, mchid)) {
        const balance = await balanceAt(tx, merchant, now);
        const amount = asked.amount ?? balance - asked.fee;
        if (amount + asked.fee > balance)
          throw new Refused(409, "balance_short", `The account has ${balance} fen.`);
        if (amount <= 0n) continue;
        const payoutNo = `1000${beijingDate(now).replaceAll("-", "")}${randomDigits(deps.random, 16)}`;
        await tx.insert(book, entryOf(merchant, payoutNo, { amount, fee: asked.fee }, now));
        paid.push({ of: merchant.mchid, payoutNo, amount, currency: "CNY" });
      }
      return paid;
    },
  });
}

function entryOf(
  { mchid, appid }: Merchant,
  payoutNo: string,
  { amount, fee }: { amount: bigint; fee: bigint },
  now: Date,
): BookEntry {
  return {
    id: `${mchid}/payout/${payoutNo}`,
    kind: "payout",
    mchid,
    subMchid: null,
    appid,
    date: beijingDate(now),
    at: now,
    orderId: "",
    outTradeNo: "",
    transactionId: payoutNo,
    openid: "",
    scene: "native",
    bankType: "",
    deviceId: "",
    description: "",
    attach: "",
    total: amount,
    settlement: amount,
    fee,
    feeRateMillionths: 0n,
    refundId: "",
    outRefundNo: "",
    refundStatus: null,
    refundedAt: null,
  };
}
