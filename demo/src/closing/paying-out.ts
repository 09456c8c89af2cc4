/** From the channels to our bank, and from there to the merchant's: what each step needs two people for. */
import { callerOf } from "../calls.ts";
import { moneyText } from "../money.ts";
import type { Scene } from "./scene.ts";

const RESERVE = { number: "31050161000000000001", name: "Tributary 备付金" };
/** What a card costs us is more than what a merchant is charged elsewhere. */
const CARD_RATE_MILLIONTHS = 40_000;
/** Whoever looks for what is due rests in between. */
const LOOK_MS = 10_000;

/** What the channels pay out to our bank on the first day, in fen. */
const ALIPAY_PAYS = 240_000;
const WECHAT_PAYS = 80_000;

type Settled = { readonly state: string; readonly currency: string };

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

/** The channels pay out to our bank; nobody tells the platform. */
export async function channelsPayOut({ sandbox, platform }: Scene): Promise<void> {
  const { alipay_app_id: app_id, wechat_mchid: mchid } = platform.demo;
  await sandbox.payOut("alipay", { app_id }, ALIPAY_PAYS, RESERVE.number);
  await sandbox.payOut("wechat", { mchid }, WECHAT_PAYS, RESERVE.number);
}

/** Their own bills of the day told it in the morning, and the bank's statement had it at night. */
export async function seeArrived({ closing, checks, terminal, platform }: Scene): Promise<void> {
  const arrived = await checks.until({
    claim: "what the channels' own bills tell is at our bank",
    read: async () => {
      await platform.advance(LOOK_MS);
      return closing.channelPayouts();
    },
    done: (all) => all.length === 2 && all.every(({ received }) => received),
    look: "GET /v1/ops/channel_payouts",
  });
  const sum = arrived.reduce((total, { amount }) => total + amount, 0);
  checks.equal("and no cent is missing", sum, ALIPAY_PAYS + WECHAT_PAYS, "GET /v1/ops/channel_payouts");
  terminal.done("The channels' fund bills announce what they pay out, and the bank's statement shows it");
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
    read: async () => {
      const { data } = await merchant<{ data: Settled[] }>("GET", "/settlements");
      // Nobody has a bank account in another currency.
      return data.filter(({ currency }) => currency === "CNY");
    },
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
