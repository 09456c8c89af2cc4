/** Payouts that settlements ask for by themselves. */
import { Problem } from "../../kernel/errors.ts";
import { formatId, type Id } from "../../kernel/ids.ts";
import type { Currency } from "../../kernel/money.ts";
import { type GoOn, progressOf } from "../../kernel/progress.ts";
import { canonical } from "../../payments/index.ts";
import type { PayoutsDeps } from "../deps.ts";
import type { Payout, SettlementToPay } from "../model.ts";
import { tellPaid } from "../outcome/door.ts";
import { insertWithHolds } from "./insert.ts";
import { type Destination, destinationsOf, newPayout, ownPayee } from "./service.ts";
import { payoutsBySettlements } from "./store.ts";

export type SettledProposal = {
  readonly made: number;
  /** Had their payout before. */
  readonly known: number;
  /** Could not be paid now, and why; the next run tries them again. */
  readonly refused: readonly { readonly settlementId: Id; readonly code: string; readonly reason: string }[];
};

/**
 * A payout for each settlement that is to be paid. One settlement, one payout (unique by settlement): running
 * it again, or twice at once, makes none a second time. None is made in the currencies of `except`. `goOn` is
 * called between its short transactions.
 */
export async function proposeSettled(
  deps: PayoutsDeps,
  date: string,
  goOn: GoOn,
  except: ReadonlySet<Currency>,
): Promise<SettledProposal> {
  const all = await deps.settlementsToPay(date);
  const settlements = all.filter(({ currency }) => !except.has(currency));
  let made = 0;
  let known = 0;
  const refused: { settlementId: Id; code: string; reason: string }[] = [];
  for (let at = 0; at < settlements.length; at += CHUNK) {
    await goOn(progressOf(at, settlements.length));
    const chunk = settlements.slice(at, at + CHUNK);
    const ids = chunk.map(({ settlementId }) => settlementId);
    const before = await payoutsBySettlements(deps.cell.db, ids);
    const paid = new Set(before.map(({ settlementId }) => settlementId));
    known += before.length;
    await tellPaid(deps, before);
    const prepared: Payout[] = [];
    const unpaid = chunk.filter(({ settlementId }) => !paid.has(settlementId));
    for (const [at, payout] of (await payoutsFor(deps, unpaid, date)).entries()) {
      const { settlementId } = unpaid[at] as SettlementToPay;
      if ("code" in payout) refused.push({ settlementId, ...payout });
      else prepared.push(payout);
    }
    const late = chunk.filter(({ accountingDate }) => accountingDate < date);
    const done = await insertCovered(deps, prepared, new Set(late.map(({ settlementId }) => settlementId)));
    refused.push(...done.refused);
    known += done.known;
    made += done.made;
  }
  return { made, known, refused };
}

/** Of one transaction. */
const CHUNK = 100;

/**
 * Writes payouts that their merchants' balances cover. Where money has left one since it was settled, such as
 * for a refund, what is left of it is paid: of the `late` ones alone, since a settlement has one payout, and
 * what has left may come back soon.
 */
async function insertCovered(
  deps: PayoutsDeps,
  prepared: readonly Payout[],
  late: ReadonlySet<Id | null>,
): Promise<SettledProposal> {
  let [made, known] = [0, 0];
  const short: Short[] = [];
  let left = prepared;
  for (let tries = 1; left.length > 0; tries += 1) {
    const done = await insert(deps, left);
    made += done.made;
    known += done.known;
    const isLast = tries === TRIES_MAX;
    const hasRest = ({ payout, missing }: Short) =>
      !isLast && late.has(payout.settlementId) && payout.amount > missing;
    short.push(...done.short.filter((one) => !hasRest(one)));
    left = done.short
      .filter(hasRest)
      .map(({ payout, missing }) => ({ ...payout, id: deps.cell.newId(), amount: payout.amount - missing }));
  }
  return {
    made,
    known,
    refused: short.map(({ payout, missing }) => ({
      settlementId: payout.settlementId as Id,
      code: "insufficient_balance",
      reason: `the available balance is short of ${missing}`,
    })),
  };
}

/** Money may leave a balance between two of them; the next run tries again. */
const TRIES_MAX = 3;

type Inserted = {
  readonly made: number;
  readonly known: number;
  readonly short: readonly Short[];
};

type Short = { readonly payout: Payout; readonly missing: bigint };

async function insert(deps: PayoutsDeps, payouts: readonly Payout[]): Promise<Inserted> {
  const at = deps.cell.clock.now();
  const { duplicates, short } = await deps.cell.transact((tx) => insertWithHolds(deps, tx, payouts, at), {
    repeatable: true,
  });
  return {
    made: payouts.length - duplicates.size - short.size,
    known: duplicates.size,
    short: payouts.flatMap((payout) => {
      const missing = short.get(payout.id);
      return missing === undefined ? [] : [{ payout, missing }];
    }),
  };
}

type Refused = { readonly code: string; readonly reason: string };

/** In the order of the settlements. */
async function payoutsFor(
  deps: PayoutsDeps,
  settlements: readonly SettlementToPay[],
  date: string,
): Promise<readonly (Payout | Refused)[]> {
  const merchants = await deps.merchants.many(settlements.map(({ merchantId }) => merchantId));
  const wanted = settlements.flatMap((settlement) => {
    const merchant = merchants.get(settlement.merchantId);
    return merchant === undefined ? [] : [{ settlement, merchant, currency: settlement.currency }];
  });
  const destinations = await destinationsOf(deps, wanted);
  const bySettlement = new Map(
    wanted.map(({ settlement }, at) => [settlement.settlementId, destinations[at]]),
  );
  return settlements.map((settlement) => {
    const destination = bySettlement.get(settlement.settlementId);
    if (destination === undefined) return { code: "not_found", reason: "the merchant is not there" };
    if (destination instanceof Problem) return { code: destination.code, reason: destination.message };
    return payoutFor(deps, settlement, destination, date);
  });
}

/** The amount of a settlement is what leaves the merchant's balance: a payout's fee comes out of it. */
function payoutFor(
  deps: PayoutsDeps,
  { settlementId, merchantId, currency, amount }: SettlementToPay,
  destination: Destination,
  date: string,
): Payout | Refused {
  const arrives = amount - destination.terms.fee;
  if (arrives <= 0n) return { code: "amount_out_of_range", reason: "the fee leaves nothing to pay" };
  const number = formatId("stl", settlementId);
  const request = canonical({ settlement: number });
  const wish = { number, request, settlementId, amount: arrives, currency, remark: `Settlement ${date}` };
  return newPayout(deps, ownPayee(merchantId), wish, destination);
}
