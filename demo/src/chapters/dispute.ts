/** A cardholder disputes a payment; the shop is told, and the bank decides. */
import type { Dispute } from "@tributary/sdk";
import { moneyText } from "../money.ts";
import { type Stage, timelineUrl } from "../stage.ts";
import type { Claim } from "../story.ts";
import { checkSuccess, order, succeeds, whatTheBuyerHolds } from "./paying.ts";

const AMOUNT = 6_800;
/** What Stripe charges for a dispute at the sandbox, won or lost. */
const DISPUTE_FEE = 1_500;

export async function hearTheClaim(stage: Stage): Promise<void> {
  const { terminal, checks, sandbox, story } = stage;
  terminal.chapter("A payment is disputed");
  const payment = await order(stage, {
    label: "claim",
    method: "card",
    currency: "USD",
    amount: AMOUNT,
    subject: "A tea chest, abroad",
  });
  await sandbox.pay(whatTheBuyerHolds(payment));
  const { attempt } = checkSuccess(stage, await succeeds(stage, payment));
  const tradeNo = attempt.channel_trade_no ?? "";
  const look = timelineUrl(stage, payment.id);
  const usd = (amount: number) => `${moneyText(amount, "USD")} USD`;

  await sandbox.dispute(tradeNo);
  const opened = await disputeBecomes(stage, payment.id, "opened");
  checks.equal("the whole payment is disputed", [opened.amount, opened.fee], [AMOUNT, DISPUTE_FEE], look);
  const claim: Claim = {
    disputeId: opened.id,
    amount: BigInt(AMOUNT),
    fee: BigInt(DISPUTE_FEE),
    currency: opened.currency,
  };
  story.disputed(claim);
  await told(stage, "dispute.opened", opened.id);
  terminal.done(
    `A cardholder's bank takes ${usd(AMOUNT)} back, and Stripe ${usd(DISPUTE_FEE)} for it. It is booked ` +
      "against the shop, and the shop was told: dispute.opened.",
  );

  await sandbox.decideDispute(tradeNo, "won");
  const won = await disputeBecomes(stage, payment.id, "won");
  checks.equal("the decision is final", won.state_final, true, look);
  story.disputeWon(claim);
  await told(stage, "dispute.won", won.id);
  const whole = await stage.shop.payments.get(payment.id);
  checks.equal("the payment is a success all the while", whole.status, "succeeded", look);
  terminal.done(
    `The bank decides for the shop: ${usd(AMOUNT)} are back, the ${usd(DISPUTE_FEE)} are not: dispute.won.`,
  );
}

function disputeBecomes(stage: Stage, paymentId: string, state: string): Promise<Dispute> {
  return stage.checks
    .until({
      claim: `the dispute is ${state}`,
      read: async () => (await stage.shop.payments.get(paymentId)).disputes,
      done: ([dispute]) => dispute?.state === state,
      look: timelineUrl(stage, paymentId),
    })
    .then(([dispute]) => dispute as Dispute);
}

async function told({ checks, receiver, platform }: Stage, type: string, disputeId: string): Promise<void> {
  await checks.until({
    claim: `the shop hears ${type}`,
    read: async () =>
      receiver
        .events()
        .some(
          (event) => event.type === type && "dispute" in event.data && event.data.dispute.id === disputeId,
        ),
    done: (heard) => heard,
    look: `GET ${platform.demo.base_url}/v1/deliveries`,
  });
}
