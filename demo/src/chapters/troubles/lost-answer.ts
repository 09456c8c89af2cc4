import type { TimelineItem } from "@tributary/sdk";
import { type Stage, timelineUrl } from "../../stage.ts";
import { checkSuccess, order, succeeds } from "../paying.ts";

/** The buyer has paid, and neither the answer nor a notification says so. */
export async function lostAnswer(stage: Stage): Promise<void> {
  const { terminal, checks, sandbox, shop } = stage;
  terminal.scene("The answer is lost after the money was taken");
  const method = "alipay.trade.pay";
  const fault = await sandbox.arm({ kind: "answer_lost_after_success", match: { method } });
  await sandbox.arm({ kind: "notification_lost", match: {} });
  const code = await sandbox.paymentCode("pays");
  const askedAt = performance.now();
  const payment = await order(stage, {
    label: "lost",
    method: "alipay.code",
    payment_code: code,
    amount: 4_200,
    subject: "Breakfast for two",
  });
  const look = timelineUrl(stage, payment.id);
  checks.equal("the answer was lost", await sandbox.happened(fault), 1, `${sandbox.url}/faults`);
  checks.equal("the attempt's result is not known", payment.attempts[0]?.state, "unknown", look);
  checks.equal("the payment is neither paid nor failed", payment.status, "processing", look);
  terminal.done(
    "Alipay took 42.00 and its answer never came: the attempt is “unknown”, and nothing is guessed.",
  );
  const succeeded = await succeeds(stage, payment);
  const seconds = ((performance.now() - askedAt) / 1_000).toFixed(1);
  await sandbox.disarm();
  checkSuccess(stage, succeeded);
  const calls = (await shop.payments.timeline(payment.id)).filter(isExchange);
  const operations = calls.map(({ detail }) => detail.operation);
  checks.equal("the money was asked for once", operations.filter((each) => each === "pay").length, 1, look);
  checks.equal("and found by a query", operations.at(-1), "query", look);
  terminal.done(`Nobody tells the platform. It asks, and ${seconds} s after the sale it knows: paid, once.`);
}

function isExchange(item: TimelineItem): boolean {
  return item.kind === "exchange";
}
