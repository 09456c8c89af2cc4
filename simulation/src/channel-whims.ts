/** What a channel does to an order on its own, and what its buyers' banks do. */
import { type Id, parseId } from "../../server/src/kernel/ids.ts";
import { insist, type TradeDeps } from "./asking.ts";
import { sandboxUrl } from "./channel.ts";
import { CONSOLES, type Contract } from "./contracts.ts";
import type { Merchant } from "./merchants.ts";
import type { Request } from "./network.ts";
import { jsonRequest, type World } from "./world.ts";

export const CHANNEL_WHIMS = {
  reverse: { path: null, does: "takes a payment back" },
  reverse_part: { path: null, does: "takes a part of a payment back" },
  pay_late: { path: "pay-late", does: "takes money for an order that is over" },
  forge: { path: "forge-notification", does: "is forged" },
} as const;

/** What the channel does on its own to an order of this payment. */
export async function channelWhims(deps: TradeDeps, id: string): Promise<void> {
  const { world, merchant, luck } = deps;
  // What is taken back is left to people.
  if (!luck.hits(0.4) && !world.weather.isBadFor("decisions")) return;
  await world.sleep(merchant.owner, luck.integer(400_000));
  const { body } = await insist(deps, "GET", `/v1/payments/${id}`);
  const attempt = luck.pick([...(body?.attempts ?? []), null]);
  if (attempt === null) return;
  const contract = merchant.contracts.find(
    ({ accountId }) => accountId === attempt.channel_account,
  ) as Contract;
  const console = CONSOLES[contract.channel];
  if (console.hasDisputes && luck.hits(0.5)) {
    await dispute(deps, contract, attempt.channel_order_no);
    return;
  }
  const reverses = console.takesBack === null ? 0 : 1;
  const what = luck.weighed({ reverse: 5 * reverses, reverse_part: 3 * reverses, pay_late: 3, forge: 1 });
  const bodies = { reverse: {}, reverse_part: { amount: luck.between(1, 20) }, pay_late: {}, forge: {} };
  const path = CHANNEL_WHIMS[what].path ?? console.takesBack;
  const url = sandboxUrl(`${console.orderPath(attempt.channel_order_no)}/${path}`);
  const request = jsonRequest("POST", url, { ...console.named(contract.number), ...bodies[what] });
  const answer = await world.act(merchant.owner, `channel ${what}`, request, world.channel);
  if (answer.status < 300) world.weather.tally.add("the channel by itself", CHANNEL_WHIMS[what].does);
}

export const DISPUTE_WHIMS = {
  opened: "takes what a payer claims",
  won: "decides a claim for the merchant",
  lost: "decides a claim for the payer",
} as const;

/** A payer claims all of a payment or a part; his bank decides in minutes, in hours, or not at all. */
async function dispute(deps: TradeDeps, contract: Contract, order: string): Promise<void> {
  const { world, merchant, luck } = deps;
  const part = luck.hits(0.3) ? { amount: luck.between(1, 60) } : {};
  const named = { order, ...CONSOLES[contract.channel].named(contract.number) };
  const request = jsonRequest("POST", sandboxUrl("/wallet/dispute"), { ...named, ...part });
  const { status } = await world.act(merchant.owner, "channel dispute", request, world.channel);
  if (status >= 300) return;
  world.weather.tally.add("the channel by itself", DISPUTE_WHIMS.opened);
  if (luck.hits(0.3)) return;
  await world.sleep(merchant.owner, luck.integer(luck.pick([60_000, 3_600_000, 14_400_000])));
  const outcome = luck.hits(0.5) ? "won" : "lost";
  count(
    world,
    outcome,
    await world.act(merchant.owner, `channel ${outcome}`, decision(named, outcome), world.channel),
  );
}

type Outcome = "won" | "lost";

function decision(named: Readonly<Record<string, string>>, outcome: Outcome): Request {
  return jsonRequest("POST", sandboxUrl("/wallet/dispute-decide"), { ...named, outcome });
}

function count(world: World, outcome: Outcome, { status }: { readonly status: number }): void {
  if (status < 300) world.weather.tally.add("the channel by itself", DISPUTE_WHIMS[outcome]);
}

const ORDERS = {
  name: "simulation_orders_with_disputes",
  text: `select channel_order_no
     from attempts
     where channel_account_id = $1
     order by id`,
};

/** The banks decide whatever claims are left. */
export async function decideDisputes(world: World, merchants: readonly Merchant[]): Promise<void> {
  const luck = world.chance.stream("disputes");
  for (const { contracts } of merchants) {
    for (const { channel, accountId, number } of contracts.filter(
      (one) => CONSOLES[one.channel].hasDisputes,
    )) {
      const account = [parseId("cha", accountId) as Id];
      const { db } = world.ground.cell;
      for (const { channelOrderNo } of await db.all<{ channelOrderNo: string }>(ORDERS, account)) {
        const named = { order: channelOrderNo, ...CONSOLES[channel].named(number) };
        const outcome = luck.hits(0.5) ? "won" : "lost";
        count(world, outcome, await world.channel(decision(named, outcome)));
      }
    }
  }
}
