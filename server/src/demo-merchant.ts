/**
 * A merchant to try the platform with: made once through the platform's own API, with a contract at each
 * channel of the sandbox and a webhook endpoint at the shop inbox. Everything a program needs to use it
 * stands in `demo.json` of the data folder.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { newRsaKey } from "./kernel/crypto.ts";
import type { Log } from "./kernel/log.ts";

export type DemoMerchantDeps = {
  readonly baseUrl: string;
  readonly sandboxUrl: string;
  readonly operatorKey: string;
  readonly dataDir: string;
  readonly log: Log;
};

/** What `demo.json` tells programs. */
export type DemoFile = {
  readonly base_url: string;
  readonly secret_key: string;
  readonly merchant_id: string;
  readonly channel_account_id: string;
  readonly alipay_app_id: string;
  /** Absent in a file written before there was a second channel. */
  readonly wechat_account_id?: string;
  readonly wechat_mchid?: string;
  /** Absent in a file written before there was a third. */
  readonly unionpay_account_id?: string;
  readonly unionpay_mer_id?: string;
  /** Absent in a file written before there were cards: its merchant holds no currency of theirs. */
  readonly card_account_id?: string;
  readonly stripe_account?: string;
  readonly webhook_secret: string;
  readonly operator_token: string;
  readonly sandbox_url: string;
  readonly wallet_url: string;
  readonly inbox_url: string;
};

const SHOP = "demo";
const MERCHANT_NAME = "Demo Shop";
const FEE_RATE_MILLIONTHS = 8_000;
/** What the sandbox's channels charge. */
const COST_RATE_MILLIONTHS = 6_000;
const CARD_COST_RATE_MILLIONTHS = 29_000;
const CARD_CURRENCIES = ["USD", "EUR", "JPY"];

/**
 * Makes the demo merchant unless it is there; refreshes the addresses in its file. Throws when the platform
 * refuses.
 */
export async function ensureDemoMerchant(deps: DemoMerchantDeps): Promise<void> {
  const known = readDemoFile(deps.dataDir);
  const addresses = {
    base_url: deps.baseUrl,
    operator_token: deps.operatorKey,
    sandbox_url: deps.sandboxUrl,
    wallet_url: `${deps.sandboxUrl}/wallet`,
    inbox_url: `${deps.sandboxUrl}/inbox`,
  };
  if (known !== null && (await isAlive(deps, known))) {
    // The sandbox may listen elsewhere than last time; contracts and endpoints follow it.
    if (known.sandbox_url !== deps.sandboxUrl) await moveSandbox(deps, known);
    // Made before there was a second channel, or a third.
    const wechat = known.wechat_mchid === undefined ? await openWechat(deps, known.merchant_id) : {};
    const unionpay = known.unionpay_mer_id === undefined ? await openUnionpay(deps, known.merchant_id) : {};
    writeDemoFile(deps.dataDir, { ...known, ...wechat, ...unionpay, ...addresses });
    // Stripe tells an endpoint of the account's, not of each order: it must know where the platform is now.
    const { card_account_id: accountId, stripe_account: stripe } = known;
    if (accountId !== undefined && stripe !== undefined) await tellNotifyUrl(deps, stripe, accountId);
    return;
  }
  writeDemoFile(deps.dataDir, { ...(await make(deps)), ...addresses });
  deps.log.info({ file: join(deps.dataDir, "demo.json") }, "a merchant to try it with was made");
}

async function make(deps: DemoMerchantDeps) {
  const merchant = await ops(deps, "/v1/ops/merchants", {
    name: MERCHANT_NAME,
    legal_name: "Demo Shop Trading Co., Ltd.",
    fee_rate_millionths: FEE_RATE_MILLIONTHS,
    currencies: ["CNY", ...CARD_CURRENCIES],
  });
  const key = await ops(deps, `/v1/ops/merchants/${merchant.id}/api_keys`, { label: "demo" });
  const channels = {
    ...(await openAlipay(deps, merchant.id as string)),
    ...(await openWechat(deps, merchant.id as string)),
    ...(await openUnionpay(deps, merchant.id as string)),
    ...(await openCards(deps, merchant.id as string)),
  };
  const endpoint = await post(
    deps,
    "/v1/webhook_endpoints",
    { url: `${deps.sandboxUrl}/inbox/${SHOP}`, description: "The sandbox's shop inbox" },
    key.secret,
  );
  await call("PUT", `${deps.sandboxUrl}/inbox/shops/${SHOP}`, { secret: endpoint.secret });
  return {
    secret_key: key.secret as string,
    merchant_id: merchant.id as string,
    ...channels,
    webhook_secret: endpoint.secret as string,
  };
}

async function openAlipay(deps: DemoMerchantDeps, merchantId: string) {
  const { publicKey, privateKey } = newRsaKey();
  const app = await post(deps, `${deps.sandboxUrl}/alipay/apps`, {
    app_public_key: publicKey,
    mode: "public_key",
    merchant_name: MERCHANT_NAME,
  });
  const accountId = await openAccount(deps, merchantId, "alipay", "Alipay at the sandbox", app.gateway_url, {
    mode: "public_key",
    app_id: app.app_id,
    seller_id: app.pid,
    private_key: privateKey,
    alipay_public_key: app.alipay_public_key,
  });
  return { channel_account_id: accountId, alipay_app_id: app.app_id as string };
}

async function openWechat(deps: DemoMerchantDeps, merchantId: string) {
  const { publicKey, privateKey } = newRsaKey();
  const shop = await post(deps, `${deps.sandboxUrl}/wechat/merchants`, {
    merchant_public_key: publicKey,
    merchant_name: MERCHANT_NAME,
  });
  const accountId = await openAccount(
    deps,
    merchantId,
    "wechat",
    "WeChat Pay at the sandbox",
    shop.gateway_url,
    {
      mchid: shop.mchid,
      appid: shop.appid,
      app_secret: shop.app_secret,
      api_v3_key: shop.api_v3_key,
      api_v2_key: shop.api_v2_key,
      merchant_private_key: privateKey,
      merchant_serial_no: shop.merchant_serial,
      wechatpay_public_key: shop.platform_public_key,
      wechatpay_public_key_id: shop.platform_public_key_id,
    },
  );
  return { wechat_account_id: accountId, wechat_mchid: shop.mchid as string };
}

async function openUnionpay(deps: DemoMerchantDeps, merchantId: string) {
  // The sandbox issues certificates, so it makes the pair of keys too.
  const shop = await post(deps, `${deps.sandboxUrl}/unionpay/merchants`, { merchant_name: MERCHANT_NAME });
  const accountId = await openAccount(
    deps,
    merchantId,
    "unionpay",
    "UnionPay at the sandbox",
    shop.gateway_url,
    {
      mer_id: shop.mer_id,
      signing_certificate: shop.merchant_certificate,
      signing_private_key: shop.merchant_private_key,
      root_certificate: shop.root_certificate,
      middle_certificate: shop.middle_certificate,
    },
  );
  return { unionpay_account_id: accountId, unionpay_mer_id: shop.mer_id as string };
}

async function openCards(deps: DemoMerchantDeps, merchantId: string) {
  const stripe = await post(deps, `${deps.sandboxUrl}/stripe/accounts`, {
    merchant_name: MERCHANT_NAME,
    currencies: CARD_CURRENCIES.map((currency) => currency.toLowerCase()),
    fee_rate_millionths: CARD_COST_RATE_MILLIONTHS,
    // A contract's cost is a rate alone here; the sandbox would charge a fixed part of each payment too.
    fee_fixed: 0,
  });
  const { secret_key, publishable_key, webhook_secret, account_id } = stripe;
  const accountId = await openAccount(
    deps,
    merchantId,
    "stripe",
    "Cards at the sandbox",
    stripe.api_url,
    { secret_key, publishable_key, webhook_secret, account_id },
    {
      currencies: CARD_CURRENCIES,
      cost_rate_millionths: CARD_COST_RATE_MILLIONTHS,
      // Stripe keeps what it charged when a payment is given back.
      cost_returned_on_refund: false,
    },
  );
  await tellNotifyUrl(deps, account_id as string, accountId);
  return { card_account_id: accountId, stripe_account: account_id as string };
}

async function tellNotifyUrl(deps: DemoMerchantDeps, stripe: string, accountId: string): Promise<void> {
  const notifyUrl = `${deps.baseUrl}/notify/stripe/${accountId}`;
  await post(deps, `${deps.sandboxUrl}/stripe/accounts/${stripe}/notify-url`, { notify_url: notifyUrl });
}

/** A contract that takes orders at once. */
async function openAccount(
  deps: DemoMerchantDeps,
  merchantId: string,
  channel: string,
  label: string,
  gatewayUrl: string | undefined,
  credentials: object,
  terms: object = {},
): Promise<string> {
  const account = await ops(deps, "/v1/ops/channel_accounts", {
    merchant_id: merchantId,
    channel,
    label,
    gateway_url: gatewayUrl,
    cost_rate_millionths: COST_RATE_MILLIONTHS,
    fund_flow: "through_platform",
    ...terms,
    credentials,
  });
  await ops(deps, `/v1/ops/channel_accounts/${account.id}/enable`, undefined);
  return account.id as string;
}

async function moveSandbox(deps: DemoMerchantDeps, known: DemoFile): Promise<void> {
  const token = { authorization: `Bearer ${deps.operatorKey}` };
  const accounts = [
    known.channel_account_id,
    known.wechat_account_id,
    known.unionpay_account_id,
    known.card_account_id,
  ];
  for (const accountId of accounts) {
    if (accountId === undefined) continue;
    const path = `${deps.baseUrl}/v1/ops/channel_accounts/${accountId}`;
    const account = await call("GET", path, undefined, token);
    const gatewayUrl = String(account.gateway_url).replace(known.sandbox_url, deps.sandboxUrl);
    await call("PATCH", path, { revision: account.revision, gateway_url: gatewayUrl }, token);
  }
  const merchant = { authorization: `Bearer ${known.secret_key}` };
  const { data } = await call("GET", `${deps.baseUrl}/v1/webhook_endpoints`, undefined, merchant);
  for (const endpoint of data as unknown as { id: string; url: string }[]) {
    if (!endpoint.url.startsWith(known.sandbox_url)) continue;
    const url = endpoint.url.replace(known.sandbox_url, deps.sandboxUrl);
    await call("PATCH", `${deps.baseUrl}/v1/webhook_endpoints/${endpoint.id}`, { url }, merchant);
  }
}

async function isAlive(deps: DemoMerchantDeps, known: DemoFile): Promise<boolean> {
  const answer = await fetch(`${deps.baseUrl}/v1/merchant`, {
    headers: { authorization: `Bearer ${known.secret_key}` },
  });
  await answer.body?.cancel();
  return answer.ok;
}

function ops(deps: DemoMerchantDeps, path: string, body: unknown) {
  return post(deps, path, body, deps.operatorKey);
}

function post(deps: DemoMerchantDeps, path: string, body: unknown, token?: string) {
  const url = path.startsWith("http") ? path : `${deps.baseUrl}${path}`;
  return call("POST", url, body, token === undefined ? {} : { authorization: `Bearer ${token}` });
}

/** An answer of our own API: all that is read here is text, numbers, or a list. */
type Answer = Readonly<Record<string, string>>;

async function call(
  method: string,
  url: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const answer = await fetch(url, {
    method,
    headers: body === undefined ? headers : { ...headers, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${url} answered ${answer.status}: ${text}`);
  return text === "" ? {} : (JSON.parse(text) as Answer);
}

function readDemoFile(dataDir: string): DemoFile | null {
  try {
    return JSON.parse(readFileSync(join(dataDir, "demo.json"), "utf8")) as DemoFile;
  } catch {
    return null;
  }
}

function writeDemoFile(dataDir: string, file: DemoFile): void {
  writeFileSync(join(dataDir, "demo.json"), `${JSON.stringify(file, null, 2)}\n`, { mode: 0o600 });
}
