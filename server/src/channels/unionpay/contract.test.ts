import { startSandbox } from "@tributary/sandbox";
import { createMovableClock } from "../../../../tools/testing/clock.ts";
import { DAY, plus, systemClock, systemRandom } from "../../kernel/clock.ts";
import {
  type CallFault,
  type ChannelFault,
  describeChannelContract,
  type Environment,
  type Placed,
  startReceiver,
} from "../contract/index.ts";
import { createChannelHttp } from "../http.ts";
import type { ChannelContext, InboundRequest, NextAction } from "../port.ts";
import { createUnionpay } from "./channel.ts";
import { clearingDateOf } from "./clearing-day.ts";
import { newKit } from "./testing.ts";
import { parseCompactTime } from "./time.ts";
import { UNIONPAY_TRAITS } from "./traits.ts";

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
  reversal_again: { kind: "cancel_retry_flag" },
  notification_forged: { kind: "notification_forged" },
  notification_duplicate: { kind: "notification_duplicate" },
};

type Registered = Record<string, string>;

async function create(): Promise<Environment> {
  const clock = createMovableClock();
  // Whatever the machine's time is, what is tested must not meet the change of the clearing day.
  clock.advance(untilNextDay(clock.now()));
  const sandbox = await startSandbox({ port: 0, host: "127.0.0.1", store: { kind: "memory" }, clock });
  const http = createChannelHttp({ clock: systemClock });
  const channel = createUnionpay({ clock, random: systemRandom, http });
  const receiver = await startReceiver("/notify/unionpay", () => channel.acknowledge(true));
  const post = (path: string, body: object) => postJson(`${sandbox.url}${path}`, body);
  const [ours, others] = [await post("/unionpay/merchants", {}), await post("/unionpay/merchants", {})];
  const credentials = credentialsOf(ours);
  const contextFor = (raw: object): ChannelContext => {
    const parsed = channel.parseCredentials(raw);
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
    return {
      channelAccountId: "contract",
      gatewayUrl: ours.gateway_url as string,
      credentials: parsed.credentials,
      timeoutMs: 5_000,
    };
  };
  const stranger = newKit();
  const { signing_private_key, signing_certificate } = credentialsOf(others);

  return {
    channel,
    context: contextFor(credentials),
    credentials,
    wrong: {
      ourKey: contextFor({ ...credentials, signing_private_key, signing_certificate }),
      platformKey: contextFor({
        ...credentials,
        root_certificate: stranger.rootCertificate,
        middle_certificate: stranger.middleCertificate,
      }),
      otherApp: contextFor({ ...credentials, mer_id: others.mer_id }),
    },
    secrets: [credentials.signing_private_key as string, "signature", "BEGIN CERTIFICATE"],
    notifyUrl: receiver.url,
    notifications: async (channelOrderNo, count) => {
      const requests = await receiver.wait(aboutOrder(channelOrderNo), count);
      // The receiver keeps the machine's time, and everybody else here the world's.
      return requests.map((request) => ({ ...request, receivedAt: clock.now() }));
    },
    tamper: (request) => {
      const form = new URLSearchParams(request.body.toString());
      form.set("txnAmt", "1");
      return { ...request, body: Buffer.from(form.toString()) };
    },
    buyer: {
      id: "6216***********0018",
      paymentCode: async (behaviour) => {
        const inSandbox = behaviour === "refused" ? "insufficient_balance" : behaviour;
        const made = await post("/wallet/payment-codes", { behaviour: inSandbox, wallet: "unionpay" });
        return made.code as string;
      },
      open: async (placed) => void (await post("/wallet/scan", { code: inHand(placed) })),
      pay: async (placed) => void (await post("/wallet/pay", { code: inHand(placed) })),
      fail: async (placed) => void (await post("/wallet/fail", { code: inHand(placed) })),
      abandon: async (placed) => void (await post("/wallet/abandon", { code: inHand(placed) })),
    },
    arm: async (fault, channelOrderNo) =>
      void (await post("/faults", { ...FAULTS[fault], count: 1, match: { out_trade_no: channelOrderNo } })),
    publishStatement: async () => void (await post("/unionpay/close-day", {})),
    now: () => clock.now(),
    startNextDay: async () => clock.advance(untilNextDay(clock.now())),
    close: async () => {
      await http.close();
      await receiver.close();
      await sandbox.stop();
    },
  };
}

function credentialsOf(merchant: Registered): Record<string, unknown> {
  return {
    mer_id: merchant.mer_id,
    signing_certificate: merchant.merchant_certificate,
    signing_private_key: merchant.merchant_private_key,
    root_certificate: merchant.root_certificate,
    middle_certificate: merchant.middle_certificate,
  };
}

/** Of a payment, and of what gives it back: that names it by the queryId which its own notification told. */
function aboutOrder(channelOrderNo: string): (request: InboundRequest) => boolean {
  let queryId: string | null = null;
  return ({ body }) => {
    const form = new URLSearchParams(body.toString());
    if (form.get("orderId") !== channelOrderNo) return queryId !== null && form.get("origQryId") === queryId;
    queryId = form.get("queryId");
    return true;
  };
}

/** Ten in the morning of the next clearing day: far from where it changes. */
function untilNextDay(now: Date): number {
  const tomorrow = clearingDateOf(plus(now, DAY));
  const morning = parseCompactTime(`${tomorrow.replaceAll("-", "")}100000`);
  return (morning as Date).getTime() - now.getTime();
}

/** What is before the buyer's eyes: his own code, ours, or what his browser or app hands to UnionPay. */
function inHand(placed: Placed): string {
  if (placed.order.paymentCode !== null) return placed.order.paymentCode;
  const action: NextAction = placed.nextAction ?? { type: "none" };
  switch (action.type) {
    case "qr_code":
      return action.qrCode;
    case "redirect":
      return new URLSearchParams(action.form ?? {}).toString();
    case "app_params":
      return action.params;
    default:
      return "";
  }
}

async function postJson(url: string, body: object): Promise<Registered> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${url}: ${response.status} ${text}`);
  return (text === "" ? {} : JSON.parse(text)) as Registered;
}

describeChannelContract({
  name: "UnionPay",
  traits: UNIONPAY_TRAITS,
  callFaults: ["answer_lost", "timeout_before", "http_5xx", "slow", "rate_refusal", "system_error"],
  channelFaults: [
    "refund_without_funds",
    "refund_returned",
    "reversal_again",
    "notification_forged",
    "notification_duplicate",
  ],
  tellsRefundedSum: false,
  notifiesOfCodes: true,
  refundsPartsFrom: "next_day",
  closes: false,
  handsOutOnce: true,
  showsOpened: false,
  endsReversedAs: "failed",
  refundsComeBackAs: "failed",
  hasVouchers: false,
  tellsFunds: false,
  create,
});
