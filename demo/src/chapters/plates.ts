/** Codes that any wallet scans: one that is printed once and stands for a place, and a payment's own. */
import type { Payment } from "@tributary/sdk";
import { yuan } from "../money.ts";
import type { Plate } from "../office.ts";
import type { Trade } from "../sandbox.ts";
import { type Stage, timelineUrl } from "../stage.ts";
import { checkSuccess, order, succeeds } from "./paying.ts";

type Wallet = "alipay" | "wechat";
const NAMES: Readonly<Record<Wallet, string>> = { alipay: "Alipay", wechat: "WeChat" };

export async function printAPlate(stage: Stage): Promise<void> {
  const { terminal } = stage;
  terminal.chapter("Codes that any wallet scans");
  terminal.scene("A plate on the counter");
  const plate = await bound(stage);
  await scanned(stage, plate, "wechat", 880);
  await scanned(stage, plate, "alipay", 1_260);
  await takenDown(stage, plate);
  terminal.line();
  terminal.scene("One payment, scanned by two wallets");
  await scannedByTwo(stage);
}

/** A blank of a new batch becomes the shop's, and takes payments. */
async function bound(stage: Stage): Promise<Plate> {
  const { terminal, checks, office, merchant, story, platform } = stage;
  const look = `GET ${platform.demo.base_url}/v1/ops/plates?merchant=${merchant.id}`;
  const [blank, ...others] = await office.printPlates(story.number("plates"), 1);
  if (blank === undefined) throw new Error("a batch of one plate has none");
  checks.equal("the batch has what was asked for", others.length, 0, look);
  checks.equal("a printed plate is nobody's", blank.state, "blank", look);
  const early = await stage.sandbox.scanWith("wechat", blank.url);
  checks.equal("a blank plate makes no trade", early.trade, undefined, blank.url);
  const terms = { merchant_id: merchant.id, currency: "CNY", amount: null, subject: "At the counter" };
  const plate = await office.changePlate(blank, "bind", terms);
  checks.equal("bound, it is printed with the same address", plate.url, blank.url, look);
  const active = await office.changePlate(plate, "activate");
  checks.equal("activated, it takes payments", active.state, "active", look);
  terminal.done(
    `An operator prints a blank plate, which takes nothing yet, binds it to ${merchant.name} and opens ` +
      `it: ${active.url}`,
  );
  return active;
}

/** The buyer enters the amount in the wallet's own browser, and pays. */
async function scanned(stage: Stage, plate: Plate, wallet: Wallet, fen: number): Promise<void> {
  const { terminal, checks, sandbox, story } = stage;
  const trade = await tradeOf(stage, wallet, plate.url, yuan(fen));
  const [payment, ...others] = await unseen(stage, plate);
  if (payment === undefined) throw new Error(`no payment came of scanning ${plate.url}`);
  story.tells(payment.id);
  const look = timelineUrl(stage, payment.id);
  checks.equal("one scan made one payment", others.length, 0, look);
  checks.equal("of what the buyer entered", [payment.amount, trade.amount], [fen, fen], look);
  await sandbox.pay(trade.token);
  const paid = await succeeds(stage, payment);
  const { fee } = checkSuccess(stage, paid);
  checks.equal("through the scanning wallet", paid.method?.split(".")[0], wallet, look);
  terminal.done(
    `${NAMES[wallet]} scans it, its buyer enters ${yuan(fen)} and pays: ${paid.method}, fee ${yuan(fee)}.`,
  );
}

/** Payments of a plate that the story does not know so far. */
async function unseen({ shop, story }: Stage, plate: Plate): Promise<readonly Payment[]> {
  const found: Payment[] = [];
  for await (const payment of shop.payments.list({ limit: 20 })) {
    if (new Date(payment.created_at) < story.startedAt) break;
    if (payment.metadata.plate === plate.id && !story.paymentIds.has(payment.id)) found.push(payment);
  }
  return found;
}

async function takenDown(stage: Stage, plate: Plate): Promise<void> {
  const { terminal, checks, office, sandbox } = stage;
  const disabled = await office.changePlate(plate, "disable");
  checks.equal("the plate is out of service", disabled.state, "disabled", plate.url);
  const { trade, page } = await sandbox.scanWith("alipay", plate.url);
  checks.equal("whoever scans it now comes to no trade", trade, undefined, plate.url);
  checks.equal("and reads that it is gone", page?.status, 410, plate.url);
  terminal.done("It is lost, and disabled for good: whoever scans it now is asked not to pay.");
}

/** A payment's own code, opened by one wallet and paid by another. */
async function scannedByTwo(stage: Stage): Promise<void> {
  const { terminal, checks, sandbox, shop } = stage;
  const payment = await order(stage, { label: "scan", amount: 2_350, subject: "A pot of jasmine" });
  const look = timelineUrl(stage, payment.id);
  checks.equal("without a method nothing is ordered yet", payment.attempts, [], look);
  const first = await tradeOf(stage, "alipay", payment.scan_url);
  checks.equal("Alipay shows the amount", first.amount, payment.amount, look);
  terminal.done(`The shop shows ${payment.scan_url}. Alipay scans it, and its buyer hesitates.`);
  const second = await tradeOf(stage, "wechat", payment.scan_url);
  const { attempts } = await shop.payments.get(payment.id);
  const states = attempts.map(({ method, state }) => `${method} ${state}`);
  checks.equal("Alipay's order is closed first", states, ["alipay.wap closed", "wechat.jsapi pending"], look);
  await sandbox.pay(second.token);
  const paid = await succeeds(stage, payment);
  checkSuccess(stage, paid);
  const left = await sandbox.trade(first.token);
  checks.equal(
    "Alipay's trade takes no money any more",
    left.status,
    "TRADE_CLOSED",
    `${sandbox.url}/wallet`,
  );
  terminal.done("A friend's WeChat scans the same code: Alipay's order is closed, and WeChat's is paid.");
}

async function tradeOf(stage: Stage, wallet: Wallet, code: string, amount?: string): Promise<Trade> {
  const { trade, page } = await stage.sandbox.scanWith(wallet, code, amount);
  if (trade === undefined) throw new Error(`${wallet} comes to no trade from ${code}: ${page?.status}`);
  return trade;
}
