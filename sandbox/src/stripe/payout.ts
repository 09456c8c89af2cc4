import type { FastifyInstance } from "fastify";
import { type Payout, registerPayout } from "../bank/index.ts";
import { Refused } from "../refuse.ts";
import type { StoreTx } from "../store/index.ts";
import { accountsAsked } from "./close-day.ts";
import type { StripeDeps } from "./context.ts";
import { newId } from "./ids.ts";
import { everyOf } from "./lists.ts";
import { type Account, type Movement, movements } from "./model.ts";
import { utcDate } from "./movement.ts";

const dayMs = 86_400_000;

/** `POST /stripe/payout`: accounts pay out what they have, by currency; the balance transactions tell it. */
export function registerStripePayout(app: FastifyInstance, deps: StripeDeps): void {
  registerPayout(app, deps, {
    path: "/stripe/payout",
    who: "account_id",
    payer: "STRIPE",
    charges: false,
    payOut: async (tx, accountId, asked) => {
      const paid: Payout[] = [];
      for (const account of await accountsAsked(tx, accountId)) {
        for (const [currency, balance] of await balancesOf(tx, account, deps.clock.now())) {
          const amount = asked.amount ?? balance;
          if (amount > balance)
            throw new Refused(409, "balance_short", `The balance is ${balance} ${currency}.`);
          if (amount <= 0n) continue;
          const movement = movementOf(deps, account, currency, amount);
          await tx.insert(movements, movement);
          const payoutNo = movement.sourceId;
          paid.push({ of: account.id, payoutNo, amount, currency: currency.toUpperCase() });
        }
      }
      return paid;
    },
  });
}

async function balancesOf(tx: StoreTx, account: Account, now: Date): Promise<Map<string, bigint>> {
  const balances = new Map<string, bigint>();
  for (let at = account.createdAt; utcDate(at) <= utcDate(now); at = new Date(at.getTime() + dayMs)) {
    for await (const one of everyOf(tx, movements, `${account.id}/${utcDate(at)}`)) {
      balances.set(one.currency, (balances.get(one.currency) ?? 0n) + one.amount - one.fee);
    }
  }
  return balances;
}

function movementOf(deps: StripeDeps, account: Account, currency: string, amount: bigint): Movement {
  const now = deps.clock.now();
  return {
    id: newId(deps.random, "txn_"),
    accountId: account.id,
    date: utcDate(now),
    type: "payout",
    category: "payout",
    amount: -amount,
    fee: 0n,
    currency,
    sourceId: newId(deps.random, "po_"),
    orderId: "",
    orderNo: "",
    description: "STRIPE PAYOUT",
    createdAt: now,
  };
}
