/** The merchants of a close, each with one payment that is delivered: others are copied from it. */
import type { BenchPlatform } from "../platform.ts";
import { startReceiver } from "../receiver.ts";

const AT_ONCE = 16;
const AMOUNT = 12_34;
const TOLD_EVERY = 1_000;

export type ShopsOptions = {
  readonly platform: BenchPlatform;
  readonly merchants: number;
  /** Where the channel's statements are handed out. */
  readonly gatewayUrl: string;
  readonly progress: (line: string) => void;
};

/** Makes them with a payment each, and waits until each was told of its own. */
export async function openShops({ platform, merchants, gatewayUrl, progress }: ShopsOptions): Promise<void> {
  const waiting = new Map<string, () => void>();
  const receiver = await startReceiver((number) => waiting.get(number)?.());
  try {
    const queue = Array.from({ length: merchants }, (_, index) => index);
    const hand = async () => {
      for (let index = queue.shift(); index !== undefined; index = queue.shift()) {
        const number = `first-${index}`;
        const told = new Promise<void>((resolve) => waiting.set(number, resolve));
        await openShop(platform, { index, gatewayUrl, receiverPort: receiver.port, number });
        await told;
        waiting.delete(number);
        if ((index + 1) % TOLD_EVERY === 0) progress(`${index + 1} merchants are open`);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, hand));
  } finally {
    await receiver.close();
  }
}

type Shop = {
  readonly index: number;
  readonly gatewayUrl: string;
  readonly receiverPort: number;
  readonly number: string;
};

async function openShop({ ops, api }: BenchPlatform, shop: Shop): Promise<void> {
  const name = `Shop ${shop.index}`;
  const merchant = await ops("POST", "/v1/ops/merchants", {
    name,
    legal_name: `${name} Trading Co., Ltd.`,
    fee_rate_millionths: 8_000,
    currencies: ["CNY"],
  });
  const { secret = "" } = await ops("POST", `/v1/ops/merchants/${merchant.id}/api_keys`, { label: "bench" });
  const account = await ops("POST", "/v1/ops/channel_accounts", {
    merchant_id: merchant.id,
    channel: "instant",
    label: "Instant",
    gateway_url: shop.gatewayUrl,
    cost_rate_millionths: 6_000,
    fund_flow: "through_platform",
    calls_per_second: 100_000,
    credentials: {},
  });
  await ops("POST", `/v1/ops/channel_accounts/${account.id}/enable`);
  await api(secret, "POST", "/v1/webhook_endpoints", {
    url: `http://127.0.0.1:${shop.receiverPort}/shops/${shop.index}`,
    events: ["payment.succeeded"],
  });
  const payment = await api(secret, "POST", "/v1/payments", {
    merchant_order_no: shop.number,
    amount: AMOUNT,
    currency: "CNY",
    subject: "A cup of tea",
    method: "instant.qr",
  });
  const { qr_code: order } = payment.next_action as unknown as { qr_code: string };
  await api(secret, "POST", `/notify/instant/${account.id}`, {
    order,
    amount: String(AMOUNT),
    trade: `t${shop.number}`,
  });
}
