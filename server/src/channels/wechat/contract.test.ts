import { startSandbox } from "@tributary/sandbox";
import { createMovableClock } from "../../../../tools/testing/clock.ts";
import { SECOND, systemClock, systemRandom } from "../../kernel/clock.ts";
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
import { createWechat } from "./channel.ts";
import { decryptResource } from "./signing.ts";
import { envelopeOf, newPair, pem } from "./testing.ts";
import { WECHAT_TRAITS } from "./traits.ts";

/** The contract's faults in the sandbox's words. */
const FAULTS: Partial<Record<CallFault | ChannelFault, { kind: string; params?: object }>> = {
  answer_lost: { kind: "answer_lost_after_success" },
  timeout_before: { kind: "timeout_before" },
  http_5xx: { kind: "http_5xx" },
  slow: { kind: "slow", params: { ms: 1_000, when: "after" } },
  rate_refusal: { kind: "rate_refusal" },
  system_error: { kind: "system_error" },
  refund_without_funds: { kind: "refund_refused" },
  refund_returned: { kind: "refund_returned", params: { closed: true } },
  reversal_again: { kind: "cancel_retry_flag" },
  notification_forged: { kind: "notification_forged" },
  notification_duplicate: { kind: "notification_duplicate" },
};

const RECEIVER = {
  type: "MERCHANT_ID",
  account: "1900000777",
  name: "示例供应商有限公司",
  relation: "STORE",
};

type Mode = { readonly mode: "public_key" | "certificate"; readonly sub_mchids?: readonly string[] };
type Registered = Record<string, string> & {
  readonly sub_merchants?: readonly { sub_mchid: string; sub_appid: string | null }[];
};

async function create(mode: Mode): Promise<Environment> {
  const clock = createMovableClock();
  const sandbox = await startSandbox({ port: 0, host: "127.0.0.1", store: { kind: "memory" }, clock });
  const http = createChannelHttp({ clock: systemClock });
  const channel = createWechat({ clock, random: systemRandom, http });
  const receiver = await startReceiver("/notify/wechat", () => channel.acknowledge(true));
  const post = (path: string, body: object) => postJson(`${sandbox.url}${path}`, body);
  const register = (publicKey: string, more: object) =>
    post("/wechat/merchants", { merchant_public_key: publicKey, refund_notify_url: receiver.url, ...more });

  const ours = newPair();
  const merchant = await register(pem(ours.publicKey, "spki"), mode);
  const credentials = credentialsOf(mode, merchant, pem(ours.privateKey, "pkcs8"));
  const contextFor = (raw: object): ChannelContext => {
    const parsed = channel.parseCredentials(raw);
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
    return {
      channelAccountId: "contract",
      gatewayUrl: merchant.gateway_url as string,
      credentials: parsed.credentials,
      timeoutMs: 5_000,
    };
  };
  const stranger = newPair();
  const others = await register(pem(stranger.publicKey, "spki"), { mode: "public_key" });
  const plain = credentialsOf({ ...mode, mode: "public_key" }, merchant, pem(ours.privateKey, "pkcs8"));
  const resourceOf = (request: InboundRequest) => opened(request, merchant.api_v3_key as string);

  return {
    channel,
    context: contextFor(credentials),
    credentials,
    wrong: {
      ourKey: contextFor({ ...credentials, merchant_private_key: pem(stranger.privateKey, "pkcs8") }),
      platformKey: contextFor({ ...plain, wechatpay_public_key: pem(newPair().publicKey, "spki") }),
      otherApp: contextFor({ ...credentials, mchid: others.mchid, appid: others.appid }),
    },
    secrets: [
      pem(ours.privateKey, "pkcs8"),
      merchant.api_v3_key as string,
      merchant.api_v2_key as string,
      'signature="',
      "billdownload/file?",
      RECEIVER.name,
    ],
    notifyUrl: receiver.url,
    notifications: async (channelOrderNo, count) => {
      const requests = await receiver.wait(
        (request) => resourceOf(request)?.out_trade_no === channelOrderNo,
        count,
      );
      return requests.map((request) => ({ ...request, receivedAt: clock.now() }));
    },
    tamper: (request) => {
      const resource = { ...resourceOf(request), amount: { total: 1, currency: "CNY" } };
      const key = merchant.api_v3_key as string;
      const envelope = envelopeOf("TRANSACTION.SUCCESS", "transaction", resource, key);
      return { ...request, body: Buffer.from(JSON.stringify(envelope)) };
    },
    buyer: {
      id: "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o",
      paymentCode: async (behaviour) => {
        const inSandbox = behaviour === "refused" ? "insufficient_balance" : behaviour;
        const made = await post("/wallet/payment-codes", { behaviour: inSandbox, wallet: "wechat" });
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
    now: () => clock.now(),
    untilShares: async () => clock.advance(61 * SECOND),
    publishStatement: async () => void (await post("/wechat/close-day", {})),
    close: async () => {
      await http.close();
      await receiver.close();
      await sandbox.stop();
    },
  };
}

function credentialsOf(mode: Mode, merchant: Registered, privateKey: string): Record<string, unknown> {
  const [sub] = merchant.sub_merchants ?? [];
  const common = {
    mchid: merchant.mchid,
    appid: merchant.appid,
    ...(sub === undefined ? {} : { sub_mchid: sub.sub_mchid }),
    api_v3_key: merchant.api_v3_key,
    api_v2_key: merchant.api_v2_key,
    merchant_private_key: privateKey,
    merchant_serial_no: merchant.merchant_serial,
  };
  return mode.mode === "public_key"
    ? {
        ...common,
        wechatpay_public_key: merchant.platform_public_key,
        wechatpay_public_key_id: merchant.platform_public_key_id,
      }
    : { ...common, platform_certificates: [merchant.platform_certificate] };
}

/** What a notification has sealed, or null when it is not ours to open. */
function opened(request: InboundRequest, apiV3Key: string): Record<string, unknown> | null {
  const { resource } = JSON.parse(request.body.toString()) as { resource: Record<string, string> };
  const { ciphertext = "", nonce = "", associated_data: associatedData = "" } = resource;
  const clear = decryptResource({ ciphertext, nonce, associatedData }, Buffer.from(apiV3Key));
  return clear === null ? null : (JSON.parse(clear) as Record<string, unknown>);
}

/** What is before the buyer's eyes: his own code, ours, a link, or what a page or app hands to WeChat. */
function inHand(placed: Placed): string {
  if (placed.order.paymentCode !== null) return placed.order.paymentCode;
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

// How a call ends under a fault has nothing to do with the kind of key, so one mode shows it.
const MODES: [name: string, mode: Mode, callFaults: CallFault[]][] = [
  [
    "WeChat Pay with its public key",
    { mode: "public_key" },
    ["answer_lost", "timeout_before", "http_5xx", "slow", "rate_refusal", "system_error"],
  ],
  ["WeChat Pay with platform certificates", { mode: "certificate" }, []],
  ["WeChat Pay for a service provider", { mode: "public_key", sub_mchids: ["1900000109"] }, []],
];
for (const [name, mode, callFaults] of MODES) {
  describeChannelContract({
    name,
    traits: WECHAT_TRAITS,
    callFaults,
    channelFaults: [
      "refund_without_funds",
      "refund_returned",
      "reversal_again",
      "notification_forged",
      "notification_duplicate",
    ],
    tellsRefundedSum: false,
    refundsComeBackAs: "failed",
    notifiesOfCodes: false,
    sharing: { receiver: RECEIVER, returnsWithRefund: false },
    create: () => create(mode),
  });
}
