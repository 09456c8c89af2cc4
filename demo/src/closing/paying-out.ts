/** From the channels to our bank, and from there to the merchant's: what each step needs two people for. */
import { callerOf } from "../calls.ts";
import { moneyText } from "../money.ts";
import type { Scene } from "./scene.ts";

const RESERVE = { number: "31050161000000000001", name: "Tributary 备付金" };
/** What a card costs us is more than what a merchant is charged elsewhere. */
const CARD_RATE_MILLIONTHS = 40_000;

/** What the channels pay out to our bank of the first day, in fen. */
const WITHDRAWALS = [
  ["channel_account_id", "支付宝（中国）网络技术有限公司", 240_000],
  ["wechat_account_id", "财付通支付科技有限公司", 90_000],
] as const;

/** What cards are charged, how our bank is reached, and the account that the merchant is paid to. */
export async function agreeOnTerms(scene: Scene, date: string): Promise<void> {
  const { closing, sandbox, platform, terminal } = scene;
  const { merchant_id: merchant } = platform.demo;
  await closing.agreed("POST", "/fee_schedules", {
    merchant_id: merchant,
    method: "card",
    currency: "USD",
    effective_from: date,
    terms: { rules: [{ tiers: [{ from: 0, rate_millionths: CARD_RATE_MILLIONTHS }] }], refund: "cumulative" },
    reason: "What Stripe charges, and a little",
  });
  const { url } = await sandbox.openBankAccount(RESERVE.number, RESERVE.name);
  await closing.agreed("PUT", "/bank_connections/reserve", {
    url,
    account_number: RESERVE.number,
    holder_name: RESERVE.name,
    bank_code: "105100000017",
    currency: "CNY",
    holds: "reserve",
    removes_doubles: true,
  });
  const { legal_name: holder } = await closing.merchant(merchant);
  const account = await closing.enterBankAccount(merchant, {
    currency: "CNY",
    holder_name: holder,
    number: "6222020000000000001",
    bank_code: "102100099996",
  });
  const evidence = { evidence: "Account opening letter, file 12" };
  await closing.agreed("POST", `/bank_accounts/${account.id}/verify`, evidence);
  terminal.done(
    "Two people agree on what cards are charged, on our bank, and on the merchant's bank account",
  );
}

/** The channels say what they pay out, and it arrives at our bank. */
export async function announceAndPayIn(scene: Scene, date: string): Promise<void> {
  const { closing, sandbox, platform } = scene;
  for (const [account, payer, amount] of WITHDRAWALS) {
    await closing.agreed("POST", "/channel_payouts", {
      channel_account: platform.demo[account],
      payout_no: `W-${amount}`,
      amount,
      currency: "CNY",
      covers_from: date,
      covers_through: date,
      announced_date: date,
      payer,
    });
    await sandbox.payIn(RESERVE.number, amount, payer);
  }
}

/** What the first day settled goes to the merchant's bank. */
export async function payOut(scene: Scene): Promise<void> {
  const { closing, checks, terminal } = scene;
  const look = "GET /v1/ops/payouts";
  const [payout, ...others] = await closing.payouts();
  checks.equal(
    "the close has proposed to pay out what it settled",
    [payout?.status, others.length],
    ["created", 0],
    look,
  );
  await closing.agreed("POST", "/payout_batches", { connection: "reserve", payouts: [payout?.id] });
  await checks.until({
    claim: "the bank has the payout",
    read: () => closing.payouts(),
    done: ([sent]) => sent?.status === "sent",
    look,
  });
  const amount = moneyText(BigInt(payout?.amount ?? 0), payout?.currency ?? "");
  terminal.done(`${amount} are sent to the merchant's bank: one proposes the batch, another approves`);
}

/** The bank's statement has shown it. */
export async function seePaid(scene: Scene): Promise<void> {
  const { closing, checks, terminal, platform } = scene;
  const paid = await checks.until({
    claim: "the bank's statement shows the payout",
    read: () => closing.payouts(),
    done: (all) => all.at(-1)?.status === "succeeded",
    look: "GET /v1/ops/payouts",
  });
  checks.equal("and the next one is proposed", paid[0]?.status, "created", "GET /v1/ops/payouts");
  const merchant = callerOf(`${platform.demo.base_url}/v1`, platform.demo.secret_key);
  const settlements = await checks.until({
    claim: "the settlement of the first day is paid",
    read: async () => (await merchant<{ data: { state: string }[] }>("GET", "/settlements")).data,
    done: (all) => all.at(-1)?.state === "paid",
    look: "GET /v1/settlements",
  });
  checks.equal(
    "what is not paid out is not told as paid",
    settlements[0]?.state,
    "approved",
    "GET /v1/settlements",
  );
  terminal.done("The bank's statement shows the payout: it is paid, and the settlement with it");
}
