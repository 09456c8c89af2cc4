import { done, type Operation } from "./call.ts";

/** Whose key it is: what a merchant's software asks first of all. */
const retrieve: Operation = {
  verb: "GET",
  path: "/v1/account",
  name: "accounts.retrieve",
  carryOut: async ({ account, params }) => {
    params.done();
    const { id, merchantName, currencies } = account;
    return done({
      id,
      object: "account",
      business_profile: { name: merchantName },
      charges_enabled: true,
      default_currency: currencies[0] ?? "usd",
      payouts_enabled: true,
      type: "standard",
    });
  },
};

export const accountOperations = [retrieve];
