/** A merchant that can take payments at the sandbox and hears of them at the receiver. */
import type { newRsaKey } from "../../server/src/kernel/crypto.ts";
import { type Client, createClient, type Json } from "./client.ts";

export type Shop = {
  readonly name: string;
  readonly merchantId: string;
  readonly client: Client;
};

export type ShopDeps = {
  readonly baseUrl: () => string;
  readonly operator: Client;
  readonly sandbox: Client;
  /** The sandbox as the platform shall reach it. */
  readonly channelUrl: string;
  /** Where the shop's webhooks go. */
  readonly webhookUrl: string;
  readonly know: (secret: string) => void;
  readonly keys: ReturnType<typeof newRsaKey>;
};

/** What the fee and cost of the shop's payments are, in millionths; half a fen is rounded up. */
export const FEE_RATE_MILLIONTHS = 8_000;
const COST_RATE_MILLIONTHS = 6_000;

export async function openShop(deps: ShopDeps, name: string): Promise<Shop> {
  const { operator, sandbox, channelUrl, keys } = deps;
  const merchant = await operator.ask("POST", "/v1/ops/merchants", {
    name,
    legal_name: `${name} Trading Co., Ltd.`,
    fee_rate_millionths: FEE_RATE_MILLIONTHS,
    currencies: ["CNY"],
  });
  const merchantId = text(merchant.body, "id");
  const key = await operator.ask("POST", `/v1/ops/merchants/${merchantId}/api_keys`, { label: "till" });
  const app = await sandbox.ask("POST", "/alipay/apps", {
    app_public_key: keys.publicKey,
    mode: "public_key",
  });
  const account = await operator.ask("POST", "/v1/ops/channel_accounts", {
    merchant_id: merchantId,
    channel: "alipay",
    label: "Alipay behind the proxy",
    gateway_url: channelUrl + new URL(text(app.body, "gateway_url")).pathname,
    cost_rate_millionths: COST_RATE_MILLIONTHS,
    fund_flow: "through_platform",
    credentials: {
      mode: "public_key",
      app_id: text(app.body, "app_id"),
      seller_id: text(app.body, "pid"),
      private_key: keys.privateKey,
      alipay_public_key: text(app.body, "alipay_public_key"),
    },
  });
  await operator.ask("POST", `/v1/ops/channel_accounts/${text(account.body, "id")}/enable`);
  const client = createClient(deps.baseUrl, text(key.body, "secret"));
  const endpoint = await client.ask("POST", "/v1/webhook_endpoints", { url: deps.webhookUrl });
  deps.know(text(endpoint.body, "secret"));
  return { name, merchantId, client };
}

export function text(body: Json, field: string): string {
  const value = body[field];
  if (typeof value !== "string") throw new Error(`no ${field} in ${JSON.stringify(body)}`);
  return value;
}
