import { type Static, Type } from "typebox";
import { AmountSchema, strictObject } from "../../kernel/http.ts";
import { MerchantNumber } from "../payment/request.ts";

/** `POST /v1/payments/{id}/refunds`. */
export const CreateRefundSchema = strictObject({
  merchant_refund_no: MerchantNumber,
  amount: Type.Optional(AmountSchema),
  reason: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 80,
      pattern: "^[^\\u0000-\\u001f\\u007f]+$",
      description: "Shown to the buyer where the channel does so",
    }),
  ),
});
export type CreateRefund = Static<typeof CreateRefundSchema>;
