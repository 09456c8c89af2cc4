/** Every way in which a buyer can meet a channel, each paid and watched to its success. */
import type { CreatePayment, Payment } from "@tributary/sdk";
import { moneyText } from "../money.ts";
import { type Stage, timelineUrl } from "../stage.ts";
import { checkSuccess, order, succeeds, whatTheBuyerHolds } from "./paying.ts";

/** A payment to create, and what its buyer does. */
type Scene = Omit<CreatePayment, "currency" | "merchant_order_no" | "method"> & {
  readonly method: string;
  readonly currency?: string;
  readonly does: string;
};

/** The sandbox's pretend buyer, as a mini program would name it. */
const BUYER = "2088000000000002";
const OPENID = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o";
const BUYER_IP = "203.0.113.7";

/**
 * Among the amounts: 2.50 costs the platform 1.5 fen, and half a fen goes up; 0.63 earns it half a fen and a
 * bit. A yen has no smaller coin.
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
  { method: "unionpay.qr", amount: 5_600, subject: "A tea caddy", does: "scans the code on the counter" },
  { method: "unionpay.page", amount: 45_000, subject: "A tea table", does: "is sent to UnionPay by a form" },
  { method: "unionpay.app", amount: 8_888, subject: "A gift box", does: "pays from the shop's own app" },
  {
    method: "card",
    currency: "USD",
    amount: 4_250,
    subject: "A teapot, abroad",
    does: "types a card on Stripe's page",
  },
  {
    method: "card.app",
    currency: "EUR",
    amount: 1_995,
    subject: "A gift box, abroad",
    does: "pays by card in the shop's own app",
  },
  {
    method: "card",
    currency: "JPY",
    amount: 1_980,
    subject: "A tea bowl, abroad",
    does: "types a card on Stripe's page",
  },
];

/** Codes that the shop scans. WeChat's and UnionPay's are told apart from Alipay's by their digits alone. */
const CODES_PAID_AT_ONCE = [
  { wallet: "alipay", amount: 1_500, subject: "Soy milk" },
  { wallet: "wechat", amount: 1_650, subject: "Steamed buns" },
  { wallet: "unionpay", amount: 1_750, subject: "Dumplings" },
] as const;

type Row = (cells: readonly string[]) => void;

export async function playEveryScene(stage: Stage): Promise<void> {
  const { terminal } = stage;
  terminal.chapter("Every way to pay");
  terminal.tell(
    "Every scene through the real protocols of the channels, signed in both directions, and a buyer who " +
      "changes the wallet half-way. The seconds are from the buyer's confirmation to the success that the " +
      "shop sees.",
  );
  const row = terminal.growing([
    { title: "", width: 1 },
    { title: "method", width: 13 },
    { title: "the buyer", width: 40 },
    { title: "amount", width: 12, side: "right" },
    { title: "fee", width: 6, side: "right" },
    { title: "after", width: 7, side: "right" },
  ]);
  for (const scene of HANDED_OVER) await handedOver(stage, scene, row);
  for (const code of CODES_PAID_AT_ONCE) await codePaidAtOnce(stage, code, row);
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
  const { checks, sandbox, merchant } = stage;
  const payment = await order(stage, { label: labelOf(scene.method), ...wantedOf(scene) });
  const look = timelineUrl(stage, payment.id);
  checks.equal(`a payment by ${scene.method} waits for its buyer`, payment.status, "processing", look);
  const held = whatTheBuyerHolds(payment);
  const seen = await sandbox.scan(held);
  checks.equal("the wallet shows the shop's amount", seen.amount, payment.amount, look);
  // UnionPay is told no words: its buyers see whom they pay.
  const words = scene.method.startsWith("unionpay.") ? merchant.name : payment.subject;
  checks.equal("the wallet shows the shop's words", seen.subject, words, look);
  const paidAt = performance.now();
  const trade = await sandbox.pay(held);
  const succeeded = await succeeds(stage, payment);
  written(stage, row, { scene, payment: succeeded, paidAt, tradeNo: trade.trade_no });
}

/** The shop scans the buyer's code; small amounts need no password. */
async function codePaidAtOnce(
  stage: Stage,
  { wallet, amount, subject }: (typeof CODES_PAID_AT_ONCE)[number],
  row: Row,
): Promise<void> {
  const { checks, sandbox } = stage;
  const does = "shows a code that the shop scans";
  const scene: Scene = { method: `${wallet}.code`, amount, subject, does };
  const code = await sandbox.paymentCode("pays", wallet);
  const paidAt = performance.now();
  // The shop need not say whose code it is.
  const { method: _, ...scanned } = codeOrder(scene, code);
  const payment = await order(stage, scanned);
  const look = timelineUrl(stage, payment.id);
  checks.equal("a code that pays at once is paid in the answer", payment.status, "succeeded", look);
  checks.equal("its digits told whose it is", payment.attempts[0]?.method, scene.method, look);
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
  const { amount, currency } = payment;
  const asked = `${moneyText(amount, currency)} ${currency}`;
  row([tick, scene.method, scene.does, asked, moneyText(fee, currency), `${seconds} s`]);
}

function codeOrder(scene: Scene, code: string) {
  return { label: labelOf(scene.method), payment_code: code, ...wantedOf(scene) };
}

function labelOf(method: string): string {
  return method.replace("alipay.", "").replace("wechat.", "wx-").replace("unionpay.", "up-");
}
