/** Two payments by card that the cardholders' banks take back, and how what differs about them ends. */
import type { Payment } from "@tributary/sdk";
import type { Break } from "./office.ts";
import { one, resolve, showEvidence } from "./resolving.ts";
import { lie, orderNoOf, type Scene, sell, utcDateOf } from "./scene.ts";

/** Of this claim Stripe's list says nothing. */
const UNLISTED = 12_000;
/** Of this one its events say nothing: the list is the first to tell. */
const UNTOLD = 8_000;

export type Claimed = { readonly unlisted: Payment; readonly untold: Payment };

export async function disputeTwo(scene: Scene): Promise<Claimed> {
  const { sandbox, checks, shop, platform } = scene;
  const { stripe_account: account } = platform.demo;
  const unlisted = await sell(scene, { method: "card", currency: "USD", amount: UNLISTED });
  const untold = await sell(scene, { method: "card", currency: "USD", amount: UNTOLD });
  const match = { app_id: account, out_trade_no: orderNoOf(untold) };
  await sandbox.arm({ kind: "notification_lost", match, count: null });
  for (const payment of [untold, unlisted]) {
    await sandbox.dispute(payment.attempts[0]?.channel_trade_no ?? "");
  }
  await checks.until({
    claim: "the dispute is booked",
    read: async () => (await shop.payments.get(unlisted.id)).disputes,
    done: ([dispute]) => dispute?.state === "opened",
    look: `GET /v1/payments/${unlisted.id}`,
  });
  await lie(scene, unlisted, { difference: "missing_row", of: "dispute", at: { app_id: account } });
  await sandbox.closeStripeDay(account, utcDateOf(platform));
  scene.terminal.done(
    "Stripe: two payments that the cardholders' banks take back. Of one claim nobody is told",
  );
  return { unlisted, untold };
}

/** What nobody was told of is the merchant's to bear; what was not taken is the merchant's again. */
export async function endClaims(
  scene: Scene,
  { unlisted, untold }: Claimed,
  left: readonly Break[],
): Promise<void> {
  const taken = one(left, "dispute_theirs_only");
  const notTaken = one(left, "dispute_ours_only");
  const payments = [taken.payment, notTaken.payment];
  scene.checks.equal("each names its payment", payments, [untold.id, unlisted.id], "GET /v1/ops/breaks");
  await showEvidence(scene, taken.id, "theirs");
  await resolve(scene, taken, "recover_from_merchant");
  await resolve(scene, notTaken, "pay_merchant");
}
