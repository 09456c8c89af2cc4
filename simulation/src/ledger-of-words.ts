/** Everything that a merchant was ever answered and must be able to rely on. */
import type { Body } from "./body.ts";

export type Acknowledged =
  | {
      readonly kind: "payment";
      readonly merchant: string;
      readonly id: string;
      readonly orderNo: string;
      readonly amount: number;
    }
  | {
      readonly kind: "refund";
      readonly merchant: string;
      readonly id: string;
      readonly payment: string;
      readonly refundNo: string;
      readonly amount: number;
    }
  /** The status was said to be final. */
  | { readonly kind: "final"; readonly merchant: string; readonly id: string; readonly status: string }
  | { readonly kind: "share"; readonly merchant: string; readonly id: string; readonly amount: number }
  | { readonly kind: "final_refund"; readonly merchant: string; readonly id: string; readonly state: string };

export type Words = {
  payment(merchant: string, body: Body): void;
  refund(merchant: string, body: Body): void;
  /** Of a list of shares. */
  shares(merchant: string, body: Body): void;
  readonly all: readonly Acknowledged[];
};

export function createWords(): Words {
  const all: Acknowledged[] = [];
  return {
    payment: (merchant, body) => {
      const { id, merchant_order_no: orderNo, amount, status, status_final: final } = body;
      all.push({ kind: "payment", merchant, id, orderNo, amount });
      if (final === true) all.push({ kind: "final", merchant, id, status });
    },
    refund: (merchant, body) => {
      const { id, payment, merchant_refund_no: refundNo, amount, state, state_final: final } = body;
      all.push({ kind: "refund", merchant, id, payment, refundNo, amount });
      if (final === true) all.push({ kind: "final_refund", merchant, id, state });
    },
    shares: (merchant, { data }) => {
      for (const { id, amount } of data ?? []) all.push({ kind: "share", merchant, id, amount });
    },
    all,
  };
}
