import { type Stage, timelineUrl } from "../../stage.ts";
import { order } from "../paying.ts";

/** Nobody pays a code; somebody claims that it was paid. */
export async function abandonedAndForged(stage: Stage): Promise<void> {
  const { terminal, checks, sandbox, shop, office, story } = stage;
  terminal.scene("A code that nobody pays, and a notification that Alipay never sent");
  const payment = await order(stage, {
    label: "left",
    method: "alipay.qr",
    amount: 66_600,
    subject: "A wish not granted",
  });
  const look = timelineUrl(stage, payment.id);
  const [attempt] = payment.attempts;
  if (attempt === undefined) throw new Error(`payment ${payment.id} has no attempt`);
  const orderNo = attempt.channel_order_no;
  await sandbox.forgeNotification(orderNo);
  const [forged] = await checks.until({
    claim: "the forged notification was answered",
    read: () => sandbox.notifications(orderNo),
    done: ([first]) => (first?.tries.length ?? 0) > 0,
    look: `${sandbox.url}/alipay/notifications?out_trade_no=${orderNo}`,
  });
  const said = forged?.tries[0];
  checks.equal("the forgery gets the negative answer", said?.body, "failure", look);
  terminal.done(
    `A stranger claims “${forged?.params.trade_status}” for 666.00, with a signature of their own. ` +
      `The platform answers ${said?.status} “${said?.body}”.`,
  );
  const refused = await checks.until({
    claim: "operators can see the refused notification",
    read: async () => (await office.refusedNotifications()).find(({ request }) => request.includes(orderNo)),
    done: (found) => found !== undefined,
    look: `GET ${stage.platform.demo.base_url}/v1/ops/stray_notifications?kind=refused`,
  });
  terminal.done(`Operators see it among the refused ones: ${refused?.reason}.`);
  const untouched = await shop.payments.get(payment.id);
  checks.equal("the payment is as it was", untouched.status, "processing", look);

  const closed = await shop.payments.close(payment.id);
  checks.equal("the payment is closed", [closed.status, closed.closed_reason], ["closed", "cancelled"], look);
  checks.equal("nothing was taken", closed.attempts[0]?.amount_paid, null, look);
  story.announced("payment.closed", payment.id);
  terminal.done("The shop closes the order. No money came, so the books say nothing of it.");
}
