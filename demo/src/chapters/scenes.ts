/** Every way in which a buyer can meet a channel, each paid and watched to its success. */
import type { CreatePayment, Payment } from "@tributary/sdk";
import { yuan } from "../money.ts";
import { type Stage, timelineUrl } from "../stage.ts";
import { checkSuccess, order, succeeds, whatTheBuyerHolds } from "./paying.ts";

/** A payment to create, and what its buyer does. */
type Scene = Omit<CreatePayment, "currency" | "merchant_order_no" | "method"> & {
  readonly method: string;
  readonly does: string;
};

/** The sandbox's pretend buyer, as a mini program would name it. */
const BUYER = "2088000000000002";
const OPENID = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o";
const BUYER_IP = "203.0.113.7";

/**
 * Among the amounts: 2.50 costs the platform 1.5 fen, and half a fen goes up; 0.63 earns it half a fen and a
 * bit.
 */
const HANDED_OVER: readonly Scene[] = [
  { method: "alipay.qr", amount: 1234, subject: "A cup of tea", does: "scans the code on the counter" },
  { method: "alipay.page", amount: 29_900, subject: "A teapot", does: "is sent to Alipay from a computer" },
  { method: "alipay.wap", amount: 250, subject: "A biscuit", does: "is sent to Alipay from a phone" },
  { method: "alipay.app", amount: 8_888, subject: "A gift box", does: "pays from the shop's own app" },
  {
    method: "alipay.jsapi",
    amount: 63,
    subject: "A loyalty card",
    buyer: BUYER,
    does: "pays inside a mini program",
  },
  {
    method: "wechat.native",
    amount: 4_200,
    subject: "A bag of oolong",
    does: "scans the code on the counter",
  },
  {
    method: "wechat.h5",
    amount: 250,
    subject: "A biscuit",
    buyer_ip: BUYER_IP,
    does: "is sent to WeChat from a phone",
  },
  { method: "wechat.app", amount: 8_888, subject: "A gift box", does: "pays from the shop's own app" },
  {
    method: "wechat.jsapi",
    amount: 63,
    subject: "A loyalty card",
    buyer: OPENID,
    does: "pays inside a mini program",
  },
];

type Row = (cells: readonly string[]) => void;

export async function playEveryScene(stage: Stage): Promise<void> {
  const { terminal } = stage;
  terminal.chapter("Every way to pay");
  terminal.tell(
    "Ten scenes through the real protocols of Alipay and WeChat Pay, signed in both directions, and a " +
      "buyer who changes the wallet half-way. The seconds are from the buyer's confirmation to the " +
      "success that the shop sees.",
  );
  const row = terminal.growing([
    { title: "", width: 1 },
    { title: "method", width: 13 },
    { title: "the buyer", width: 40 },
    { title: "CNY", width: 8, side: "right" },
    { title: "fee", width: 6, side: "right" },
    { title: "after", width: 7, side: "right" },
  ]);
  for (const scene of HANDED_OVER) await handedOver(stage, scene, row);
  await codePaidAtOnce(stage, row);
  await codeWithPassword(stage, row);
  await walletChanged(stage, row);
}

/** A code of one wallet has been scanned when the buyer asks for the other's. */
async function walletChanged(stage: Stage, row: Row): Promise<void> {
  const { checks, sandbox, shop } = stage;
  const does = "scans Alipay's code, then asks for WeChat's";
  const scene: Scene = { method: "wechat.native", amount: 3_600, subject: "A tea strainer", does };
  const first = await order(stage, { ...wantedOf(scene), label: "changed", method: "alipay.qr" });
  await sandbox.scan(whatTheBuyerHolds(first));
  const payment = await shop.payments.createAttempt(first.id, { method: scene.method });
  const look = timelineUrl(stage, payment.id);
  checks.equal("the other wallet's order is closed first", payment.attempts[0]?.state, "closed", look);
  const paidAt = performance.now();
  const trade = await sandbox.pay(whatTheBuyerHolds(payment));
  const succeeded = await succeeds(stage, payment);
  written(stage, row, { scene, payment: succeeded, paidAt, tradeNo: trade.trade_no });
}

function wantedOf({ does: _, ...wanted }: Scene) {
  return wanted;
}

/** The shop hands something over, and the buyer pays with it. */
async function handedOver(stage: Stage, scene: Scene, row: Row): Promise<void> {
  const { checks, sandbox } = stage;
  const payment = await order(stage, { label: labelOf(scene.method), ...wantedOf(scene) });
  const look = timelineUrl(stage, payment.id);
  checks.equal(`a payment by ${scene.method} waits for its buyer`, payment.status, "processing", look);
  const held = whatTheBuyerHolds(payment);
  const seen = await sandbox.scan(held);
  checks.equal("the wallet shows the shop's amount", seen.amount, payment.amount, look);
  checks.equal("the wallet shows the shop's words", seen.subject, payment.subject, look);
  const paidAt = performance.now();
  const trade = await sandbox.pay(held);
  const succeeded = await succeeds(stage, payment);
  written(stage, row, { scene, payment: succeeded, paidAt, tradeNo: trade.trade_no });
}

/** The shop scans the buyer's code; small amounts need no password. */
async function codePaidAtOnce(stage: Stage, row: Row): Promise<void> {
  const does = "shows a code that the shop scans";
  const scene: Scene = { method: "alipay.code", amount: 1_500, subject: "Soy milk", does };
  const code = await stage.sandbox.paymentCode("pays");
  const paidAt = performance.now();
  const payment = await order(stage, codeOrder(scene, code));
  const look = timelineUrl(stage, payment.id);
  stage.checks.equal("a code that pays at once is paid in the answer", payment.status, "succeeded", look);
  written(stage, row, { scene, payment, paidAt, tradeNo: null });
}

async function codeWithPassword(stage: Stage, row: Row): Promise<void> {
  const { checks, sandbox } = stage;
  const does = "shows a code, and types the password";
  const scene: Scene = { method: "alipay.code", amount: 128_000, subject: "A lacquer tray", does };
  const code = await sandbox.paymentCode("asks_password");
  const payment = await order(stage, codeOrder(scene, code));
  const look = timelineUrl(stage, payment.id);
  checks.equal("nobody hands over goods before the password", payment.status, "processing", look);
  checks.equal("its attempt waits at the channel", payment.attempts[0]?.state, "pending", look);
  const paidAt = performance.now();
  const trade = await sandbox.pay(code);
  const succeeded = await succeeds(stage, payment);
  written(stage, row, { scene, payment: succeeded, paidAt, tradeNo: trade.trade_no });
}

type Paid = {
  readonly scene: Scene;
  readonly payment: Payment;
  readonly paidAt: number;
  /** What the buyer's wallet calls it. */
  readonly tradeNo: string | null;
};

function written(stage: Stage, row: Row, { scene, payment, paidAt, tradeNo }: Paid): void {
  const seconds = ((performance.now() - paidAt) / 1_000).toFixed(1);
  const { attempt, fee } = checkSuccess(stage, payment);
  if (tradeNo !== null) {
    const claim = "the shop and the buyer's wallet name the same trade";
    stage.checks.equal(claim, attempt.channel_trade_no, tradeNo, timelineUrl(stage, payment.id));
  }
  const tick = stage.terminal.paint("green", "✓");
  row([tick, scene.method, scene.does, yuan(payment.amount), yuan(fee), `${seconds} s`]);
}

function codeOrder(scene: Scene, code: string) {
  return { label: labelOf(scene.method), payment_code: code, ...wantedOf(scene) };
}

function labelOf(method: string): string {
  return method.replace("alipay.", "").replace("wechat.", "wx-");
}
