/** Two days of bills that disagree, each closed the next morning: the story moves the platform's clock. */
import { setTimeout as sleep } from "node:timers/promises";
import { Tributary } from "@tributary/sdk";
import type { Checks } from "../checks.ts";
import { moneyText } from "../money.ts";
import type { DemoFile } from "../platform.ts";
import { createSandbox } from "../sandbox.ts";
import type { Terminal } from "../terminal.ts";
import { type Break, type Closing, createClosing, hireSecond } from "./office.ts";
import { type MovablePlatform, startMovable } from "./platform.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const BEIJING_MS = 8 * HOUR_MS;
const LOOK_MS = 60;
/** Looks before the clock is moved: a jump ends the calls that are under way. */
const LOOKS_PER_JUMP = 5;

type Scene = {
  readonly terminal: Terminal;
  readonly checks: Checks;
  readonly platform: MovablePlatform;
  readonly closing: Closing;
  readonly shop: Tributary;
  readonly sandbox: ReturnType<typeof createSandbox>;
};

/** What the bill of the first day tells otherwise, and what is paid there. */
const DIFFERENCES = [
  ["amount_off", 30_000],
  ["fee_difference", 20_000],
  ["duplicate_row", 40_000],
  ["missing_row", 70_000],
  ["wrong_day", 60_000],
] as const;

/** What was closed: the platform, which goes on until the story ends, and the dates. */
export type Closed = { readonly demo: DemoFile; readonly dates: readonly string[] };

export async function closeTwoDays(
  { terminal, checks }: Pick<Scene, "terminal" | "checks">,
  afterwards: (step: () => Promise<unknown>) => void,
): Promise<Closed> {
  terminal.chapter("Two days, closed");
  terminal.tell(
    "Another platform of the story's own, whose clock it moves. Each morning the channels' statements " +
      "are held against the books. The bill of the first day lies in every way that the sandbox knows.",
  );
  const stop = terminal.wait("starting a platform whose clock moves …");
  const platform = await startMovable().finally(stop);
  afterwards(() => platform.stop());
  const { demo } = platform;
  const approver = await hireSecond(demo.base_url, demo.operator_token);
  const scene: Scene = {
    terminal,
    checks,
    platform,
    closing: createClosing(demo.base_url, demo.operator_token, approver),
    shop: new Tributary({ baseUrl: demo.base_url, secretKey: demo.secret_key }),
    sandbox: createSandbox(demo.sandbox_url, demo.alipay_app_id),
  };
  const first = await firstDay(scene);
  const second = await secondDay(scene, first);
  const dates = [first.date, second];
  await reports(scene, dates);
  return { demo, dates };
}

async function firstDay(scene: Scene): Promise<{ date: string; missing: string }> {
  const { terminal, checks, closing, platform } = scene;
  // Nobody's sale is to fall on the next day.
  if (untilMidnight(platform) < HOUR_MS) await platform.advance(HOUR_MS);
  const date = dateOf(platform);
  let missing = "";
  await sell(scene, null, 50_000);
  for (const [difference, amount] of DIFFERENCES) {
    const payment = await sell(scene, difference, amount);
    if (difference === "missing_row") missing = payment;
  }
  await scene.sandbox.arm({
    kind: "bill_disagrees",
    match: { method: "bill" },
    params: { difference: "extra_row" },
  });
  terminal.done(`${date}: six payments, and a bill that will tell of them otherwise`);
  await closeInTheMorning(scene, date);
  const found = await closing.breaks();
  showBreaks(terminal, found);
  checks.equal(
    "each lie is found, and what the next day may explain waits",
    found.map(({ kind, state }) => `${kind} ${state}`).toSorted(),
    [
      "amount open",
      "duplicate_theirs open",
      "fee open",
      "payment_ours_only pending",
      "payment_ours_only pending",
      "payment_theirs_only pending",
    ],
    "GET /v1/ops/breaks?state=all",
  );
  await resolve(scene, found, "amount", "pay_merchant");
  await resolve(scene, found, "fee", "adjust_fee");
  terminal.line();
  return { date, missing };
}

async function secondDay(scene: Scene, first: { date: string; missing: string }): Promise<string> {
  const { terminal, checks, closing, platform, sandbox } = scene;
  const { demo } = platform;
  const date = dateOf(platform);
  await sell(scene, null, 25_000);
  const again = { out_trade_no: await orderOf(scene, first.missing), method: "bill" };
  await sandbox.arm({ kind: "bill_disagrees", match: again, params: { difference: "missing_row" } });
  await sandbox.closeAlipayDay(demo.alipay_app_id, first.date);
  const { version } = await closing.fetchStatement(demo.channel_account_id, first.date);
  checks.equal("the corrected file is a second version", version, 2, "GET /v1/ops/statements");
  terminal.done(
    `${date}: Alipay corrects its file of ${first.date}, but for one payment that it still lacks`,
  );
  await closeInTheMorning(scene, date);
  const found = await closing.breaks();
  showBreaks(terminal, found);
  const left = found.filter(({ state }) => state === "open");
  checks.equal(
    "the corrected file and the next day explain all but what is missing",
    left.map(({ kind, payment }) => [kind, payment]),
    [["payment_ours_only", first.missing]],
    "GET /v1/ops/breaks",
  );
  const [lacking] = left;
  if (lacking === undefined) throw new Error("nothing is missing");
  await closing.claim(lacking.id, { claim_no: "C-2026-1" });
  await closing.claim(lacking.id, { claim_no: "C-2026-1", state: "paid" });
  await resolve(scene, left, "payment_ours_only", "recover_from_channel");
  terminal.line();
  return date;
}

async function reports({ terminal, checks, closing }: Scene, dates: readonly string[]): Promise<void> {
  const rows: string[][] = [];
  for (const date of dates) {
    const report = await closing.report(date);
    const look = `GET /v1/ops/days/${date}/report`;
    checks.equal(`every statement of ${date} was there`, report.missing_statements, [], look);
    const violated = report.invariants.filter(({ violations }) => violations > 0);
    checks.equal(`every invariant held at the close of ${date}`, violated, [], look);
    for (const { currency, channel_bill, differences, ledger_movement, ties } of report.chain) {
      checks.equal(`the chain of ${date} ties in ${currency}`, ties, true, look);
      const settled = report.settled.find((one) => one.currency === currency)?.amount ?? 0;
      const money = (amount: number) => moneyText(BigInt(amount), currency);
      rows.push([date, ...[channel_bill, differences, ledger_movement, settled].map(money)]);
    }
  }
  const right = (title: string) => ({ title, side: "right" }) as const;
  terminal.table(
    [{ title: "day" }, ...["channels' bills", "differences", "in the books", "settled"].map(right)],
    rows,
  );
  terminal.done("Both days are closed: bills less differences are what the books moved, to the cent.");
}

/** A payment by code that is paid at once, with a difference on the bill of its day. */
async function sell(scene: Scene, difference: string | null, amount: number): Promise<string> {
  const { shop, sandbox, checks, platform } = scene;
  const payment = await shop.payments.create({
    merchant_order_no: `CLOSE-${amount}-${Math.floor(platform.now().getTime() / 1_000)}`,
    amount,
    currency: "CNY",
    subject: "Tea for two days",
    method: "alipay.qr",
  });
  if (difference !== null) {
    const match = { out_trade_no: await orderOf(scene, payment.id), method: "bill" };
    await sandbox.arm({ kind: "bill_disagrees", match, params: { difference } });
  }
  const action = payment.next_action;
  if (action?.type !== "qr_code") throw new Error(`the payment shows ${action?.type}`);
  await sandbox.pay(action.qr_code);
  await checks.until({
    claim: "the payment has succeeded",
    read: () => shop.payments.get(payment.id),
    done: ({ status }) => status === "succeeded",
    look: `GET /v1/payments/${payment.id}`,
  });
  return payment.id;
}

async function orderOf({ shop }: Scene, paymentId: string): Promise<string> {
  const { attempts } = await shop.payments.get(paymentId);
  return attempts[0]?.channel_order_no ?? "";
}

/** Lets the day end, and the morning after it pass until its close is done. */
async function closeInTheMorning({ terminal, platform, closing }: Scene, date: string): Promise<void> {
  await platform.advance(untilMidnight(platform) + HOUR_MS / 2);
  const stop = terminal.wait(`${date} is over; its close goes on as the channels publish …`);
  try {
    for (let looks = 1; ; looks += 1) {
      const run = await closing.closeOf(date);
      if (run?.state === "done") {
        const steps = run.steps.filter(({ detail }) => detail !== null);
        terminal.fact(`closed ${date}`, steps.map(({ title, detail }) => `${title}: ${detail}`).join("\n"));
        return;
      }
      if (run?.state === "failing")
        throw new Error(`the close of ${date} fails: ${JSON.stringify(run.steps)}`);
      if (looks % LOOKS_PER_JUMP === 0) await jump(platform, await closing.nextFetch());
      if (run?.state === "waiting") await closing.hasten(date);
      await sleep(LOOK_MS);
    }
  } finally {
    stop();
  }
}

/** To when something is due, and a minute more: whoever looks for it rests in between. */
async function jump(platform: MovablePlatform, next: number | null): Promise<void> {
  const wait = next === null ? 0 : Math.max(0, next - platform.now().getTime());
  await platform.advance(wait + MINUTE_MS);
}

async function resolve(scene: Scene, found: readonly Break[], kind: string, how: string): Promise<void> {
  const one = found.find((each) => each.kind === kind);
  if (one === undefined) throw new Error(`there is no break of kind ${kind}`);
  await scene.closing.resolve(one.id, how, "As agreed with Alipay");
  const now = (await scene.closing.breaks()).find(({ id }) => id === one.id);
  const look = `GET /v1/ops/breaks/${one.id}`;
  scene.checks.equal(
    `the ${kind} is resolved by two people`,
    [now?.state, now?.resolution],
    ["resolved", how],
    look,
  );
  scene.terminal.done(`${kind}: one proposes ${how}, another approves`);
}

function showBreaks(terminal: Terminal, found: readonly Break[]): void {
  terminal.table(
    [{ title: "break" }, { title: "state" }, { title: "differs by", side: "right" }, { title: "ended by" }],
    found.map(({ kind, state, settle_difference, fee_difference, currency, resolution }) => [
      kind,
      state,
      moneyText(BigInt(kind === "fee" ? fee_difference : settle_difference), currency),
      resolution ?? "",
    ]),
  );
}

function dateOf(platform: MovablePlatform): string {
  return new Date(platform.now().getTime() + BEIJING_MS).toISOString().slice(0, 10);
}

function untilMidnight(platform: MovablePlatform): number {
  return DAY_MS - ((platform.now().getTime() + BEIJING_MS) % DAY_MS);
}
