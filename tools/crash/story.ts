/** What a merchant, a buyer and a cashier do, while the platform under them is killed and comes back. */
import type { Json } from "./client.ts";
import type { Shop } from "./shop.ts";
import { text } from "./shop.ts";
import { type Skipping, type Stage, until } from "./stage.ts";

/** A payment at the end of its story, as its merchant sees it. */
export type Told = {
  readonly paymentId: string;
  readonly merchantOrderNo: string;
  readonly status: string;
  readonly amount: number;
  readonly refunded: number;
  /** Event types that the merchant must have heard, each once. */
  readonly events: readonly string[];
  /** Subjects of those events: the payment and its refund. */
  readonly subjects: readonly string[];
};

export type Teller = {
  readonly stage: Stage;
  readonly shop: Shop;
  readonly skipping: Skipping;
};

export type Story = (teller: Teller, number: string) => Promise<Told>;

const AMOUNT = 1234;
const REFUND = 500;
const CODE_AMOUNT = 880;
const REFUND_QUERY_GAP_MS = 61_000;

/** A code is shown, scanned and paid; a part of it is given back and arrives. */
export const qrStory: Story = async (teller, number) => {
  const { stage, shop } = teller;
  const order = { merchant_order_no: number, amount: AMOUNT, currency: "CNY", subject: "Tea" };
  const created = await shop.client.ask("POST", "/v1/payments", { ...order, method: "alipay.qr" });
  const paymentId = text(created.body, "id");
  const code = await see(teller, "the code to scan", paymentId, (payment) => {
    const action = payment.next_action as { qr_code?: string } | null;
    return action?.qr_code ?? null;
  });
  await stage.sandbox.ask("POST", "/wallet/scan", { code });
  await stage.sandbox.ask("POST", "/wallet/pay", { code });
  await see(teller, "success", paymentId, (payment) => (payment.status === "succeeded" ? true : null));
  await quiet(teller, []);
  const refund = await shop.client.ask("POST", `/v1/payments/${paymentId}/refunds`, {
    merchant_refund_no: `${number}-R`,
    amount: REFUND,
    reason: "One cup was cold",
  });
  const refundId = text(refund.body, "id");
  await until(stage, "the refund's acceptance", teller.skipping, async () => {
    const { body } = await shop.client.ask("GET", `/v1/refunds/${refundId}`);
    return body.state === "accepted" || body.state === "succeeded" ? true : null;
  });
  await quiet(teller, ["refund"]);
  // The channel says that a refund arrived only when it is asked.
  await stage.books.age(REFUND_QUERY_GAP_MS);
  await quiet(teller, []);
  return {
    paymentId,
    merchantOrderNo: number,
    status: "succeeded",
    amount: AMOUNT,
    refunded: REFUND,
    events: ["payment.succeeded", "refund.accepted", "refund.succeeded"],
    subjects: [paymentId, refundId],
  };
};

/**
 * The cashier scans the buyer's payment code. The code is in memory alone: after a crash in front of the
 * channel the attempt is undone, the payment is open for another one, and this cashier closes it instead.
 */
export const codeStory: Story = async (teller, number) => {
  const { stage, shop } = teller;
  const { body: code } = await stage.sandbox.ask("POST", "/wallet/payment-codes", {});
  const created = await shop.client.ask("POST", "/v1/payments", {
    merchant_order_no: number,
    amount: CODE_AMOUNT,
    currency: "CNY",
    subject: "Noodles",
    payment_code: text(code, "code"),
  });
  const paymentId = text(created.body, "id");
  const end = await see(teller, "an end", paymentId, (payment) =>
    payment.status_final === true || payment.status === "created" ? text(payment, "status") : null,
  );
  if (end === "created") await shop.client.ask("POST", `/v1/payments/${paymentId}/close`);
  const status = end === "created" ? "closed" : end;
  await quiet(teller, []);
  return {
    paymentId,
    merchantOrderNo: number,
    status,
    amount: CODE_AMOUNT,
    refunded: 0,
    events: [`payment.${status}`],
    subjects: [paymentId],
  };
};

function see<T>(
  { stage, shop, skipping }: Teller,
  what: string,
  paymentId: string,
  find: (payment: Json) => T | null,
): Promise<T> {
  return until(stage, what, skipping, async () =>
    find((await shop.client.ask("GET", `/v1/payments/${paymentId}`)).body),
  );
}

/** Everything is final and every delivery delivered, except rows of the kinds that may stay. */
export async function quiet({ stage, skipping }: Teller, stay: readonly string[]): Promise<void> {
  await until(stage, "quiet", skipping, async () => {
    const open = (await stage.books.openRows()).filter(({ kind }) => !stay.includes(kind));
    return open.length === 0 ? true : null;
  });
}
