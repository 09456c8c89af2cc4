/** What the simulation reads of answers. */

/** An answer's body, of whatever resource it is: a field that this one lacks is not there. */
export type Body = {
  readonly id: string;
  readonly code: string;
  readonly amount: number;
  readonly secret: string;
  // A payment
  readonly merchant_order_no: string;
  readonly status: string;
  readonly status_final: boolean;
  readonly cashier_url: string;
  readonly next_action: NextAction | null;
  readonly attempts: readonly { readonly channel_order_no: string; readonly channel_account: string }[];
  // A refund
  readonly payment: string;
  readonly merchant_refund_no: string;
  readonly state: string;
  readonly state_final: boolean;
  // A contract
  readonly notify_path: string;
  readonly revision: number;
  // An operator, and what one has proposed
  readonly token: string;
  readonly subject: string;
  // A list, and an account of the sandbox's bank
  readonly data?: readonly Row[];
  readonly url: string;
  /** Of an entry at the bank. */
  readonly ref: string;
  // A payout, and what is missing for one
  readonly fee: number;
  readonly short: number;
  // A settlement, and why there is none
  readonly available: number;
  readonly reason: string;
  // A statement
  readonly version: number;
  readonly payable: number;
  // A receiver of shares that was proposed
  readonly receiver: { readonly id: string };
  readonly approval: { readonly id: string };
  /** Of a proposal to pay. */
  readonly batch?: { readonly id: string };
  // A refusal of the sandbox's wallet
  readonly error?: { readonly code: string; readonly message: string };
  // A merchant of the sandbox's channels
  readonly app_id: string;
  readonly pid: string;
  readonly alipay_public_key: string;
  readonly gateway_url: string;
  readonly mchid: string;
  readonly appid: string;
  readonly api_v2_key: string;
  readonly api_v3_key: string;
  readonly merchant_serial: string;
  readonly platform_public_key: string;
  readonly platform_public_key_id: string;
  readonly account_id: string;
  readonly secret_key: string;
  readonly publishable_key: string;
  readonly webhook_secret: string;
  readonly api_url: string;
  readonly mer_id: string;
  readonly merchant_certificate: string;
  readonly root_certificate: string;
  readonly middle_certificate: string;
};

/** One of a list's. */
export type Row = {
  readonly id: string;
  readonly state: string;
  readonly status: string;
  /** Of an approval: what it is about. */
  readonly subject: string;
  readonly kind: string;
  readonly connection: string;
  readonly currency: string;
  readonly amount: number;
  // A batch
  readonly message_id: string;
  readonly needs_people: boolean;
  // An entry of a statement
  readonly entry_ref: string;
  readonly channel_account: string;
  // A break: what settles at the channel beyond the books, and what it charges beyond them
  readonly settle_difference: number;
  readonly fee_difference: number;
  /** What an approval is to carry out. */
  readonly payload: Readonly<Record<string, unknown>>;
  // A statement that is expected
  readonly date: string;
  // A month's costs of a contract
  readonly owed: number;
  // A payout, and one of a channel
  readonly batch: string | null;
  readonly payout_no: string;
  // A row of a commission statement
  readonly number: string;
  readonly reason: string | null;
  // A receiver of shares, as its channels know it
  readonly accounts: readonly { readonly state: string }[];
};

export type NextAction =
  | { readonly type: "qr_code"; readonly qr_code: string }
  | { readonly type: "redirect"; readonly url: string; readonly form?: Readonly<Record<string, string>> }
  | { readonly type: "jsapi_params"; readonly params: Readonly<Record<string, string>> }
  | { readonly type: "app_params"; readonly params: string }
  | { readonly type: "none" };

export type Answer = { readonly status: number; readonly body: Body };

/** No answer, or one that is no JSON. */
export const NOTHING = {} as Body;

export function bodyOf(bytes: Buffer): Body {
  try {
    return (JSON.parse(bytes.toString("utf8")) as Body | null) ?? NOTHING;
  } catch {
    return NOTHING;
  }
}
