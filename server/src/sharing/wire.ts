import { Type } from "typebox";
import { AmountSchema, InstantSchema, strictObject } from "../kernel/http.ts";
import { formatId } from "../kernel/ids.ts";
import {
  BINDING_STATES,
  RECEIVER_STATES,
  SHARE_STATES,
  SHARING_MODES,
  type Share,
  type SharingContract,
} from "./model.ts";
import type { KnownReceiver } from "./receivers/service.ts";

const NullableText = Type.Union([Type.String(), Type.Null()]);
const NullableInstant = Type.Union([InstantSchema, Type.Null()]);

const RECEIVERS_MAX = 50;

const ReceiverField = Type.String({ minLength: 1, maxLength: 40, description: "A receiver's id, rcv_…" });

/** Who gets what: so many minor units, or so many millionths of what settles. */
export const ShareRuleSchema = Type.Union([
  strictObject({ receiver: ReceiverField, amount: AmountSchema }),
  strictObject({
    receiver: ReceiverField,
    share_millionths: Type.Integer({
      minimum: 1,
      maximum: 1_000_000,
      description: "Of what settles, less what was refunded: 50000 is 5 %",
    }),
  }),
]);

export const ShareRulesSchema = Type.Array(ShareRuleSchema, { minItems: 1, maxItems: RECEIVERS_MAX });

/** `profit_sharing` of a new payment. */
export const ProfitSharingSchema = Type.Union(
  [
    Type.Literal("later"),
    strictObject({
      receivers: ShareRulesSchema,
      finish: Type.Optional(
        Type.Boolean({ description: "What is left is yours at once when all shares are done; the default" }),
      ),
    }),
  ],
  {
    description:
      "The money stays frozen at the channel for receivers: `later`, to be split by POST " +
      "/v1/payments/{id}/shares, or who gets what as soon as the channel allows it",
  },
);

export const ShareSchema = Type.Object({
  id: Type.String(),
  payment: Type.String(),
  receiver: Type.String(),
  merchant_share_no: NullableText,
  amount: Type.Integer(),
  amount_returned: Type.Integer(),
  currency: Type.String(),
  description: Type.String(),
  state: Type.Enum([...SHARE_STATES]),
  channel_share_no: Type.String({ description: "Our number of it at the channel" }),
  channel_own_no: NullableText,
  failure_code: NullableText,
  failure_message: NullableText,
  created_at: InstantSchema,
  finished_at: NullableInstant,
});

export function presentShare(share: Share) {
  return {
    id: formatId("shr", share.id),
    payment: formatId("pay", share.paymentId),
    receiver: formatId("rcv", share.receiverId),
    merchant_share_no: share.merchantShareNo,
    amount: Number(share.amount),
    amount_returned: Number(share.returnedAmount),
    currency: share.currency.trim(),
    description: share.description,
    state: share.state,
    channel_share_no: share.channelShareNo,
    channel_own_no: share.channelOwnNo,
    failure_code: share.failureCode,
    failure_message: share.failureMessage,
    created_at: share.createdAt.toISOString(),
    finished_at: share.finishedAt?.toISOString() ?? null,
  };
}

export const ReceiverSchema = Type.Object({
  id: Type.String(),
  merchant: Type.String(),
  label: Type.String(),
  state: Type.Enum([...RECEIVER_STATES]),
  accounts: Type.Array(
    Type.Object({
      channel_account: Type.String(),
      channel: Type.String(),
      type: Type.String(),
      account: Type.String({ description: "Its ends alone" }),
      state: Type.Enum([...BINDING_STATES]),
      failure_code: NullableText,
      failure_message: NullableText,
    }),
  ),
  created_at: InstantSchema,
  decided_at: NullableInstant,
});

export function presentReceiver({ receiver, bindings }: KnownReceiver) {
  return {
    id: formatId("rcv", receiver.id),
    merchant: formatId("mch", receiver.merchantId),
    label: receiver.label,
    state: receiver.state,
    accounts: bindings.map((binding) => ({
      channel_account: formatId("cha", binding.channelAccountId),
      channel: binding.channel,
      type: binding.type,
      account: endsOf(binding.account),
      state: binding.state,
      failure_code: binding.failureCode,
      failure_message: binding.failureMessage,
    })),
    created_at: receiver.createdAt.toISOString(),
    decided_at: receiver.decidedAt?.toISOString() ?? null,
  };
}

const SHOWN = 3;

/** A number of a person's or a merchant's: enough to know it by. */
function endsOf(text: string): string {
  if (text.length <= 2 * SHOWN) return "*".repeat(text.length);
  return `${text.slice(0, SHOWN)}****${text.slice(-SHOWN)}`;
}

export const ContractSchema = Type.Object({
  channel_account: Type.String(),
  mode: Type.Enum([...SHARING_MODES]),
  max_millionths: Type.Integer(),
  term_days: Type.Integer(),
  is_open: Type.Boolean(),
  revision: Type.Integer(),
  updated_at: InstantSchema,
});

export function presentContract(contract: SharingContract) {
  return {
    channel_account: formatId("cha", contract.channelAccountId),
    mode: contract.mode,
    max_millionths: Number(contract.maxMillionths),
    term_days: contract.termDays,
    is_open: contract.isOpen,
    revision: contract.revision,
    updated_at: contract.updatedAt.toISOString(),
  };
}
