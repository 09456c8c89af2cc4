import { type Stage, timelineUrl } from "../../stage.ts";
import { checkSuccess, order, succeeds, whatTheBuyerHolds } from "../paying.ts";

const AMOUNT = 19_900;

/** A code is given up for another way to pay; then both are paid. */
export async function paidTwice(stage: Stage): Promise<void> {
  const { terminal, checks, sandbox, shop, story } = stage;
  terminal.scene("One order is paid twice");
  const first = await order(stage, {
    label: "twice",
    method: "alipay.qr",
    amount: AMOUNT,
    subject: "A tea set",
  });
  const look = timelineUrl(stage, first.id);
  const oldCode = whatTheBuyerHolds(first);
  const second = await shop.payments.createAttempt(first.id, { method: "alipay.wap" });
  checks.equal("the code that nobody opened is given up", second.attempts[0]?.state, "abandoned", look);
  terminal.done(
    "The buyer's phone does not scan the code, so the shop sends a link instead. Alipay has no order to " +
      "close yet: the code is “abandoned”, and watched until it expires.",
  );
  await sandbox.pay(whatTheBuyerHolds(second));
  checkSuccess(stage, await succeeds(stage, first));
  const trade = await sandbox.pay(oldCode);
  checks.equal(
    "Alipay takes the money a second time",
    trade.status,
    "TRADE_SUCCESS",
    `${sandbox.url}/wallet`,
  );
  terminal.done("The link is paid: 199.00. Then somebody pays the old code too: another 199.00.");

  const whole = await checks.until({
    claim: "the second 199.00 is on its way back",
    read: () => shop.payments.get(first.id),
    done: ({ refunds_automatic: [refund] }) => refund !== undefined && refund.accepted_at !== null,
    look,
  });
  const [surplus] = whole.attempts;
  const [refund] = whole.refunds_automatic;
  checks.equal("the surplus says why it is one", surplus?.surplus, "payment_succeeded", look);
  checks.equal(
    "all of it goes back, once",
    [whole.refunds_automatic.length, refund?.amount],
    [1, AMOUNT],
    look,
  );
  checks.equal(
    "the sale itself is not refunded",
    [whole.amount_refunded, whole.refund_status],
    [0, "none"],
    look,
  );
  checks.equal("the surplus costs the merchant nothing", surplus?.fee, 0, look);
  if (refund === undefined) throw new Error(`payment ${first.id} has no refund`);
  const inWallet = await sandbox.trade(trade.token);
  checks.equal("the buyer has it back", inWallet.amount_refunded, AMOUNT, `${sandbox.url}/wallet`);
  story.surplusReturned(refund.id);
  stage.shown = { paymentId: first.id, why: "the order that was paid twice" };
  terminal.done(
    "The books held it as surplus, the merchant hears of one success, and the buyer has the second 199.00 " +
      "back without anybody lifting a finger.",
  );
}
