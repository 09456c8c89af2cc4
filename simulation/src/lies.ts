/**
 * A later day on which the channels' bills lie: a line is missing, or there twice, or of another amount, day,
 * currency or merchant. What people have to decide about then is of every kind.
 */
import { sandboxUrl } from "./channel.ts";
import { CONSOLES } from "./contracts.ts";
import { passesUs } from "./fund-flows.ts";
import { asOperator } from "./merchants.ts";
import { type Office, together } from "./payday.ts";
import { type Market, order } from "./same-day.ts";
import { jsonRequest } from "./world.ts";

/** The fault of the sandbox. */
export const BILL_LIES = "bill_disagrees";

export const LIES = [
  "missing_row",
  "extra_row",
  "amount_off",
  "duplicate_row",
  "fee_difference",
  "wrong_day",
  "other_currency",
  "other_merchant",
] as const;

const TRADES_MAX_MS = 12 * 3_600_000;
/** Its orders are numbered behind all others. */
const BEHIND = 100;

/**
 * Shops trade once more, and what the bills of the day will tell is drawn. Where commission is owed on what
 * they tell they do not lie: the channel reckons it from them.
 */
export async function tradeUnderLies({ office, ...market }: Market): Promise<void> {
  const { world, merchants } = office;
  const luck = world.chance.stream("lies");
  for (const { channel, number } of merchants.flatMap(({ contracts }) => contracts.filter(passesUs))) {
    for (const difference of LIES) {
      if (!luck.hits(0.4)) continue;
      const match = CONSOLES[channel].matched(number);
      const lie = {
        kind: BILL_LIES,
        match,
        params: { difference },
        rate: 0.7,
        count: luck.between(1, 2),
      };
      const { status } = await world.channel(jsonRequest("POST", sandboxUrl("/faults"), lie));
      if (status !== 201) throw new Error(`the bill of ${channel} cannot be made to lie by ${difference}`);
    }
  }
  const places = Array.from({ length: luck.between(4, 9) }, (_, place) => BEHIND + place);
  const works = places.map((place) => {
    const merchant = luck.pick(merchants);
    return () => order({ office, ...market }, merchant, luck.stream(String(place)), place);
  });
  await together(office, works, TRADES_MAX_MS);
}

const LATE = "/v1/ops/statement_fetches?state=waiting&late=true&limit=100";
const BY_TELEPHONE = { reason: "The channel's desk says that its bill of that day has no line" };

/** Of a bill whose only lines are missing the channel publishes none, and an operator says so. */
export async function sayNonePublished({ world, bank }: Office): Promise<void> {
  const { data = [] } = await asOperator(world, bank.owner, "GET", LATE);
  for (const { kind, channel_account: account, date } of data) {
    const path = `/v1/ops/channel_accounts/${account}/statements/${date}/none?kind=${kind}`;
    await asOperator(world, bank.owner, "POST", path, BY_TELEPHONE);
    world.weather.tally.add("closes", "an operator says that there is no bill");
  }
}
