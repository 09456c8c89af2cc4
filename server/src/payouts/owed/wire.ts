import { type Static, Type } from "typebox";
import { AmountSchema, CurrencySchema, strictObject } from "../../kernel/http.ts";
import { PayoutNumber, RemarkSchema } from "../payout/wire.ts";
import type { PayOwed } from "./pay.ts";

/** A payout of what a partner or a receiver is owed. */
export const PayOwedBody = strictObject({
  payout_no: PayoutNumber,
  currency: CurrencySchema,
  amount: Type.Optional(AmountSchema),
  remark: Type.Optional(RemarkSchema),
});
export const OwedTermsBody = strictObject({
  currency: CurrencySchema,
  minimum: Type.Integer({ minimum: 0, maximum: 100_000_000, description: "The least paid out at once" }),
  cool_down_hours: Type.Integer({ minimum: 0, maximum: 720 }),
});

export function readPayOwed(body: Static<typeof PayOwedBody>): PayOwed {
  const amount = body.amount === undefined ? null : BigInt(body.amount);
  return { payoutNo: body.payout_no, currency: body.currency, amount, remark: body.remark ?? null };
}

export function readOwedTerms(body: Static<typeof OwedTermsBody>) {
  const { currency, cool_down_hours: coolDownHours } = body;
  return { currency, fee: 0n, minimum: BigInt(body.minimum), coolDownHours };
}
