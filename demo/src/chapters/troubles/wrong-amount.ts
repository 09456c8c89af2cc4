import { type Stage, timelineUrl } from "../../stage.ts";
import { checkSuccess, order, succeeds, whatTheBuyerHolds } from "../paying.ts";

const AMOUNT = 5_000;

/** An authentic notification names another amount, and comes three times. */
export async function wrongAmount(stage: Stage): Promise<void> {
  const { terminal, checks, sandbox, shop } = stage;
  terminal.scene("A notification with the wrong amount, three times over");
  const payment = await order(stage, {
    label: "wrong",
    method: "alipay.qr",
    amount: AMOUNT,
    subject: "A lucky envelope",
  });
  const look = timelineUrl(stage, payment.id);
  const orderNo = payment.attempts[0]?.channel_order_no ?? "";
  const match = { out_trade_no: orderNo };
  await sandbox.arm({ kind: "notification_wrong_amount", match, params: { delta: 10_000 } });
  await sandbox.arm({ kind: "notification_duplicate", match, params: { copies: 2 } });
  await sandbox.pay(whatTheBuyerHolds(payment));
  const succeeded = await succeeds(stage, payment);
  checkSuccess(stage, succeeded);
  const timeline = await checks.until({
    claim: "all three notifications were answered",
    read: () => shop.payments.timeline(payment.id),
    done: (items) => items.filter(({ detail }) => detail.operation === "notification").length === 3,
    look,
  });
  await sandbox.disarm();
  const decisions = timeline
    .filter(({ kind }) => kind === "exchange")
    .map(({ detail }) => ({ operation: detail.operation, decision: detail.decision }));
  const notified = decisions.filter(({ operation }) => operation === "notification");
  const asked = decisions.filter(({ operation }) => operation === "query");
  checks.equal(
    "each notification is kept as a contradiction",
    notified.map(({ decision }) => decision),
    ["contradiction", "contradiction", "contradiction"],
    look,
  );
  checks.equal("a query decides", asked.filter(({ decision }) => decision === "paid").length, 1, look);
  const booked = timeline.filter(({ kind, what }) => kind === "journal" && what.includes("payment_success"));
  checks.equal("one success is booked", booked.length, 1, look);
  terminal.done(
    "Alipay's own signature says 150.00 for an order of 50.00, three times. All are kept and " +
      "acknowledged, none is believed: a query says 50.00, and 50.00 is booked, once.",
  );
}
