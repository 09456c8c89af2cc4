/** Two days of bills that disagree, each closed the next morning: the story moves the platform's clock. */
import { setTimeout as sleep } from "node:timers/promises";
import { Tributary } from "@tributary/sdk";
import { moneyText } from "../money.ts";
import type { DemoFile } from "../platform.ts";
import { createSandbox } from "../sandbox.ts";
import type { Terminal } from "../terminal.ts";
import { type Claimed, disputeTwo, endClaims } from "./claims.ts";
import { type Sold, sellWithLies } from "./lies.ts";
import { type Break, createClosing, hireSecond } from "./office.ts";
import { agreeOnTerms, channelsPayOut, payOut, seeArrived, seePaid } from "./paying-out.ts";
import { type MovablePlatform, startMovable } from "./platform.ts";
import { endWhatIsLeft, one, resolve } from "./resolving.ts";
import {
  dateOf,
  HOUR_MS,
  leaveMidnight,
  lie,
  openEarly,
  openTheShop,
  type Scene,
  sell,
  untilMidnight,
} from "./scene.ts";

const MINUTE_MS = 60_000;
const LOOK_MS = 60;
/** Looks before the clock is moved: a jump ends the calls that are under way. */
const LOOKS_PER_JUMP = 5;
const LOOKS_MAX = 2_000;

type First = Sold & Claimed & { readonly date: string };

/** What was closed: the platform, which goes on until the story ends, and the dates. */
export type Closed = { readonly demo: DemoFile; readonly dates: readonly string[] };

export async function closeTwoDays(
  { terminal, checks }: Pick<Scene, "terminal" | "checks">,
  afterwards: (step: () => Promise<unknown>) => void,
): Promise<Closed> {
  terminal.chapter("Two days, closed");
  terminal.tell(
    "Another platform of the story's own, whose clock it moves. Each morning the channels' statements " +
      "are held against the books. The bills of the first day lie in every way that the sandbox knows.",
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

async function firstDay(scene: Scene): Promise<First> {
  const { terminal, checks, closing, platform, sandbox, shop } = scene;
  await leaveMidnight(platform);
  await agreeOnTerms(scene, dateOf(platform));
  await openEarly(platform);
  const date = dateOf(platform);
  const claimed = await disputeTwo(scene);
  await openTheShop(platform);
  const sold = await sellWithLies(scene);
  await channelsPayOut(scene);
  await closeInTheMorning(scene, date);
  await sandbox.disarm();
  const found = await closing.breaks();
  showBreaks(terminal, found);
  checks.equal(
    "each lie is found, and what the next day may explain waits",
    found.map(({ kind, state }) => `${kind} ${state}`).toSorted(),
    [
      "amount open",
      "currency open",
      "currency open",
      "dispute_ours_only pending",
      "dispute_theirs_only pending",
      "duplicate_theirs open",
      "fee open",
      "payment_ours_only pending",
      "payment_ours_only pending",
      "payment_ours_only pending",
      "payment_theirs_only pending",
      "refund_ours_only pending",
      "refund_ours_only pending",
      "refund_theirs_only pending",
      "status pending",
      "unknown_merchant open",
    ],
    "GET /v1/ops/breaks?state=all",
  );
  const { status } = await shop.payments.get(sold.unheard.id);
  checks.equal("who was not heard of is paid by the bill", status, "succeeded", "GET /v1/ops/breaks");
  await resolve(scene, one(found, "amount"), "pay_merchant");
  await resolve(scene, one(found, "fee"), "adjust_fee");
  // The channel did take dollars: they are the merchant's, and the yuan are not.
  const [yuan, dollars] = ["CNY", "USD"].map((currency) =>
    one(
      found.filter((each) => each.currency === currency),
      "currency",
    ),
  );
  await resolve(scene, dollars as Break, "pay_merchant");
  await resolve(scene, yuan as Break, "recover_from_merchant");
  await seeArrived(scene);
  await payOut(scene);
  terminal.line();
  return { ...sold, ...claimed, date };
}

async function secondDay(scene: Scene, first: First): Promise<string> {
  const { terminal, checks, closing, platform, sandbox } = scene;
  const { demo } = platform;
  const date = dateOf(platform);
  await sell(scene, { method: "alipay.qr", currency: "CNY", amount: 25_000 });
  await lie(scene, first.missing, { difference: "missing_row" });
  await sandbox.closeAlipayDay(demo.alipay_app_id, first.date);
  const { version } = await closing.fetchStatement(demo.channel_account_id, first.date);
  checks.equal("the corrected file is a second version", version, 2, "GET /v1/ops/statements");
  terminal.done(
    `${date}: Alipay corrects its file of ${first.date}, but for one payment that it still lacks`,
  );
  await closeInTheMorning(scene, date);
  const found = await closing.breaks();
  showBreaks(terminal, found);
  const left = found.filter(({ state }) => state === "open" || state === "pending");
  checks.equal(
    "the corrected file and the next day explain all but what is missing",
    left.map(({ kind, state }) => `${kind} ${state}`).toSorted(),
    [
      "dispute_ours_only open",
      "dispute_theirs_only open",
      "payment_ours_only open",
      "payment_ours_only open",
      "refund_ours_only open",
      "refund_theirs_only open",
      "unknown_merchant open",
    ],
    "GET /v1/ops/breaks",
  );
  await endWhatIsLeft(scene, first, left);
  await endClaims(scene, first, left);
  await seePaid(scene);
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
      rows.push([date, currency, ...[channel_bill, differences, ledger_movement, settled].map(money)]);
    }
  }
  const right = (title: string) => ({ title, side: "right" }) as const;
  terminal.table(
    [
      { title: "day" },
      { title: "" },
      ...["channels' bills", "differences", "in the books", "settled"].map(right),
    ],
    rows,
  );
  terminal.done("Both days are closed: bills less differences are what the books moved, to the cent.");
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
      if (looks === LOOKS_MAX) throw new Error(`the close of ${date} does not end: ${JSON.stringify(run)}`);
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

function showBreaks(terminal: Terminal, found: readonly Break[]): void {
  terminal.table(
    [
      { title: "break" },
      { title: "of" },
      { title: "state" },
      { title: "differs by", side: "right" },
      { title: "" },
      { title: "ended by" },
    ],
    found
      .toSorted((before, after) => before.kind.localeCompare(after.kind))
      .map(({ kind, channel_date, state, settle_difference, fee_difference, currency, resolution }) => [
        kind,
        channel_date,
        state,
        moneyText(BigInt(kind === "fee" ? fee_difference : settle_difference), currency),
        currency,
        resolution ?? "",
      ]),
  );
}
