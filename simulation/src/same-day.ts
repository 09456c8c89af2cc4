/**
 * T+0: merchants who have been with us for half a year trade once more when own money has come into the
 * reserve, and ask on the day itself for what came in on it. The own money stands for it until the channels
 * pay.
 */
import { type Id, parseId } from "../../server/src/kernel/ids.ts";
import type { Chance } from "./chance.ts";
import { counts } from "./desk.ts";
import type { Words } from "./ledger-of-words.ts";
import type { Merchant } from "./merchants.ts";
import type { Office } from "./payday.ts";
import type { Sharing } from "./sharing.ts";
import { trade } from "./trades.ts";
import { jsonRequest, platformUrl, type World } from "./world.ts";

const MINUTE_MS = 60_000;
const SPAN_MS = 20 * MINUTE_MS;
/** Longer than anything that a merchant, a buyer or an order waits for. */
const TRADES_MAX_MS = 12 * 60 * MINUTE_MS;
/** Where something lies in wait for what settles of them. */
const MORE_ORDERS = 8;
const ANSWER_MS = 30_000;
const PATIENCE = 400;

const AGE = {
  name: "simulation_age",
  text: `update platform.merchants
   set created_at = created_at - interval '200 days'
   where id = any($1::uuid[])`,
};
const TRADED = {
  name: "simulation_traded_before",
  text: `insert into bills
   select m, '2025-06-01'::date + n, c, 1, 1, 1, 0, 0, 0, 0, 1, decode(repeat('00', 32), 'hex'), now()
   from unnest($1::uuid[]) m
   cross join unnest($2::text[]) c
   cross join generate_series(1, 30) n`,
};

/** They came on board long ago and have traded since: dates that these books are too young to have had. */
export async function season(world: World, merchants: readonly Merchant[]): Promise<void> {
  if (!world.hasSameDay) return;
  const ids = merchants.map(({ id }) => parseId("mch", id) as Id);
  const currencies = [...new Set(merchants.flatMap((merchant) => merchant.currencies))];
  await world.ground.cell.transact(async (tx) => {
    await tx.run(AGE, [ids]);
    await tx.run(TRADED, [ids, currencies]);
  });
}

export type Market = {
  readonly office: Office;
  readonly words: Words;
  /** Of the first of its orders. */
  readonly firstNumber: number;
};

/** Trades of a later day, and who asks meanwhile for what they brought. */
export async function tradeForToday(market: Market): Promise<void> {
  const { world, merchants } = market.office;
  const luck = world.chance.stream("same day market");
  const works: Promise<void>[] = [];
  const more = world.weather.isBadFor("sameDay") ? MORE_ORDERS : 0;
  for (let place = luck.between(3, 8) + more; place > 0; place -= 1) {
    works.push(order(market, luck.pick(merchants), luck.stream(String(place)), place));
  }
  for (const merchant of merchants) {
    for (const currency of merchant.currencies) {
      works.push(askForToday(market.office, merchant, currency, luck.stream(`${merchant.name} ${currency}`)));
    }
  }
  let open = works.length;
  for (const work of works) {
    void work
      .catch((error: unknown) => world.violations.push(`the market failed: ${(error as Error).stack}`))
      .finally(() => {
        open -= 1;
      });
  }
  const end = new Date(world.scheduler.now().getTime() + TRADES_MAX_MS);
  if ((await world.scheduler.run(() => open === 0, end)) === "ended") {
    world.violations.push(`${open} trades of the last market have not come to an end`);
  }
}

/** What is still to be split settles on no day at once. */
const NOTHING_SPLIT: Sharing = { splits: [], receivers: [], paid: [] };

/** One order of a later day, within minutes. @param place its number among them, from 1 */
export async function order(market: Market, merchant: Merchant, luck: Chance, place: number): Promise<void> {
  const { office, words, firstNumber } = market;
  const { world } = office;
  await world.sleep(merchant.owner, luck.integer(SPAN_MS));
  const number = firstNumber + place;
  await trade({ world, words, merchant, sharing: NOTHING_SPLIT, number, luck, wanted: null });
}

/** Now and then, and sometimes twice at once: what one of them takes the other finds no more. */
async function askForToday(
  office: Office,
  merchant: Merchant,
  currency: string,
  luck: Chance,
): Promise<void> {
  const { world } = office;
  for (let rounds = luck.between(2, 5); rounds > 0; rounds -= 1) {
    await world.sleep(merchant.owner, luck.between(MINUTE_MS, SPAN_MS));
    const asked = Array.from({ length: luck.hits(0.3) ? 2 : 1 }, () =>
      settleToday(office, merchant, currency, luck),
    );
    for (const outcome of await Promise.all(asked)) counts(office, `settled on the day: ${outcome}`);
  }
}

async function settleToday(
  office: Office,
  { owner, key, name }: Merchant,
  currency: string,
  luck: Chance,
): Promise<string> {
  const { world } = office;
  const request = jsonRequest("POST", platformUrl("/v1/settlements"), { currency }, key);
  for (let tries = 1; tries <= PATIENCE; tries += 1) {
    const answer = await world.ask(owner, request, ANSWER_MS).catch(() => null);
    if (answer?.status === 201) return answer.body.available > 0 ? "settled" : "nothing was left of it";
    if (answer?.status === 422) return answer.body.reason;
    if (answer !== null && answer.status !== 503 && answer.status !== 429) {
      world.violations.push(`what ${name} asked for today was answered ${answer.status} ${answer.body.code}`);
      return "refused";
    }
    await world.sleep(owner, luck.between(200, 8_000));
  }
  world.violations.push(`what ${name} asked for today was never answered`);
  return "never";
}

const UNCOVERED = {
  name: "simulation_uncovered_advances",
  text: `select a.settlement_id::text as id, o.open, coalesce(m.moved, 0)::bigint as moved
   from settlement_advances a
   cross join lateral (
     select sum(b.amount)::bigint as open
     from settlement_advances b
     where b.currency = a.currency
       and b.advanced_at <= a.advanced_at
       and (b.repaid_at is null or b.repaid_at > a.advanced_at)
   ) o
   cross join lateral (
     select sum(e.amount) as moved
     from bank_entries e
     where e.account_number = any($1::text[])
       and e.currency = a.currency
       and e.placed_as in ('own_money', 'own_transfer')
       and e.placed_at <= a.advanced_at
   ) m
   where o.open > coalesce(m.moved, 0)
   order by a.settlement_id`,
};

/** At no moment more stood for what channels had not paid yet than the owner had put into the reserve. */
export async function checkSameDay({ world, bank }: Office): Promise<readonly string[]> {
  const reserves = bank.ours.filter(({ holds }) => holds === "reserve").map(({ number }) => number);
  const found = await world.ground.cell.db.all<{ id: string; open: bigint; moved: bigint }>(UNCOVERED, [
    reserves,
  ]);
  return found.map(
    ({ id, open, moved }) => `with the settlement ${id} own money of ${open} stood in, of ${moved} put in`,
  );
}
