/**
 * `npm run demo`: the life of payments as a story, told against a platform that runs or against one that it
 * starts for itself. Every sentence is checked; the first that is not true ends it with exit code 1.
 */
import { resolve } from "node:path";
import { Tributary } from "@tributary/sdk";
import { matchTheBill } from "./chapters/bill.ts";
import { closeTheBooks } from "./chapters/close.ts";
import { openTheCounter } from "./chapters/counter.ts";
import { hearTheClaim } from "./chapters/dispute.ts";
import { loseAChannel } from "./chapters/losing.ts";
import { printAPlate } from "./chapters/plates.ts";
import { giveBackInParts } from "./chapters/refunds.ts";
import { playEveryScene } from "./chapters/scenes.ts";
import { readTimeline } from "./chapters/timeline.ts";
import { liveThroughTroubles } from "./chapters/troubles.ts";
import { hearWebhooks } from "./chapters/webhooks.ts";
import { createChecks, NotAsExpected } from "./checks.ts";
import { closeTwoDays } from "./closing/story.ts";
import { createOffice, type Office } from "./office.ts";
import { type DemoFile, findPlatform, type Platform, startPlatform } from "./platform.ts";
import { startReceiver } from "./receiver.ts";
import { createSandbox, type Sandbox } from "./sandbox.ts";
import { type Contract, type Stage, termsOf } from "./stage.ts";
import { startStory } from "./story.ts";
import { createTerminal, type Terminal } from "./terminal.ts";

const CHAPTERS = [
  openTheCounter,
  playEveryScene,
  printAPlate,
  liveThroughTroubles,
  loseAChannel,
  giveBackInParts,
  hearTheClaim,
  hearWebhooks,
  readTimeline,
  matchTheBill,
  closeTheBooks,
] as const;

/** What must be undone, the last first, however the story ends. */
type Undo = (() => Promise<unknown>)[];

const terminal = createTerminal(process.stdout);
const undo: Undo = [];
let undone: Promise<void> | null = null;

async function main(): Promise<void> {
  const startedAt = performance.now();
  terminal.line();
  terminal.line(`${terminal.paint("bold", "Tributary")}: the life of a payment, from the order to the bill`);
  terminal.line();
  const platform = await reachPlatform();
  const stage = await setStage(platform);
  for (const tell of CHAPTERS) await tell(stage);
  await closeTwoDays(stage, (step) => void undo.unshift(step));
  await undoAll();
  farewell(stage, (performance.now() - startedAt) / 1_000);
}

async function reachPlatform(): Promise<Platform> {
  const dataDir = resolve(process.env.TRIBUTARY_DATA_DIR ?? ".data");
  const running = await findPlatform(dataDir);
  if (running !== null) {
    terminal.fact("the platform", `${running.demo.base_url}, which was running`);
    terminal.fact("its documentation", `${running.demo.base_url}/docs`);
    return running;
  }
  terminal.line("  No platform runs here, so the story starts one of its own and removes it afterwards.");
  const startedAt = performance.now();
  const stop = terminal.wait("starting PostgreSQL, the sandbox's channels and the platform …");
  const platform = await startPlatform(undo).finally(stop);
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
  terminal.fact("the platform", `${platform.demo.base_url}, ready after ${seconds} s`);
  return platform;
}

async function setStage(platform: Platform): Promise<Stage> {
  const { demo } = platform;
  const office = createOffice(demo.base_url, demo.operator_token);
  const shop = new Tributary({ baseUrl: demo.base_url, secretKey: demo.secret_key });
  const sandbox = createSandbox(demo.sandbox_url, demo.alipay_app_id);
  const receiver = await startReceiver();
  undo.unshift(() => receiver.close());
  undo.unshift(() => sandbox.disarm());
  if (!platform.own) undo.unshift(() => silence(shop, receiver.url));
  const [merchant, contracts, booksBefore] = await Promise.all([
    office.merchant(demo.merchant_id),
    contractsOf(demo, office, sandbox),
    office.accounts(demo.merchant_id),
  ]);
  terminal.fact("a buyer's wallet", demo.wallet_url);
  const story = startStory(new Date(), BigInt(merchant.fee_rate_millionths));
  for (const { account } of contracts) story.costs(account.id, termsOf(account));
  const checks = createChecks(terminal);
  const afterwards = (step: () => Promise<unknown>) => void undo.unshift(step);
  const played = { shop, office, sandbox, receiver, merchant, contracts, booksBefore, story };
  return { terminal, checks, platform, ...played, afterwards, shown: null };
}

/** The demo merchant's contract with each channel. */
async function contractsOf(demo: DemoFile, office: Office, sandbox: Sandbox): Promise<Contract[]> {
  const wanted: readonly (readonly [string, string, Contract["closeDay"]])[] = [
    ["Alipay", demo.channel_account_id, (date) => sandbox.closeAlipayDay(demo.alipay_app_id, date)],
    ["WeChat Pay", demo.wechat_account_id, (date) => sandbox.closeWechatDay(demo.wechat_mchid, date)],
    ["UnionPay", demo.unionpay_account_id, (date) => sandbox.closeUnionpayDay(demo.unionpay_mer_id, date)],
    ["Stripe", demo.card_account_id, (date) => sandbox.closeStripeDay(demo.stripe_account, date)],
  ];
  return Promise.all(
    wanted.map(async ([name, id, closeDay]) => ({
      name,
      account: await office.channelAccount(id),
      closeDay,
    })),
  );
}

/** The receiver is gone with the story: nothing more is sent to it. */
async function silence(shop: Tributary, url: string): Promise<void> {
  for (const endpoint of await shop.webhookEndpoints.list()) {
    if (endpoint.url === url) await shop.webhookEndpoints.disable(endpoint.id);
  }
}

function farewell({ checks, story, platform }: Stage, seconds: number): void {
  const { paint, line } = terminal;
  line();
  const told = `${story.paymentIds.size} payments, ${checks.count()} expectations, ${seconds.toFixed(0)} s`;
  line(`${paint(["bold", "green"], "All of it is true:")} ${told}.`);
  if (platform.own)
    line(`Run it against your own with ${paint("bold", "npm start")}, and look at it in the browser.`);
  else
    line(
      `Look around: ${platform.demo.wallet_url}, ${platform.demo.inbox_url}, ${platform.demo.base_url}/docs`,
    );
  line();
}

/** Once, whoever asks first. */
function undoAll(): Promise<void> {
  undone ??= (async () => {
    for (const step of undo.splice(0)) await step().catch(() => {});
  })();
  return undone;
}

function tellWhatIsOff(on: Terminal, error: unknown): void {
  on.line();
  if (!(error instanceof NotAsExpected)) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    on.line(`${on.paint(["bold", "red"], "✗ The story broke off:")} ${text}`);
    return;
  }
  on.line(`${on.paint(["bold", "red"], "✗ Not as expected:")} ${error.message}`);
  on.fact("expected", error.expected);
  on.fact("seen", error.seen);
  on.fact("look at", error.look);
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    void undoAll().then(() => process.exit(130));
  });
}

try {
  await main();
} catch (error) {
  tellWhatIsOff(terminal, error);
  process.exitCode = 1;
} finally {
  await undoAll();
}
