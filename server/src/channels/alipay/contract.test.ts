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
import type { ChannelContext, InboundRequest, NextAction } from "../port.ts";
import { createAlipay } from "./channel.ts";
import { bare, newPair, pem } from "./testing.ts";
import { ALIPAY_TRAITS } from "./traits.ts";

/** The contract's faults in the sandbox's words. */
const FAULTS: Record<CallFault | ChannelFault, { kind: string; params?: object }> = {
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

const BEHAVIOURS = { pays: "pays", asks_password: "asks_password", refused: "insufficient_balance" };

type Mode = { readonly mode: "public_key" | "certificate"; readonly service_provider: boolean };

async function create(mode: Mode): Promise<Environment> {
  const sandbox = await startSandbox({ port: 0, host: "127.0.0.1", store: { kind: "memory" } });
  const http = createChannelHttp({ clock: systemClock });
  const channel = createAlipay({ clock: systemClock, random: systemRandom, http });
  const receiver = await startReceiver("/notify/alipay", () => channel.acknowledge(true));
  const post = (path: string, body: object) => postJson(`${sandbox.url}${path}`, body);

  const ours = newPair();
  const app = await post("/alipay/apps", { app_public_key: pem(ours.publicKey, "spki"), ...mode });
  const credentials = credentialsOf(mode, app, bare(ours.privateKey, "pkcs8"));
  const contextFor = (raw: object): ChannelContext => {
    const parsed = channel.parseCredentials(raw);
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
    return {
      channelAccountId: "contract",
      gatewayUrl: app.gateway_url as string,
      credentials: parsed.credentials,
      timeoutMs: 5_000,
    };
  };
  const stranger = newPair();
  const others = await post("/alipay/apps", {
    app_public_key: pem(stranger.publicKey, "spki"),
    mode: "public_key",
  });
  const plain = { ...credentialsOf({ ...mode, mode: "public_key" }, app, bare(ours.privateKey, "pkcs8")) };

  return {
    channel,
    context: contextFor(credentials),
    credentials,
    wrong: {
      ourKey: contextFor({ ...plain, private_key: bare(stranger.privateKey, "pkcs8") }),
      platformKey: contextFor({ ...plain, alipay_public_key: others.alipay_public_key }),
      otherApp: contextFor({ ...plain, app_id: others.app_id }),
    },
    secrets: [bare(ours.privateKey, "pkcs8"), '"sign":', ...(app.app_auth_token ? [app.app_auth_token] : [])],
    notifyUrl: receiver.url,
    notifications: (channelOrderNo, count) =>
      receiver.wait((request) => fieldsOf(request).get("out_trade_no") === channelOrderNo, count),
    tamper: (request) => {
      const fields = fieldsOf(request);
      fields.set("total_amount", "0.01");
      return { ...request, body: Buffer.from(fields.toString()) };
    },
    buyer: {
      id: "2088123412341234",
      paymentCode: async (behaviour) => {
        const made = await post("/wallet/payment-codes", { behaviour: BEHAVIOURS[behaviour] });
        return made.code as string;
      },
      open: async (placed) => void (await post("/wallet/scan", { code: inHand(placed) })),
      pay: async (placed, merchantVoucher = 0n) =>
        void (await post("/wallet/pay", { code: inHand(placed), voucher_amount: Number(merchantVoucher) })),
      fail: async (placed) => void (await post("/wallet/fail", { code: inHand(placed) })),
      abandon: async (placed) => void (await post("/wallet/abandon", { code: inHand(placed) })),
    },
    arm: async (fault, channelOrderNo) =>
      void (await post("/faults", { ...FAULTS[fault], count: 1, match: { out_trade_no: channelOrderNo } })),
    publishStatement: async () => void (await post("/alipay/close-day", {})),
    close: async () => {
      await http.close();
      await receiver.close();
      await sandbox.stop();
    },
  };
}

function credentialsOf(mode: Mode, app: Record<string, string>, privateKey: string): Record<string, string> {
  const common = {
    mode: mode.mode,
    app_id: app.app_id as string,
    seller_id: (app.merchant_pid ?? app.pid) as string,
    private_key: privateKey,
    ...(app.app_auth_token === undefined ? {} : { app_auth_token: app.app_auth_token }),
  };
  if (mode.mode === "public_key") {
    return { ...common, alipay_public_key: app.alipay_public_key as string };
  }
  const { app_cert, alipay_cert, alipay_root_cert } = app as Record<string, string>;
  return { ...common, app_cert, alipay_cert, alipay_root_cert } as Record<string, string>;
}

/**
 * What the buyer has before his eyes: a code, a link, an app's order, or what the page hands to the wallet.
 */
function inHand(placed: Placed): string {
  const action: NextAction = placed.nextAction ?? { type: "none" };
  switch (action.type) {
    case "qr_code":
      return action.qrCode;
    case "redirect":
      return action.url;
    case "app_params":
      return action.params;
    case "jsapi_params":
      return JSON.stringify(action.params);
    case "none":
      return placed.order.paymentCode ?? "";
  }
}

function fieldsOf(request: InboundRequest): URLSearchParams {
  return new URLSearchParams(request.body.toString());
}

async function postJson(url: string, body: object): Promise<Record<string, string>> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${url}: ${response.status} ${text}`);
  return text === "" ? {} : (JSON.parse(text) as Record<string, string>);
}

// How a call ends under a fault has nothing to do with the kind of key, so one mode shows it.
const MODES: [name: string, mode: Mode, callFaults: CallFault[]][] = [
  [
    "Alipay with public keys",
    { mode: "public_key", service_provider: false },
    ["answer_lost", "timeout_before", "http_5xx", "slow", "rate_refusal", "system_error"],
  ],
  ["Alipay with certificates", { mode: "certificate", service_provider: false }, []],
  ["Alipay for a service provider", { mode: "public_key", service_provider: true }, []],
];
for (const [name, mode, callFaults] of MODES) {
  describeChannelContract({
    name,
    traits: ALIPAY_TRAITS,
    tellsRefundedSum: true,
    notifiesOfCodes: true,
    callFaults,
    channelFaults: [
      "refund_without_funds",
      "refund_returned",
      "reversal_again",
      "notification_forged",
      "notification_duplicate",
    ],
    sharing: {
      receiver: { type: "userId", account: "2088000000000777", name: "示例供应商有限公司", relation: null },
      returnsWithRefund: true,
    },
    create: () => create(mode),
  });
}
