/** A payment given back in parts, and never more than it was. */
import { type Payment, type Refund, TributaryError } from "@tributary/sdk";
import { NotAsExpected } from "../checks.ts";
import { clearingDayEndsSoon } from "../days.ts";
import { moneyText, yuan } from "../money.ts";
import { type Stage, timelineUrl } from "../stage.ts";
import { checkSuccess, order, succeeds, whatTheBuyerHolds } from "./paying.ts";

const AMOUNT = 8_880n;
const PARTS = [1_000n, 3_333n] as const;
const TOO_MUCH = 6_000n;

type Sale = { readonly paymentId: string; readonly attemptId: string; readonly look: string };

const WHOLE_AMOUNT = 6_600n;
const CARD_AMOUNT = 8_000n;
const CARD_PART = 2_000n;

export async function giveBackInParts(stage: Stage): Promise<void> {
  const { terminal, checks, sandbox, shop } = stage;
  terminal.chapter("Refunds, in parts");
  const payment = await order(stage, {
    label: "basket",
    method: "alipay.qr",
    amount: AMOUNT,
    subject: "A basket of fruit",
  });
  await sandbox.pay(whatTheBuyerHolds(payment));
  const { attempt, fee } = checkSuccess(stage, await succeeds(stage, payment));
  const sale: Sale = {
    paymentId: payment.id,
    attemptId: attempt.id,
    look: timelineUrl(stage, payment.id),
  };
  terminal.tell(
    `A basket of fruit for ${yuan(AMOUNT)}, of which ${yuan(fee)} is the fee. The fee comes back with the ` +
      "money, cumulatively: however a refund is cut up, no fen is lost or made.",
  );
  const row = terminal.growing([
    { title: "", width: 1 },
    { title: "the shop gives back", width: 30 },
    { title: "CNY", width: 8, side: "right" },
    { title: "fee back", width: 8, side: "right" },
    { title: "left", width: 8, side: "right" },
    { title: "state", width: 10 },
  ]);
  let left = AMOUNT;
  const give = async (what: string, amount: bigint, whole: boolean) => {
    const refund = await refundPart(stage, sale, whole ? null : amount, amount);
    left -= amount;
    row([
      terminal.paint("green", "✓"),
      what,
      yuan(amount),
      yuan(refund.fee_returned),
      yuan(left),
      refund.state,
    ]);
  };
  await give("for a bruised peach", PARTS[0], false);
  await give("for what was out of stock", PARTS[1], false);
  const problem = await refusedRefund(stage, sale, left);
  row([terminal.paint("red", "✗"), "more than is left", yuan(TOO_MUCH), "", yuan(left), "refused"]);
  await give("the rest, without an amount", left, true);
  const whole = await shop.payments.get(payment.id);
  checks.equal(
    "all of it went back",
    [whole.amount_refunded, whole.refund_status],
    [Number(AMOUNT), "full"],
    sale.look,
  );
  terminal.line();
  terminal.tell(
    "What the shop is told when it asks for too much; nothing changed, and Alipay was not asked:",
  );
  terminal.quote(problem);
  terminal.line();
  await giveBackWhole(stage);
  await giveBackToCard(stage);
}

/** On the payment's own clearing day UnionPay gives back the whole, by a void; parts wait for the next. */
async function giveBackWhole(stage: Stage): Promise<void> {
  const { terminal, checks, sandbox } = stage;
  const late = clearingDayEndsSoon(new Date());
  const method = late ? "wechat.native" : "unionpay.qr";
  const payment = await order(stage, { label: "whole", method, amount: WHOLE_AMOUNT, subject: "A tea tray" });
  const { token } = await sandbox.pay(whatTheBuyerHolds(payment));
  const sale = await soldBy(stage, payment);
  const refund = await refundPart(stage, sale, null, WHOLE_AMOUNT);
  const back = await checks.until({
    claim: "the buyer has it back",
    read: async () => (await sandbox.trade(token)).amount_refunded,
    done: (amount) => BigInt(amount) === WHOLE_AMOUNT,
    look: `${sandbox.url}/wallet`,
  });
  terminal.done(
    `${yuan(back)} paid through ${late ? "WeChat" : "UnionPay"} are given back whole, the fee of ` +
      `${yuan(refund.fee_returned)} with them: ` +
      (late
        ? "UnionPay's clearing day ends in a moment, and whatever it took would have to wait."
        : "a void, since it is the payment's own clearing day there."),
  );
}

async function giveBackToCard(stage: Stage): Promise<void> {
  const { terminal, sandbox } = stage;
  const payment = await order(stage, {
    label: "card-back",
    method: "card",
    currency: "USD",
    amount: CARD_AMOUNT,
    subject: "A kettle, abroad",
  });
  await sandbox.pay(whatTheBuyerHolds(payment));
  const refund = await refundPart(stage, await soldBy(stage, payment), CARD_PART, CARD_PART);
  const usd = (amount: bigint | number) => `${moneyText(amount, "USD")} USD`;
  terminal.done(
    `Of ${usd(CARD_AMOUNT)} by card ${usd(CARD_PART)} are given back. The platform returns ` +
      `${usd(refund.fee_returned)} of its fee; Stripe keeps its own, and the books say so.`,
  );
}

async function soldBy(stage: Stage, payment: Payment): Promise<Sale> {
  const { attempt } = checkSuccess(stage, await succeeds(stage, payment));
  return { paymentId: payment.id, attemptId: attempt.id, look: timelineUrl(stage, payment.id) };
}

/** @param asked null: all that is left. */
async function refundPart(stage: Stage, sale: Sale, asked: bigint | null, amount: bigint): Promise<Refund> {
  const { checks, shop, story } = stage;
  const wanted = {
    merchant_refund_no: story.number("back"),
    reason: "Asked for at the counter",
    ...(asked === null ? {} : { amount: asked }),
  };
  const refund = await shop.refunds.create(sale.paymentId, wanted);
  const again = await shop.refunds.create(sale.paymentId, wanted);
  checks.equal("asked twice with one number, it is one refund", again.id, refund.id, sale.look);
  const accepted = await checks.until({
    claim: `refund ${wanted.merchant_refund_no} is accepted by the channel`,
    read: () => shop.refunds.get(refund.id),
    done: ({ accepted_at }) => accepted_at !== null,
    look: sale.look,
  });
  const { fee } = story.refunded(refund.id, sale.attemptId, amount);
  checks.equal("it gives back what was asked", accepted.amount, Number(amount), sale.look);
  checks.equal("its part of the fee comes back", accepted.fee_returned, Number(fee), sale.look);
  return accepted;
}

/** Asks for more than is left; gives the problem document, line by line. */
async function refusedRefund(stage: Stage, sale: Sale, left: bigint): Promise<readonly string[]> {
  const { checks, shop, story } = stage;
  const wanted = { merchant_refund_no: story.number("too-much"), amount: TOO_MUCH };
  const error = await shop.refunds.create(sale.paymentId, wanted).then(
    (refund) => refund,
    (reason: unknown) => reason,
  );
  if (!(error instanceof TributaryError)) {
    const claim = "a refund beyond what is left is refused";
    throw new NotAsExpected(claim, { expected: "a problem document", seen: error, look: sale.look });
  }
  checks.equal("the refusal has its code", error.code, "refund_exceeds_payment", sale.look);
  checks.equal("and its status", error.status, 422, sale.look);
  checks.equal("and names what is left", error.message.includes(String(left)), true, sale.look);
  return Object.entries({
    status: error.status,
    code: error.code,
    field: error.field,
    detail: error.detail,
    remedy: error.remedy,
    request_id: error.requestId,
  })
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name.padEnd(11)} ${value}`);
}
