/**
 * Merchants of a world: made through the platform's own API, each with one contract or two at every channel
 * of its currencies.
 */

import type { FundFlow } from "../../server/src/channels/index.ts";
import type { Answer, Body } from "./body.ts";
import { CHANNELS, CONSOLES, COST_RATE_MILLIONTHS, type Contract, type Draft } from "./contracts.ts";
import { fundFlowsOf } from "./fund-flows.ts";
import type { WorldCurrency } from "./methods.ts";
import type { Owner } from "./scheduler.ts";
import { jsonRequest, platformUrl, type World } from "./world.ts";

export type Merchant = {
  readonly name: string;
  readonly owner: Owner;
  readonly id: string;
  readonly key: string;
  readonly currencies: readonly WorldCurrency[];
  readonly contracts: readonly Contract[];
  /** Routing was told of limits, so that an order may find no account. */
  isLimited: boolean;
};

const SETUP_MS = 600_000;

/** Makes `count` merchants in calm weather. Throws when the platform refuses. */
export async function makeMerchants(world: World, count: number): Promise<readonly Merchant[]> {
  const merchants: Merchant[] = [];
  for (let i = 1; i <= count; i += 1) merchants.push(await makeMerchant(world, `shop${i}`, i === 1));
  return merchants;
}

async function makeMerchant(world: World, name: string, isFirst: boolean): Promise<Merchant> {
  const { chance } = world;
  const luck = chance.stream(name);
  const [seconds, terms] = [luck.stream("second contracts"), luck.stream("terms of contracts")];
  const flowOf = fundFlowsOf(world, name, isFirst);
  const owner: Owner = { name, alive: true };
  const ops = (path: string, body?: unknown) => asOperator(world, owner, "POST", path, body);
  const takesDollars = luck.hits(0.5) || world.weather.isBadFor("stripe");
  const currencies: readonly WorldCurrency[] = takesDollars ? ["CNY", "USD"] : ["CNY"];
  const merchant = await ops("/v1/ops/merchants", {
    name,
    legal_name: `${name} Trading Co., Ltd.`,
    fee_rate_millionths: luck.pick([0, 3_800, 8_000, 25_000]),
    currencies,
  });
  const key = await ops(`/v1/ops/merchants/${merchant.id}/api_keys`, { label: "simulation" });
  const contracts: Contract[] = [];
  for (const channel of CHANNELS.filter((one) => currencies.includes(CONSOLES[one].currency))) {
    const console = CONSOLES[channel];
    for (let left = seconds.hits(0.5) ? 2 : 1; left > 0; left -= 1) {
      const draft = await console.register(world, terms);
      const fundFlow = flowOf(channel);
      const account = await enter(ops, merchant.id, draft, fundFlow);
      await console.entered?.(world, draft.number, platformUrl(account.notify_path));
      contracts.push({ ...draft, accountId: account.id, fundFlow, isGross: false });
    }
  }
  const shop = world.shops.open(name);
  const endpoint = await settled(
    world,
    jsonRequest("POST", platformUrl("/v1/webhook_endpoints"), { url: shop.url }, key.secret),
    owner,
  );
  shop.know(endpoint.secret);
  return { name, owner, id: merchant.id, key: key.secret, currencies, contracts, isLimited: false };
}

/** Enters a contract and enables it. */
async function enter(
  ops: (path: string, body?: unknown) => Promise<Body>,
  merchantId: string,
  { channel, gatewayUrl, credentials }: Draft,
  fundFlow: FundFlow,
): Promise<Body> {
  const { currency, keepsFee } = CONSOLES[channel];
  const account = await ops("/v1/ops/channel_accounts", {
    merchant_id: merchantId,
    channel,
    label: `${channel} at the sandbox`,
    gateway_url: gatewayUrl,
    cost_rate_millionths: COST_RATE_MILLIONTHS,
    cost_returned_on_refund: !keepsFee,
    currencies: [currency],
    fund_flow: fundFlow,
    credentials,
  });
  await ops(`/v1/ops/channel_accounts/${account.id}/enable`);
  return account;
}

/** One request of the operators in calm weather. Throws when it is refused. */
export function asOperator(
  world: World,
  owner: Owner,
  method: "GET" | "POST" | "PATCH" | "PUT",
  path: string,
  body?: unknown,
  key = world.operatorKey,
): Promise<Body> {
  return settled(world, jsonRequest(method, platformUrl(path), body, key), owner);
}

async function settled(world: World, request: ReturnType<typeof jsonRequest>, owner: Owner): Promise<Body> {
  let answer: Answer | null = null;
  let failure: unknown = null;
  world.ask(owner, request, SETUP_MS).then(
    (given) => {
      answer = given;
    },
    (error: unknown) => {
      failure = error;
    },
  );
  const end = new Date(world.scheduler.now().getTime() + SETUP_MS);
  await world.scheduler.run(() => answer !== null || failure !== null, end);
  const given = answer as Answer | null;
  if (given === null || given.status >= 300) {
    throw new Error(`${request.method} ${request.url} ended ${JSON.stringify(given ?? String(failure))}`);
  }
  return given.body;
}
