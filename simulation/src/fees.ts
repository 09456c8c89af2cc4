/**
 * Schedules of fees that operators set before the traffic, drawn by chance, proposed by one and approved by
 * another; and whether every fee was reckoned by them, told apart from the platform.
 */

import { parseId } from "../../server/src/kernel/ids.ts";
import type { Chance } from "./chance.ts";
import { asOperator, type Merchant } from "./merchants.ts";
import type { World } from "./world.ts";

/** What a refund gives back of a fee. */
export const FEE_POLICIES = ["returned", "kept", "pro_rata", "cumulative"] as const;
type Policy = (typeof FEE_POLICIES)[number];
type Tier = { readonly from: number; readonly rate_millionths: number; readonly fixed: number };

/** What was set of one merchant and currency. */
export type FeesSet = {
  readonly merchant: Merchant;
  readonly currency: string;
  readonly scheduleId: string;
  readonly effectiveFrom: string;
  readonly tiers: readonly Tier[];
  readonly minimum: number;
  readonly cap: number | null;
  readonly refund: Policy;
  /** Millionths of the fee, of all partners together. */
  readonly partners: number;
};

const MINUTE_MS = 60_000;
const BEIJING_MS = 480 * MINUTE_MS;

/** Gives some of the merchants schedules. */
export async function setFees(world: World, merchants: readonly Merchant[]): Promise<readonly FeesSet[]> {
  const luck = world.chance.stream("fees");
  const chosen = merchants.filter(() => luck.hits(0.5));
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
  }: { readonly luck: Chance; readonly currency: string; readonly approver: string },
): Promise<FeesSet> {
  // Some worlds begin shortly before midnight: approved after it, a version from the day before is too late.
  const soon = world.scheduler.now().getTime() + BEIJING_MS + MINUTE_MS;
  const effectiveFrom = new Date(soon).toISOString().slice(0, 10);
  const terms = drawTerms(luck);
  const { tiers, minimum, cap, refund, shares } = terms;
  const place = { merchant_id: merchant.id, method: null, currency, effective_from: effectiveFrom };
  const rules = [{ tiers, minimum, cap }];
  const body = { ...place, terms: { rules, refund, shares } };
  const proposed = await asOperator(world, merchant.owner, "POST", "/v1/ops/fee_schedules", body);
  const path = `/v1/ops/approvals/${proposed.id}/approve`;
  await asOperator(world, merchant.owner, "POST", path, undefined, approver);
  world.weather.tally.add("fees", `sets a schedule: ${refund}`);
  const partners = shares.reduce((sum, share) => sum + share.rate_millionths, 0);
  const scheduleId: string = proposed.subject;
  return { merchant, currency, scheduleId, effectiveFrom, tiers, minimum, cap, refund, partners };
}

function drawTerms(luck: Chance) {
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
  return { tiers, minimum, cap, refund, shares: luck.hits(0.5) ? shared : [] };
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
  text: `select -sum(c.balance)::bigint as owed
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

/** Every fee of those merchants that is not what their schedule says, and what is owed to their partners. */
export async function checkFees(world: World, set: readonly FeesSet[]): Promise<readonly string[]> {
  const { db } = world.ground.cell;
  const wrong: string[] = [];
  for (const fees of set) {
    const merchantId = parseId("mch", fees.merchant.id);
    const rows = await db.all<Charged>(CHARGED, [merchantId]);
    const own = rows.filter(({ currency }) => currency === fees.currency);
    wrong.push(...own.flatMap((row) => faultsOf(row, fees)));
    const owed = (await db.one<{ owed: bigint | null }>(OWED_TO_PARTNERS, [merchantId, fees.currency]))?.owed;
    const due = own.reduce((sum, row) => sum + leftOf(row), 0n);
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
  const partners = halfUp(fee * BigInt(fees.partners), 1_000_000n);
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
