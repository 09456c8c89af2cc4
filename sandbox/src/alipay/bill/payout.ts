import type { FastifyInstance } from "fastify";
import { type Payout, registerPayout } from "../../bank/index.ts";
import { beijingDate } from "../../china/beijing.ts";
import { randomDigits } from "../../clock.ts";
import { Refused } from "../../refuse.ts";
import { appOrRefusal } from "../apps/service.ts";
import type { AlipayDeps } from "../context.ts";
import { type BookEntry, book } from "../model.ts";
import { balanceAt, sellersOf } from "./service.ts";

/** `POST /alipay/payout`: sellers withdraw what they have to a bank account; the account bill tells it. */
export function registerAlipayPayout(app: FastifyInstance, deps: AlipayDeps): void {
  registerPayout(app, deps, {
    path: "/alipay/payout",
    who: "app_id",
    payer: "支付宝（中国）网络技术有限公司",
    charges: true,
    payOut: async (tx, appId, asked) => {
      if (appId !== undefined) await appOrRefusal(tx, appId);
      const now = deps.clock.now();
      const paid: Payout[] = [];
      for (const seller of await sellersOf(tx, appId ?? null)) {
        const balance = await balanceAt(tx, seller.sellerId, now);
        const amount = asked.amount ?? balance - asked.fee;
        if (amount + asked.fee > balance)
          throw new Refused(409, "balance_short", `The account has ${balance} fen.`);
        if (amount <= 0n) continue;
        const payoutNo = `${beijingDate(now).replaceAll("-", "")}${randomDigits(deps.random, 20)}`;
        await tx.insert(book, entryOf(seller, payoutNo, { amount, fee: asked.fee }, now));
        paid.push({ of: seller.appId, payoutNo, amount, currency: "CNY" });
      }
      return paid;
    },
  });
}

function entryOf(
  seller: { sellerId: string; appId: string },
  payoutNo: string,
  { amount, fee }: { amount: bigint; fee: bigint },
  now: Date,
): BookEntry {
  return {
    ...seller,
    id: `${seller.sellerId}/payout/${payoutNo}`,
    kind: "payout",
    date: beijingDate(now),
    tradeNo: payoutNo,
    outTradeNo: "",
    outRequestNo: "",
    subject: "提现",
    createdAt: now,
    finishedAt: now,
    storeId: "",
    operatorId: "",
    terminalId: "",
    buyer: "",
    total: amount,
    receipt: amount,
    voucher: 0n,
    fee,
  };
}
