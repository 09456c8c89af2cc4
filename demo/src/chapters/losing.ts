/** A channel cannot be reached: orders go on through another account, and return when it is back. */
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Payment } from "@tributary/sdk";
import type { ChannelAccount } from "../office.ts";
import { type Stage, termsOf, timelineUrl } from "../stage.ts";
import { checkSuccess, order, succeeds, whatTheBuyerHolds } from "./paying.ts";

const METHOD = "alipay.qr";
const SCENE = "qr";
const LABEL = "Alipay at the sandbox, a second app";
/** All that end within two seconds open a circuit when they are so many and fail, or twenty in a row. */
const ORDERS = 5;
const ROUNDS_MAX = 4;
/** A success of a moment ago would speak for the line. */
const QUIET_MS = 2_100;
/** So many orders must go through before it is closed again. */
const PROBES = 3;

export async function loseAChannel(stage: Stage): Promise<void> {
  const { terminal, office, checks, contracts, platform } = stage;
  terminal.chapter("A channel is lost");
  const first = contracts[0]?.account;
  if (first === undefined) throw new Error("the shop has no contract");
  const second = await secondApp(stage);
  terminal.done(`The shop has a second app at Alipay: ${second.id}. The older one takes the orders.`);

  await office.moveGateway(first.id, await nobodysAddress());
  stage.afterwards(() => office.moveGateway(first.id, first.gateway_url));
  await carriedOn(stage, first, second);
  await aside(stage, first, second);

  await office.moveGateway(first.id, first.gateway_url);
  const look = `GET ${platform.demo.base_url}/v1/ops/routing/health`;
  await checks.until({
    claim: "the circuit lets a probe through",
    read: () => office.line(first.id, SCENE),
    done: (line) => line?.circuit === "half_open",
    look,
  });
  for (let probe = 0; probe < PROBES; probe += 1) {
    const payment = await bought(stage, "probe");
    checks.equal("a probe goes through the old line", accountsOf(payment), [first.id], look);
  }
  const line = await office.line(first.id, SCENE);
  checks.equal("the circuit is closed again", line?.circuit, "closed", look);
  await office.setActive(second.id, false);
  terminal.done(
    `Alipay is back. After 15 s one order at a time goes through as a probe; ${PROBES} succeed, the ` +
      "circuit closes, and the first app has its orders again.",
  );
}

/** Buyers pay as ever: what was certainly not sent goes through the other app within the same request. */
async function carriedOn(stage: Stage, first: ChannelAccount, second: ChannelAccount): Promise<void> {
  const { terminal, checks, office, platform } = stage;
  const look = `GET ${platform.demo.base_url}/v1/ops/routing/health`;
  const timesBefore = (await office.line(first.id, SCENE))?.times_opened ?? 0;
  await sleep(QUIET_MS);
  let tried = 0;
  let line = await office.line(first.id, SCENE);
  for (let round = 0; round < ROUNDS_MAX && line?.circuit !== "open"; round += 1) {
    const orders = await Promise.all(Array.from({ length: ORDERS }, () => ordered(stage, "unseen")));
    for (const payment of orders) {
      const accounts = accountsOf(payment);
      checks.equal("the second app has the order", accounts.at(-1), second.id, look);
      if (accounts.length > 1) {
        const { channel_account: asked, failure_code: why } = payment.attempts[0] ?? {};
        checks.equal("the first could not be reached", [asked, why], [first.id, "channel_unreachable"], look);
        tried += 1;
      }
      await paid(stage, payment);
    }
    line = await office.line(first.id, SCENE);
  }
  checks.equal("the circuit is open", line?.circuit, "open", look);
  checks.equal("it opened once", line?.times_opened, timesBefore + 1, look);
  checks.equal("not before it failed often enough", tried >= ORDERS, true, look);
  terminal.done(
    `The first app's gateway answers nobody. ${tried} orders that began there were placed through the ` +
      "second within the same request, and their buyers paid without noticing. The circuit is open.",
  );
}

/** Nobody waits for the lost line any more, and the timeline says why. */
async function aside(stage: Stage, first: ChannelAccount, second: ChannelAccount): Promise<void> {
  const { terminal, checks, office } = stage;
  const payment = await bought(stage, "aside");
  const look = timelineUrl(stage, payment.id);
  checks.equal("the lost line is not tried", accountsOf(payment), [second.id], look);
  const items = await office.timeline(payment.id);
  const routed = items.find(({ detail }) => detail.routed !== undefined)?.detail.routed;
  checks.equal("the timeline says why", routed, `oldest 1/1; ${first.id} circuit_open`, look);
  terminal.done(
    `The next buyer's order goes straight through the second. Its timeline: “${String(routed)}”.`,
  );
}

function ordered(stage: Stage, label: string): Promise<Payment> {
  return order(stage, { label, method: METHOD, amount: 1_900, subject: "A pot of tea" });
}

async function bought(stage: Stage, label: string): Promise<Payment> {
  return paid(stage, await ordered(stage, label));
}

async function paid(stage: Stage, payment: Payment): Promise<Payment> {
  await stage.sandbox.pay(whatTheBuyerHolds(payment));
  const succeeded = await succeeds(stage, payment);
  checkSuccess(stage, succeeded);
  return succeeded;
}

function accountsOf(payment: Payment): readonly string[] {
  return payment.attempts.map((attempt) => attempt.channel_account);
}

/** A contract beside the first, of an earlier story or made now; out of use when the story ends. */
async function secondApp(stage: Stage): Promise<ChannelAccount> {
  const { office, merchant, contracts, story, sandbox } = stage;
  const known = (await office.channelAccounts(merchant.id, "alipay")).find(({ label }) =>
    label.startsWith(LABEL),
  );
  const account = known ?? (await openSecondApp(stage));
  const appId = account.label.slice(LABEL.length + 1);
  await office.setActive(account.id, true);
  stage.afterwards(() => office.setActive(account.id, false));
  story.costs(account.id, termsOf(account));
  contracts.push({
    name: "Alipay's second app",
    account,
    closeDay: (date) => sandbox.closeAlipayDay(appId, date),
  });
  return account;
}

async function openSecondApp({ office, sandbox, merchant, contracts }: Stage): Promise<ChannelAccount> {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
  const app = await sandbox.openAlipayApp(publicKey, merchant.name);
  return office.openChannelAccount({
    merchant_id: merchant.id,
    channel: "alipay",
    // A later story finds the app by it.
    label: `${LABEL} ${app.app_id}`,
    gateway_url: app.gateway_url,
    cost_rate_millionths: contracts[0]?.account.cost_rate_millionths,
    fund_flow: "through_platform",
    credentials: {
      mode: "public_key",
      app_id: app.app_id,
      seller_id: app.pid,
      private_key: privateKey,
      alipay_public_key: app.alipay_public_key,
    },
  });
}

/** A port that was free a moment ago: whoever calls it is refused. */
async function nobodysAddress(): Promise<string> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return `http://127.0.0.1:${port}/gateway.do`;
}
