/**
 * Costs that channels bill apart: some contracts settle gross, some have a month's minimum. When the month is
 * over, finance pays what the books owe at the bank, and two people say what the debit was.
 */
import { CONSOLES, COST_RATE_MILLIONTHS, type Contract } from "./contracts.ts";
import { ask, atTheBank, counts, type Desk, decide, list } from "./desk.ts";
import { passesUs } from "./fund-flows.ts";
import { asOperator, type Merchant } from "./merchants.ts";
import { dateIn, type World } from "./world.ts";

const MINUTE_MS = 60_000;
/** Our own account is in yuan. */
const CURRENCY = "CNY";

/** What a debit of our own account pays. */
export type Cost = { readonly channel_account: string; readonly month: string; readonly amount: number };

/** A contract with a month's minimum, in minor units. */
export type Minimum = { readonly contract: Contract; readonly month: string; readonly minimum: number };

/** Where the money does not pass us, the merchant pays what the channel costs. */
const isBilled = (contract: Contract) =>
  passesUs(contract) && CONSOLES[contract.channel].currency === CURRENCY;

/** Lets some of the contracts bill their costs apart; mostly in worlds whose month ends. */
export async function setCosts(world: World, merchants: readonly Merchant[]): Promise<readonly Minimum[]> {
  const luck = world.chance.stream("costs");
  const drawn = world.endsMonth ? 0.5 : 0.1;
  const share = world.weather.isBadFor("costs") ? 0.8 : drawn;
  const minimums: Minimum[] = [];
  let approver: string | null = null;
  for (const { owner, contracts } of merchants) {
    for (const contract of contracts.filter(isBilled)) {
      if (luck.hits(share)) {
        const path = `/v1/ops/channel_accounts/${contract.accountId}`;
        const { revision } = await asOperator(world, owner, "GET", path);
        await asOperator(world, owner, "PATCH", path, { revision, cost_settlement: "gross" });
        contract.isGross = true;
        world.weather.tally.add("costs", "a contract settles gross");
      }
      if (!luck.hits(share)) continue;
      const hired = { name: "approver of costs", roles: ["finance"] };
      approver ??= (await asOperator(world, owner, "POST", "/v1/ops/operators", hired)).token;
      const minimum = luck.pick([1, 300, 5_000, 20_000]);
      const from = dateIn(world.scheduler.now(), MINUTE_MS);
      const schedule = {
        channel_account_id: contract.accountId,
        method: null,
        currency: CURRENCY,
        effective_from: from,
        terms: {
          rules: [{ tiers: [{ from: 0, rate_millionths: COST_RATE_MILLIONTHS }] }],
          refund: "cumulative",
          monthly_minimum: minimum,
        },
      };
      const { id } = await asOperator(world, owner, "POST", "/v1/ops/cost_schedules", schedule);
      await asOperator(world, owner, "POST", `/v1/ops/approvals/${id}/approve`, undefined, approver);
      minimums.push({ contract, month: from.slice(0, "yyyy-mm".length), minimum });
      world.weather.tally.add("costs", "a month has a minimum");
    }
  }
  return minimums;
}

/** What finance knows of an entry of our own account. */
export type CostEntry =
  | { readonly is: "costs"; readonly costs: readonly Cost[] }
  /** The bank has sent a debit back, which is named by its reference. */
  | { readonly is: "costs_returned"; readonly debit: string };

export type Payer = Desk & {
  readonly merchants: readonly Merchant[];
  readonly known: { set(ref: string, entry: CostEntry | { readonly is: "own_money" }): unknown };
};

/** Pays at the bank what the month that is over is owed: all or a part, together or apart. */
export async function payCosts(payer: Payer): Promise<void> {
  const { world, bank, luck } = payer;
  if (!world.endsMonth) return;
  await world.sleep(bank.owner, luck.integer(60 * MINUTE_MS));
  const month = dateIn(world.begunAt, 0).slice(0, "yyyy-mm".length);
  const { status, body } = await ask(payer, "GET", `/v1/ops/channel_cost_months?month=${month}&limit=100`);
  if (status === 409) {
    counts(payer, "a month that is not closed is not paid");
    return;
  }
  const costs: Cost[] = [];
  for (const row of body.data ?? []) {
    const payable = row.currency === CURRENCY ? row.owed : 0;
    if (payable <= 0) continue;
    const amount = luck.hits(0.6) ? payable : luck.between(1, payable);
    costs.push({ channel_account: row.channel_account, month, amount });
    // What is left of it is another debit's.
    if (amount < payable && luck.hits(0.5))
      await debit(payer, [{ ...(costs.at(-1) as Cost), amount: payable - amount }]);
  }
  if (costs.length === 0) return;
  if (luck.hits(0.5)) await debit(payer, costs);
  else for (const cost of costs) await debit(payer, [cost]);
}

/** One payment at the counter, for which the owner pays in; now and then it is sent back. */
async function debit(payer: Payer, costs: readonly Cost[]): Promise<void> {
  const { world, bank, luck, known } = payer;
  const own = bank.ours.find(({ holds }) => holds === "own");
  const amount = costs.reduce((sum, cost) => sum + cost.amount, 0);
  const put = { account: own?.number, amount };
  const paidIn = await atTheBank(payer, "owner pays in", "/bank/credit", { ...put, name: "The owner" });
  known.set(paidIn.body.ref, { is: "own_money" });
  const paid = await atTheBank(payer, "costs are paid", "/bank/debit", { ...put, name: "A channel" });
  known.set(paid.body.ref, { is: "costs", costs });
  counts(payer, "costs are paid at the bank");
  if (!luck.hits(0.25)) return;
  await world.sleep(bank.owner, luck.integer(30 * MINUTE_MS));
  const back = await atTheBank(payer, "costs come back", "/bank/credit", { ...put, name: "A channel" });
  known.set(back.body.ref, { is: "costs_returned", debit: paid.body.ref });
}

const EVIDENCE = { evidence: "The channel's invoice, in the file" };

/** Two people say what a debit paid; some say it wrongly first, or twice at once. */
export async function sayPaid(payer: Payer, entry: object, costs: readonly Cost[]): Promise<void> {
  const { luck } = payer;
  if (luck.hits(0.4)) await sayTooMuch(payer, entry, costs);
  const path = "/v1/ops/channel_cost_payments";
  const say = () => decide(payer, "POST", path, { ...entry, costs, ...EVIDENCE });
  const outcomes = await Promise.all(luck.hits(0.25) ? [say(), say()] : [say()]);
  if (outcomes.length > 1) counts(payer, "costs are said to be paid twice at once");
  counts(payer, `costs are paid: ${outcomes.find((one) => one === "carried_out") ?? outcomes[0]}`);
}

/** All of a debit for one account, where that is more than it is owed. */
async function sayTooMuch(payer: Payer, entry: object, costs: readonly Cost[]): Promise<void> {
  const [first, ...others] = costs as [Cost, ...Cost[]];
  if (others.length === 0) return;
  const { month } = first;
  const months = await list(payer, `/v1/ops/channel_cost_months?month=${month}&limit=100`);
  const owed = months.find((one) => one.channel_account === first.channel_account)?.owed ?? 0;
  const amount = costs.reduce((sum, cost) => sum + cost.amount, 0);
  if (amount <= owed) return;
  const wish = { ...entry, costs: [{ ...first, amount }], ...EVIDENCE };
  const { status, body } = await ask(payer, "POST", "/v1/ops/channel_cost_payments", wish);
  if (status === 422 && body.code === "cost_not_owed")
    counts(payer, "more costs than are owed: cost_not_owed");
  else payer.world.violations.push(`more costs than are owed were answered ${status} ${body.code}`);
}

/** Two people say that a debit came back, once it is said what it had paid. */
export async function sayReturned(payer: Payer, entry: object, ref: string): Promise<void> {
  const payments = await list(payer, "/v1/ops/channel_cost_payments?limit=100");
  const payment = payments.find(({ entry_ref: own }) => own === ref);
  if (payment === undefined) return;
  const path = `/v1/ops/channel_cost_payments/${payment.id}/return`;
  counts(payer, `costs come back: ${await decide(payer, "POST", path, { ...entry, ...EVIDENCE })}`);
}
