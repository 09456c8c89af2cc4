/** What goes wrong by itself: the channel's faults, PostgreSQL's restarts, the process's sudden ends. */

import { sandboxUrl } from "./channel.ts";
import { CHANNELS, CONSOLES, type Contract } from "./contracts.ts";
import type { Merchant } from "./merchants.ts";
import type { Owner } from "./scheduler.ts";
import { jsonRequest, type World } from "./world.ts";

/**
 * Kinds of the sandbox that a world may arm, with the parameters to draw from. A bill that lies is not among
 * them.
 */
export const FAULTS: Readonly<Record<string, readonly Record<string, unknown>[]>> = {
  answer_lost_after_success: [{ ms: 0 }, { ms: 5_000 }],
  timeout_before: [{ ms: 30_000 }, { ms: 2_000 }],
  http_5xx: [{ executed: true }, { executed: false }, { status: 500, executed: true }],
  slow: [{ ms: 3_000 }, { ms: 20_000, when: "after" }, { ms: 8_000, when: "after" }],
  rate_refusal: [{}],
  system_error: [
    {},
    { form: "acq" },
    { executed: true },
    { form: "acq", executed: true },
    { form: "05" },
    { form: "06", executed: true },
  ],
  notification_duplicate: [{ copies: 1 }, { copies: 3 }],
  notification_late: [{ ms: 60_000 }, { ms: 3_600_000 }],
  notification_reordered: [{ ms: 30_000 }, { ms: 600_000 }],
  notification_lost: [{}],
  notification_forged: [{ how: "tampered" }, { how: "foreign_key" }, { how: "unsigned" }],
  notification_wrong_amount: [{ delta: 1 }, { delta: -1 }],
  trade_wrong_amount: [{ delta: 1 }, { delta: -1 }, { delta: 500 }],
  paid_after_close: [{ ms: 0 }, { ms: 2_000 }, { ms: 60_000 }],
  abandoned_code_paid: [{ ms: 0 }, { ms: 5_000 }, { ms: 120_000 }],
  channel_reverses_after_success: [{ ms: 0 }, { ms: 30_000 }, { ms: 5_000, amount: 3 }],
  refund_refused: [{}, { final: true }, { final: true, executed: true }, { executed: true }],
  // Of WeChat Pay's two ends only the one that needs no person: a world has nobody at its console.
  refund_returned: [
    { ms: 1_000, closed: true },
    { ms: 3_600_000, closed: true },
  ],
  cancel_retry_flag: [{}],
  fund_change_n: [{ moved: true }, { moved: false }],
  query_lag: [{}, { not_found: 3, unknown: 0 }, { not_found: 0, unknown: 4 }],
  share_closed: [{}, { reason: "RECEIVER_RECEIPT_LIMIT" }],
  share_return_failed: [{}],
  clearing_cut_over: [{}, { executed: false }, { minutes: 20 }],
};

/** Arms some kinds, each for a part of what it could happen to. */
export async function armFaults(world: World, merchants: readonly Merchant[]): Promise<void> {
  const luck = world.chance.stream("faults");
  const share = luck.pick([0, 0.25, 0.5, 0.9]);
  // A wrong amount told of a wrong amount paid can be the amount that was asked: no one could tell.
  const never = luck.pick(["trade_wrong_amount", "notification_wrong_amount"]);
  const { lure } = world.weather;
  for (const [kind, choices] of Object.entries(FAULTS)) {
    const isLure = kind === lure?.kind;
    if ((!luck.hits(share) || kind === never) && !isLure) continue;
    const limited = luck.hits(0.3) && !isLure ? matchOf(luck.pick(luck.pick(merchants).contracts)) : {};
    const match = isLure ? lure.match : limited;
    const fault = {
      kind,
      match,
      rate: isLure ? 1 : luck.pick([0.1, 0.3, 0.8]),
      count: luck.between(1, 20),
      params: luck.pick(choices),
    };
    const answer = await world.channel(jsonRequest("POST", sandboxUrl("/faults"), fault));
    if (answer.status !== 201)
      throw new Error(`the fault ${kind} cannot be armed: ${answer.body.toString()}`);
  }
}

/** What limits a fault to one contract. */
function matchOf({ channel, number }: Contract): Record<string, string> {
  return CONSOLES[channel].matched(number);
}

/** Nothing armed is left; how often each kind happened is counted. */
export async function disarmFaults(world: World): Promise<void> {
  const listed = await world.channel(jsonRequest("GET", sandboxUrl("/faults"), undefined));
  type Listed = { kind: string; happened: number; params: { difference?: string } };
  const { data } = JSON.parse(listed.body.toString("utf8")) as { data: Listed[] };
  for (const { kind, happened, params } of data) {
    const name = params.difference === undefined ? kind : `${kind}: ${params.difference}`;
    if (happened > 0) world.weather.tally.add("faults of the sandbox", name, happened);
  }
  await world.channel(jsonRequest("DELETE", sandboxUrl("/faults"), undefined));
}

/** Kills the process and takes PostgreSQL away now and then, until stopped. */
export function disturb(world: World, spanMs: number, what = "disturbances"): { stop(): void } {
  const { scheduler, weather, platforms } = world;
  const luck = world.chance.stream(what);
  const owner: Owner = { name: "fate", alive: true };
  const within = () => luck.integer(spanMs + 300_000);
  for (let kills = luck.pick([0, 0, 1, 2]); kills > 0; kills -= 1) {
    scheduler.event(owner, "kills the platform", within(), () => {
      if (weather.isSheltered) weather.tally.add("fate", "a process is spared");
      else luck.pick(platforms).kill("at some moment");
    });
  }
  for (let stalls = luck.pick([0, 0, 1, 2]); stalls > 0; stalls -= 1) {
    scheduler.event(owner, "stops the platform", within(), () => {
      luck.pick(platforms).stall(luck.between(1_000, 120_000));
    });
  }
  for (let outages = luck.pick([0, 0, 0, 1, 2]); outages > 0; outages -= 1) {
    scheduler.event(owner, "takes PostgreSQL away", within(), () => {
      weather.takeAway();
      scheduler.event(owner, "brings PostgreSQL back", luck.between(200, 20_000), () => weather.restore());
    });
  }
  return {
    stop: () => {
      owner.alive = false;
    },
  };
}

const ORDERS = {
  name: "simulation_orders",
  text: `select channel_order_no
     from attempts
     order by id`,
};

/**
 * What an operator does in the channel's console: has every notification sent again that never arrived. Of a
 * reversal by the channel nothing else tells but the bill.
 */
export async function resendLost(world: World): Promise<void> {
  const { channel } = world;
  for (const { channelOrderNo } of await world.ground.cell.db.all<{ channelOrderNo: string }>(ORDERS)) {
    for (const name of CHANNELS) {
      const url = sandboxUrl(`/${name}/notifications?out_trade_no=${channelOrderNo}`);
      const { body } = await channel(jsonRequest("GET", url, undefined));
      const { data } = JSON.parse(body.toString("utf8")) as {
        data: { id: string; state: string; forged: string | null }[];
      };
      for (const { id, state, forged } of data) {
        if (forged !== null || (state !== "lost" && state !== "given_up")) continue;
        world.weather.tally.add("the channel by itself", "sends a lost notification again");
        await channel(jsonRequest("POST", sandboxUrl(`/${name}/notifications/${id}/resend`), undefined));
      }
    }
  }
}
