/**
 * Schedules of fees that operators set before the traffic, drawn by chance, proposed by one and approved by
 * another; and whether every fee was reckoned by them, told apart from the platform.
 */

import { parseId } from "../../server/src/kernel/ids.ts";
import type { Chance } from "./chance.ts";
import { asOperator, type Merchant } from "./merchants.ts";
import type { WorldCurrency } from "./methods.ts";
import type { World } from "./world.ts";

/** What a refund gives back of a fee. */
export const FEE_POLICIES = ["returned", "kept", "pro_rata", "cumulative"] as const;
type Policy = (typeof FEE_POLICIES)[number];
type Share = { readonly party: string; readonly rate_millionths: number };
type Tier = { readonly from: number; readonly rate_millionths: number; readonly fixed: number };

/** What was set of one merchant and currency. */
export type FeesSet = {
  readonly merchant: Merchant;
  readonly currency: WorldCurrency;
  readonly scheduleId: string;
  readonly effectiveFrom: string;
  readonly tiers: readonly Tier[];
  readonly minimum: number;
  readonly cap: number | null;
  readonly refund: Policy;
  /** Whose parts of the fee are, by party. */
  readonly shares: readonly Share[];
};

const MINUTE_MS = 60_000;
const BEIJING_MS = 480 * MINUTE_MS;

/** Gives some of the merchants schedules. */
export async function setFees(world: World, merchants: readonly Merchant[]): Promise<readonly FeesSet[]> {
  const luck = world.chance.stream("fees");
  const chosen = merchants.filter(() => luck.hits(0.5) || world.weather.isBadFor("owed"));
  const [first] = chosen;
  if (first === undefined) return [];
  const hired = await asOperator(world, first.owner, "POST", "/v1/ops/operators", {
    name: "approver of fees",
    roles: ["finance"],
  });
  const set: FeesSet[] = [];
  for (const merchant of chosen) {
    for (const currency of merchant.currencies) {
      set.push(await setFee(world, merchant, { luck, currency, approver: hired.token }));
    }
  }
  return set;
}

async function setFee(
  world: World,
  merchant: Merchant,
  {
    luck,
    currency,
    approver,
  }: { readonly luck: Chance; readonly currency: WorldCurrency; readonly approver: string },
): Promise<FeesSet> {
  // Some worlds begin shortly before midnight: approved after it, a version from the day before is too late.
  const soon = world.scheduler.now().getTime() + BEIJING_MS + MINUTE_MS;
  const effectiveFrom = new Date(soon).toISOString().slice(0, 10);
  const terms = drawTerms(luck, world.weather.isBadFor("owed"));
  const { tiers, minimum, cap, refund, shares } = terms;
  const place = { merchant_id: merchant.id, method: null, currency, effective_from: effectiveFrom };
  const rules = [{ tiers, minimum, cap }];
  const body = { ...place, terms: { rules, refund, shares } };
  const proposed = await asOperator(world, merchant.owner, "POST", "/v1/ops/fee_schedules", body);
  const path = `/v1/ops/approvals/${proposed.id}/approve`;
  await asOperator(world, merchant.owner, "POST", path, undefined, approver);
  world.weather.tally.add("fees", `sets a schedule: ${refund}`);
  const scheduleId: string = proposed.subject;
  return { merchant, currency, scheduleId, effectiveFrom, tiers, minimum, cap, refund, shares };
}

function drawTerms(luck: Chance, isShared: boolean) {
  const tiers: Tier[] = [];
  let from = 0;
  for (let left = luck.between(1, 3); left > 0; left -= 1) {
    tiers.push({ from, rate_millionths: luck.integer(30_000), fixed: luck.pick([0, 0, 5, 30]) });
    from += luck.between(1, 20_000);
  }
  const minimum = luck.pick([0, 1, 20]);
  const cap = luck.pick([null, minimum, minimum + luck.integer(500)]);
  const refund = luck.pick(FEE_POLICIES);
  const shared = [
    { party: "agent", rate_millionths: luck.integer(500_000) },
    { party: "provider", rate_millionths: luck.integer(500_000) },
  ];
  return { tiers, minimum, cap, refund, shares: luck.hits(0.5) || isShared ? shared : [] };
}

const CHARGED = {
  name: "simulation_charged",
  text: `select id, settle_amount, fee_amount, fee_returned, fee_rule, channel_date, currency,
     coalesce(partner_amount, 0) as partner_amount
   from attempts
   where merchant_id = $1
     and paid_amount is not null
     and fund_flow = 'through_platform'
     and surplus is null
   order by id`,
};
const OWED_TO_PARTNERS = {
  name: "simulation_owed_to_partners",
  text: `select -sum(c.balance)::bigint as owed,
     (
       select coalesce(sum(s.amount), 0)
       from payout_sources s
       join payouts p on p.id = s.payout_id
       where s.merchant_id = $1
         and s.code = 'partner_payable'
         and p.currency = $2
         and p.state = 'succeeded'
     )::bigint as paid
   from accounts c
   join books b on b.id = c.book_id
   where b.owner_id = $1
     and c.code = 'partner_payable'
     and c.currency = $2`,
};
type Charged = {
  readonly id: string;
  readonly settleAmount: bigint;
  readonly feeAmount: bigint;
  readonly feeReturned: bigint;
  readonly feeRule: string;
  readonly partnerAmount: bigint;
  readonly channelDate: string;
  readonly currency: string;
};

type Owed = { readonly owed: bigint | null; readonly paid: bigint };

async function chargedBy({ ground }: World, { merchant, currency }: FeesSet): Promise<readonly Charged[]> {
  const rows = await ground.cell.db.all<Charged>(CHARGED, [parseId("mch", merchant.id)]);
  return rows.filter((row) => row.currency.trim() === currency);
}

/** What a payee got in a currency, in all merchants' books. */
export type Earned = {
  /** A party, or `rcv_…`. */
  readonly key: string;
  readonly currency: WorldCurrency;
  /** What is its own now, and what was when each payment had succeeded, in minor units. */
  left: bigint;
  atMost: bigint;
};

/** Reckoned apart from the platform, by party and currency. */
export async function earnedByParties(world: World, set: readonly FeesSet[]): Promise<readonly Earned[]> {
  const earned = new Map<string, Earned>();
  for (const fees of set) {
    for (const row of await chargedBy(world, fees)) {
      const [now, then] = [partsOf(leftOf(row), fees.shares), partsOf(row.partnerAmount, fees.shares)];
      for (const [at, { party }] of fees.shares.entries()) {
        const { currency } = fees;
        const place = `${party} ${currency}`;
        const own = earned.get(place) ?? { key: party, currency, left: 0n, atMost: 0n };
        own.left += now[at] as bigint;
        own.atMost += then[at] as bigint;
        earned.set(place, own);
      }
    }
  }
  return [...earned.values()];
}

/** Parts of an amount by shares in the order of their parties: the largest remainders get what is left. */
function partsOf(amount: bigint, shares: readonly Share[]): readonly bigint[] {
  const whole = shares.reduce((sum, share) => sum + BigInt(share.rate_millionths), 0n);
  if (whole === 0n) return shares.map(() => 0n);
  const exact = shares.map((share) => amount * BigInt(share.rate_millionths));
  const parts = exact.map((each) => each / whole);
  let left = parts.reduce((sum, part) => sum - part, amount);
  const byRemainder = [...exact.keys()].sort(
    (a, b) => Number(((exact[b] as bigint) % whole) - ((exact[a] as bigint) % whole)) || a - b,
  );
  for (const at of byRemainder) {
    if (left === 0n) break;
    parts[at] = (parts[at] as bigint) + 1n;
    left -= 1n;
  }
  return parts;
}

/** Every fee of those merchants that is not what their schedule says, and what is owed to their partners. */
export async function checkFees(world: World, set: readonly FeesSet[]): Promise<readonly string[]> {
  const { db } = world.ground.cell;
  const wrong: string[] = [];
  for (const fees of set) {
    const merchantId = parseId("mch", fees.merchant.id);
    const own = await chargedBy(world, fees);
    wrong.push(...own.flatMap((row) => faultsOf(row, fees)));
    const booked = await db.one<Owed>(OWED_TO_PARTNERS, [merchantId, fees.currency]);
    const { owed, paid = 0n } = booked ?? {};
    const due = own.reduce((sum, row) => sum + leftOf(row), -paid);
    if ((owed ?? 0n) !== due) wrong.push(`partners of ${fees.merchant.name} are owed ${owed}, not ${due}`);
  }
  return wrong;
}

function faultsOf(row: Charged, fees: FeesSet): string[] {
  // Paid on a channel's day before the schedule began: the merchant's rate.
  if (row.channelDate < fees.effectiveFrom) {
    return row.feeRule === "merchant_rate" ? [] : [`${row.id} is charged by ${row.feeRule} before it began`];
  }
  const faults: string[] = [];
  const fee = feeOf(row.settleAmount, fees);
  if (row.feeRule !== fees.scheduleId) faults.push(`${row.id} is charged by ${row.feeRule}`);
  if (row.feeAmount !== fee) faults.push(`${row.id} is charged ${row.feeAmount}, not ${fee}`);
  const millionths = fees.shares.reduce((sum, share) => sum + share.rate_millionths, 0);
  const partners = halfUp(fee * BigInt(millionths), 1_000_000n);
  if (row.partnerAmount !== partners) faults.push(`${row.id} owes partners ${row.partnerAmount}`);
  const isGiven = { kept: row.feeReturned === 0n, returned: [0n, fee].includes(row.feeReturned) };
  if (fees.refund in isGiven && !isGiven[fees.refund as keyof typeof isGiven]) {
    faults.push(`${row.id} gave ${row.feeReturned} of its fee back, though it is ${fees.refund}`);
  }
  return faults;
}

function feeOf(amount: bigint, { tiers, minimum, cap }: FeesSet): bigint {
  const [tier] = tiers.filter(({ from }) => BigInt(from) <= amount).slice(-1);
  if (tier === undefined) throw new Error("no tier begins at 0");
  const charged = halfUp(amount * BigInt(tier.rate_millionths), 1_000_000n) + BigInt(tier.fixed);
  const lifted = charged < BigInt(minimum) ? BigInt(minimum) : charged;
  const limits = [lifted, amount, ...(cap === null ? [] : [BigInt(cap)])];
  return limits.reduce((least, limit) => (limit < least ? limit : least));
}

function leftOf({ partnerAmount, feeAmount, feeReturned }: Charged): bigint {
  return feeAmount === 0n ? 0n : partnerAmount - halfUp(partnerAmount * feeReturned, feeAmount);
}

function halfUp(numerator: bigint, denominator: bigint): bigint {
  return (2n * numerator + denominator) / (2n * denominator);
}
