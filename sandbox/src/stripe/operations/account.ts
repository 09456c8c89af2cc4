import { movementsOfAccount } from "../days.ts";
import { done, type Operation } from "./call.ts";

// What a platform asks to prove a key: whose it is, and what is in it.

const retrieveAccount: Operation = {
  verb: "GET",
  path: "/v1/account",
  name: "accounts.retrieve",
  carryOut: async ({ account, params }) => {
    params.done();
    return done({
      id: account.id,
      object: "account",
      business_profile: { name: account.merchantName },
      charges_enabled: true,
      country: "US",
      default_currency: account.currencies[0],
      payouts_enabled: false,
      type: "standard",
    });
  },
};

const retrieveBalance: Operation = {
  verb: "GET",
  path: "/v1/balance",
  name: "balance.retrieve",
  carryOut: async ({ account, params, unit }) => {
    params.done();
    const sums = new Map(account.currencies.map((currency) => [currency, 0n]));
    for await (const movement of movementsOfAccount(unit, account, { from: null, to: null })) {
      const { currency, amount, fee } = movement;
      sums.set(currency, (sums.get(currency) ?? 0n) + amount - fee);
    }
    const available = [...sums].map(([currency, amount]) => ({ amount: Number(amount), currency }));
    const pending = [...sums.keys()].map((currency) => ({ amount: 0, currency }));
    return done({ object: "balance", available, pending, livemode: false });
  },
};

export const accountOperations = [retrieveAccount, retrieveBalance];
