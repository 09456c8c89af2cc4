/** Taking one payment, in the steps that every chapter shares. */
import type { CreatePayment, Payment } from "@tributary/sdk";
import type { Stage } from "../stage.ts";
import { timelineUrl } from "../stage.ts";

type Attempt = Payment["attempts"][number];

/** Creates a payment of the story. */
export async function order(
  stage: Stage,
  wanted: Omit<CreatePayment, "currency" | "merchant_order_no"> & {
    readonly label: string;
    /** CNY when absent. */
    readonly currency?: string;
  },
): Promise<Payment> {
  const { label, ...rest } = wanted;
  const payment = await stage.shop.payments.create({
    merchant_order_no: stage.story.number(label),
    currency: "CNY",
    ...rest,
  });
  stage.story.tells(payment.id);
  return payment;
}

/** What the buyer takes into the wallet: a code, a link, an app's string, a trade number. */
export function whatTheBuyerHolds(payment: Payment): string {
  const action = payment.next_action;
  switch (action?.type) {
    case "qr_code":
      return action.qr_code;
    case "redirect":
      // A page that is opened by a form: the wallet takes the form as a browser would send it.
      return action.form === undefined ? action.url : new URLSearchParams(action.form).toString();
    case "app_params":
      return payment.method?.startsWith("card.") ? clientSecretOf(action.params) : action.params;
    case "jsapi_params":
      return JSON.stringify(action.params);
    default:
      throw new Error(`payment ${payment.id} gives the buyer nothing to pay with`);
  }
}

/** What Stripe's SDK in a shop's app is given. */
function clientSecretOf(params: string): string {
  return (JSON.parse(params) as { client_secret: string }).client_secret;
}

/** Watches a payment until it has succeeded. */
export function succeeds(stage: Stage, payment: Payment): Promise<Payment> {
  return stage.checks.until({
    claim: `payment ${payment.merchant_order_no} has succeeded`,
    read: () => stage.shop.payments.get(payment.id),
    done: (seen) => seen.status === "succeeded",
    look: timelineUrl(stage, payment.id),
  });
}

/** The attempt that made a payment succeed, held against what it must have taken and cost. */
export function checkSuccess(stage: Stage, payment: Payment): { attempt: Attempt; fee: bigint } {
  const { checks, story } = stage;
  const look = timelineUrl(stage, payment.id);
  const attempt = payment.attempts.find(({ id }) => id === payment.success_attempt);
  if (attempt === undefined) throw new Error(`payment ${payment.id} succeeded without an attempt`);
  const { fee } = story.succeeded({
    paymentId: payment.id,
    attemptId: attempt.id,
    accountId: attempt.channel_account,
    amount: BigInt(payment.amount),
    currency: payment.currency,
  });
  const named = payment.merchant_order_no;
  checks.equal(`${named} took exactly what was asked`, attempt.amount_paid, payment.amount, look);
  checks.equal(`${named} settles in full`, attempt.amount_settled, payment.amount, look);
  checks.equal(`the fee of ${named}`, attempt.fee, Number(fee), `${look}; server/src/fees/`);
  checks.equal(`${named} is final`, payment.status_final, true, look);
  return { attempt, fee };
}
