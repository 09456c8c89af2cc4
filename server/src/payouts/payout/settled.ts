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
    if (prepared.length === 0) continue;
    const writing = { at: deps.cell.clock.now() };
    const { duplicates, short } = await deps.cell.transact(
      (tx) => insertWithHolds(deps, tx, prepared, writing.at),
      { repeatable: true },
    );
    for (const payout of prepared) {
      const missing = short.get(payout.id);
      if (missing === undefined) continue;
      const reason = `the available balance is short of ${missing}`;
      refused.push({ settlementId: payout.settlementId as Id, code: "insufficient_balance", reason });
    }
    known += duplicates.size;
    made += prepared.length - duplicates.size - short.size;
  }
  return { made, known, refused };
}

/** Of one transaction. */
const CHUNK = 100;

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
