import { startSandbox } from "@tributary/sandbox";
import { systemClock, systemRandom } from "../../kernel/clock.ts";
import {
  type CallFault,
  type ChannelFault,
  describeChannelContract,
  type Environment,
  type Placed,
  startReceiver,
} from "../contract/index.ts";
import { createChannelHttp } from "../http.ts";
import type { ChannelContext, InboundRequest } from "../port.ts";
import { objectOf } from "./answer.ts";
import { createStripe } from "./channel.ts";
import { orderNoOf } from "./outcomes.ts";
import { STRIPE_TRAITS } from "./traits.ts";

/** The contract's faults in the sandbox's words. */
const FAULTS: Partial<Record<CallFault | ChannelFault, { kind: string; params?: object }>> = {
  answer_lost: { kind: "answer_lost_after_success" },
  timeout_before: { kind: "timeout_before" },
  http_5xx: { kind: "http_5xx" },
  slow: { kind: "slow", params: { ms: 1_000, when: "after" } },
  rate_refusal: { kind: "rate_refusal" },
  system_error: { kind: "system_error" },
  refund_without_funds: { kind: "refund_refused" },
  refund_returned: { kind: "refund_returned" },
  notification_forged: { kind: "notification_forged" },
  notification_duplicate: { kind: "notification_duplicate" },
};

/** Stripe tells of one step by several events; these are the ones that the contract counts. */
const COUNTED: ReadonlySet<unknown> = new Set(["payment_intent.succeeded", "refund.created"]);

type Event = { readonly type: string; readonly data: { readonly object: Record<string, unknown> } };
type Answered = Readonly<Record<string, string>>;

async function create(): Promise<Environment> {
  const sandbox = await startSandbox({ port: 0, host: "127.0.0.1", store: { kind: "memory" } });
  const http = createChannelHttp({ clock: systemClock });
  const channel = createStripe({ clock: systemClock, random: systemRandom, http });
  const receiver = await startReceiver("/notify/stripe", () => channel.acknowledge(true));
  const post = (path: string, body: object) => postJson(`${sandbox.url}${path}`, body);
  const account = await post("/stripe/accounts", { notify_url: receiver.url });
  const others = await post("/stripe/accounts", {});
  const credentials = credentialsOf(account);
  const contextFor = (raw: object): ChannelContext => {
    const parsed = channel.parseCredentials(raw);
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
    return {
      channelAccountId: "contract",
      gatewayUrl: account.api_url as string,
      credentials: parsed.credentials,
      timeoutMs: 5_000,
    };
  };

  return {
    channel,
    context: contextFor(credentials),
    credentials,
    wrong: {
      ourKey: contextFor({ ...credentials, secret_key: "sk_test_nobody00000000" }),
      platformKey: contextFor({ ...credentials, webhook_secret: "whsec_nobodys_secret" }),
      otherApp: contextFor({ ...credentialsOf(others), account_id: account.account_id }),
    },
    secrets: [account.secret_key as string, account.webhook_secret as string, "_secret_"],
    notifyUrl: receiver.url,
    notifications: (channelOrderNo, count) =>
      receiver.wait((request) => {
        const { type, data } = eventIn(request);
        return COUNTED.has(type) && orderNoOf(data.object) === channelOrderNo;
      }, count),
    tamper: (request) => {
      const event = eventIn(request);
      const object = { ...event.data.object, amount_received: 1 };
      return { ...request, body: Buffer.from(JSON.stringify({ ...event, data: { object } })) };
    },
    buyer: {
      id: "",
      paymentCode: async () => Promise.reject(new Error("Stripe has no payment codes")),
      open: async (placed) => void (await post("/wallet/scan", { code: inHand(placed) })),
      pay: async (placed) => void (await post("/wallet/pay", { code: inHand(placed) })),
      fail: async (placed) => void (await post("/wallet/fail", { code: inHand(placed) })),
      abandon: async (placed) => void (await post("/wallet/abandon", { code: inHand(placed) })),
    },
    arm: async (fault, channelOrderNo) =>
      void (await post("/faults", { ...FAULTS[fault], count: 1, match: { out_trade_no: channelOrderNo } })),
    publishStatement: async () => void (await post("/stripe/close-day", {})),
    close: async () => {
      await http.close();
      await receiver.close();
      await sandbox.stop();
    },
  };
}

function credentialsOf(account: Answered): Record<string, unknown> {
  const { secret_key, publishable_key, webhook_secret, account_id } = account;
  return { secret_key, publishable_key, webhook_secret, account_id };
}

function eventIn(request: InboundRequest): Event {
  return JSON.parse(request.body.toString()) as Event;
}

/** What is before the buyer's eyes: the hosted page, or the app's form with its client secret. */
function inHand({ nextAction }: Placed): string {
  if (nextAction?.type === "redirect") return nextAction.url;
  if (nextAction?.type !== "app_params") return "";
  return String(objectOf(JSON.parse(nextAction.params)).client_secret);
}

async function postJson(url: string, body: object): Promise<Answered> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${url}: ${response.status} ${text}`);
  return (text === "" ? {} : JSON.parse(text)) as Answered;
}

describeChannelContract({
  name: "Stripe",
  traits: STRIPE_TRAITS,
  methodsBeginWith: "card",
  callFaults: ["answer_lost", "timeout_before", "http_5xx", "slow", "rate_refusal", "system_error"],
  channelFaults: ["refund_without_funds", "refund_returned", "notification_forged", "notification_duplicate"],
  tellsRefundedSum: true,
  refundNoticeTellsSum: false,
  placesEveryScene: true,
  signsAnswers: false,
  hasVouchers: false,
  tellsFunds: false,
  notifiesOfCodes: false,
  create,
});
