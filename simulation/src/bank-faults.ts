/** What goes wrong at the bank: the sandbox's faults, on a payday. */
import type { Bank } from "./bank.ts";
import { sandboxUrl } from "./channel.ts";
import { make } from "./contracts.ts";
import { jsonRequest, type World } from "./world.ts";

/** Kinds of the sandbox that a world may arm at its bank, with the parameters to draw from. */
export const BANK_FAULTS: Readonly<Record<string, readonly Record<string, unknown>[]>> = {
  bank_rejects: [{}, { code: "AC01" }],
  bank_returns: [{ ms: 0 }, { ms: 1_800_000 }, { ms: 7_200_000, code: "AC06" }],
  bank_silent: [{}],
  answer_lost_after_success: [{ ms: 0 }, { ms: 3_000 }],
  timeout_before: [{ ms: 30_000 }, { ms: 2_000 }],
  http_5xx: [{ executed: true }, { executed: false }],
  slow: [{ ms: 3_000 }, { ms: 30_000, when: "after" }],
  rate_refusal: [{}],
  system_error: [{}, { executed: true }],
};

/** Some things come back days later: such a world goes on until its bank has shown them. */
const RETURNS_LATE = { ms: 30 * 3_600_000 };
const SHARE_LATE = 0.15;

/** Arms some kinds, each for a part of what it could happen to. */
export async function armBankFaults(world: World, { ours }: Bank): Promise<void> {
  const reserves = ours.filter(({ holds }) => holds === "reserve");
  const luck = world.chance.stream("faults of the bank");
  const share = luck.pick([0.2, 0.5, 0.8]);
  for (const [kind, choices] of Object.entries(BANK_FAULTS)) {
    if (!luck.hits(share)) continue;
    const isLate = kind === "bank_returns" && luck.hits(SHARE_LATE);
    await make(world, "/faults", {
      kind,
      match: { app_id: luck.pick(reserves).number },
      rate: luck.pick([0.5, 1]),
      count: luck.between(1, 4),
      params: isLate ? RETURNS_LATE : luck.pick(choices),
    });
  }
}

/** Nothing armed is left; how often each kind happened is counted. */
export async function disarmBankFaults(world: World): Promise<void> {
  const listed = await world.channel(jsonRequest("GET", sandboxUrl("/faults"), undefined));
  const { data } = JSON.parse(listed.body.toString("utf8")) as { data: { kind: string; happened: number }[] };
  for (const { kind, happened } of data) {
    if (happened > 0) world.weather.tally.add("faults of the bank", kind, happened);
  }
  await world.channel(jsonRequest("DELETE", sandboxUrl("/faults"), undefined));
}
