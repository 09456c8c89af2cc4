import assert from "node:assert/strict";
import type { Answer, Json, TestPlatform } from "../../../../tools/testing/platform.ts";
import { newRsaKey } from "../../kernel/crypto.ts";

/** Another merchant on a platform under test, with an Alipay contract of its own. */
export type Shop = {
  readonly id: string;
  readonly channelAccountId: string;
  /** Its secret key. */
  readonly key: string;
  api(method: string, path: string, body?: unknown): Promise<Answer>;
};

/** Opens a shop; `contract`: what differs from a plain contract. */
export async function openShop(
  platform: TestPlatform,
  contract: Record<string, unknown> = {},
): Promise<Shop> {
  const created = async (path: string, body: unknown): Promise<Json> => {
    const made = await platform.ops("POST", path, body);
    assert.equal(made.status, 201, JSON.stringify(made.body));
    return made.body;
  };
  const merchant = await created("/v1/ops/merchants", {
    name: "Other Shop",
    legal_name: "Other Shop Co., Ltd.",
    fee_rate_millionths: 8_000,
    currencies: ["CNY"],
  });
  const key = await created(`/v1/ops/merchants/${merchant.id}/api_keys`, { label: "till" });
  const shop = {
    id: merchant.id,
    key: key.secret,
    api: (method: string, path: string, body?: unknown) => platform.api(method, path, body, key.secret),
  };
  return { ...shop, channelAccountId: await addAccount(platform, shop, contract) };
}

/** Gives a shop another Alipay contract with an app of its own; the channel account's id. */
export async function addAccount(
  platform: TestPlatform,
  shop: Pick<Shop, "id">,
  contract: Record<string, unknown> = {},
): Promise<string> {
  const { publicKey, privateKey } = newRsaKey();
  const { body: app } = await platform.sandbox("POST", "/alipay/apps", {
    app_public_key: publicKey,
    mode: "public_key",
  });
  const account = await platform.ops("POST", "/v1/ops/channel_accounts", {
    merchant_id: shop.id,
    channel: "alipay",
    label: "Alipay at the sandbox",
    gateway_url: app.gateway_url,
    cost_rate_millionths: 6_000,
    fund_flow: "through_platform",
    ...contract,
    credentials: {
      mode: "public_key",
      app_id: app.app_id,
      seller_id: app.pid,
      private_key: privateKey,
      alipay_public_key: app.alipay_public_key,
    },
  });
  assert.equal(account.status, 201, JSON.stringify(account.body));
  const { id } = account.body;
  const enabled = await platform.ops("POST", `/v1/ops/channel_accounts/${id}/enable`);
  assert.equal(enabled.status, 200, JSON.stringify(enabled.body));
  return id;
}
