/** The first day's sales, and what the channels will tell of them otherwise. */
import type { Payment } from "@tributary/sdk";
import { whatTheBuyerHolds } from "../chapters/paying.ts";
import { giveBack, lie, order, orderNoOf, type Scene, sell } from "./scene.ts";

/** Sales by Alipay, in fen, and how its bill differs from each. */
const ALIPAY = [
  [null, 50_000],
  ["amount_off", 30_000],
  ["fee_difference", 20_000],
  ["duplicate_row", 40_000],
  ["missing_row", 70_000],
  ["wrong_day", 60_000],
] as const;
const UNHEARD = 15_000;
/** Sales by WeChat and what was given back of each, and how its bill differs from the refund. */
const WECHAT = [
  ["wrong_day", 30_000, 5_000],
  ["missing_row", 35_000, 7_000],
] as const;
/** Sales by WeChat, and what its bill says of each line otherwise. */
const WECHAT_LINES = [
  ["other_currency", 9_000],
  ["other_merchant", 22_000],
] as const;

/** What the second day comes back to. */
export type Sold = {
  readonly missing: Payment;
  readonly unheard: Payment;
  readonly notGivenBack: Payment;
  readonly misnumbered: Payment;
};

export async function sellWithLies(scene: Scene): Promise<Sold> {
  const { terminal, platform } = scene;
  const { demo } = platform;
  const atAlipay = new Map<string, Payment>();
  for (const [difference, amount] of ALIPAY) {
    const payment = await sell(scene, { method: "alipay.qr", currency: "CNY", amount });
    if (difference !== null) await lie(scene, payment, { difference });
    atAlipay.set(difference ?? "", payment);
  }
  await lie(scene, null, { difference: "extra_row", of: "payment" });
  const unheard = await payUnheard(scene);
  terminal.done("Alipay: seven payments. Of one its line to us is dead: nobody hears that it is paid");

  const wechat = { mchid: demo.wechat_mchid };
  let notGivenBack: Payment | null = null;
  for (const [difference, amount, back] of WECHAT) {
    notGivenBack = await sell(scene, { method: "wechat.native", currency: "CNY", amount });
    await giveBack(scene, notGivenBack, back);
    await lie(scene, notGivenBack, { difference, of: "refund", at: wechat });
  }
  await lie(scene, null, { difference: "extra_row", of: "refund", at: wechat });
  const atWechat = new Map<string, Payment>();
  for (const [difference, amount] of WECHAT_LINES) {
    const payment = await sell(scene, { method: "wechat.native", currency: "CNY", amount });
    await lie(scene, payment, { difference, of: "payment", at: wechat });
    atWechat.set(difference, payment);
  }
  terminal.done("WeChat: four payments, a part of two of them given back");

  return {
    missing: atAlipay.get("missing_row") as Payment,
    unheard,
    notGivenBack: notGivenBack as Payment,
    misnumbered: atWechat.get("other_merchant") as Payment,
  };
}

/** Paid, but neither told of nor to be asked about until the morning. */
async function payUnheard(scene: Scene): Promise<Payment> {
  const { sandbox } = scene;
  const payment = await order(scene, { method: "alipay.qr", currency: "CNY", amount: UNHEARD });
  const match = { out_trade_no: orderNoOf(payment) };
  await sandbox.arm({ kind: "notification_lost", match });
  await sandbox.arm({ kind: "system_error", match, params: { form: "acq" }, count: null });
  await sandbox.pay(whatTheBuyerHolds(payment));
  return payment;
}
