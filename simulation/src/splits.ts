/** What channels themselves have split of a world's orders, and got back: read past the platform. */
import { type Id, parseId } from "../../server/src/kernel/ids.ts";
import { sandboxUrl } from "./channel.ts";
import { CONSOLES, type Contract } from "./contracts.ts";
import { jsonRequest, type World } from "./world.ts";

/** One share, or what came back of one, in minor units. */
export type Moved = {
  /** Ours: of a share, of a return, or of the refund that it came back with. */
  readonly number: string;
  readonly account: string;
  readonly amount: number;
  readonly result: string;
  readonly ends_at: string;
};

/** What a channel has of one order. */
export type Splitting = {
  readonly orderNo: string;
  /** It was placed to be split, and nobody has let go of the rest. */
  readonly frozen: boolean;
  readonly finishedBy: string | null;
  readonly shares: readonly Moved[];
  readonly returns: readonly Moved[];
};

const BEIJING_MS = 8 * 3_600_000;

const ORDERS = {
  name: "simulation_orders_of_account",
  text: `select channel_order_no
     from attempts
     where channel_account_id = $1
     order by id`,
};

/** Of every order that the channel knows; none at a channel that splits nothing. */
export async function splittingsAt(world: World, contract: Contract): Promise<readonly Splitting[]> {
  const { channel, number, accountId } = contract;
  if (channel !== "wechat" && channel !== "alipay") return [];
  const console = CONSOLES[channel];
  const account = [parseId("cha", accountId) as Id];
  const found: Splitting[] = [];
  for (const { channelOrderNo } of await world.ground.cell.db.all<{ channelOrderNo: string }>(
    ORDERS,
    account,
  )) {
    const query = new URLSearchParams(console.named(number)).toString();
    const url = sandboxUrl(`${console.orderPath(channelOrderNo)}/shares?${query}`);
    const { status, body } = await world.channel(jsonRequest("GET", url, undefined));
    // One that was never placed.
    if (status === 404) continue;
    const told = JSON.parse(body.toString("utf8")) as Omit<Splitting, "orderNo" | "finishedBy"> & {
      readonly finished_by: string | null;
    };
    found.push({ ...told, orderNo: channelOrderNo, finishedBy: told.finished_by });
  }
  return found;
}

export function isDone({ result }: Moved): boolean {
  return result === "SUCCESS";
}

/**
 * What left the merchant's money at the channel for receivers, less what came back, in minor units.
 * @param on a date in Beijing; null: in all
 */
export async function splitAway(world: World, contract: Contract, on: string | null): Promise<bigint> {
  const isOn = ({ ends_at: at }: Moved) =>
    on === null || new Date(Date.parse(at) + BEIJING_MS).toISOString().slice(0, 10) === on;
  const sum = (all: readonly Moved[]) =>
    all.filter((one) => isDone(one) && isOn(one)).reduce((total, { amount }) => total + BigInt(amount), 0n);
  const all = await splittingsAt(world, contract);
  return all.reduce((total, { shares, returns }) => total + sum(shares) - sum(returns), 0n);
}
