import { millionthsPerMinorUnit } from "../../kernel/money.ts";
import { type MovedMoney, PAYOUT_NUMBER, type ToldMoney, type ToldPayout } from "../port-payouts.ts";
import type { StatementOf } from "../port-statements.ts";
import { orFault, StatementFault } from "../statement-fault.ts";
import { objectOf, textOr } from "./answer.ts";
import { type Movement, movementsIn } from "./movements.ts";
import { instantOf, utcDate } from "./time.ts";

// Pure: what leaves the account's balance for the bank, among the movements of a day.
//
// payout                           a payout, `source` names it (`po_`)
// payout_failure, payout_cancel    it came back into the balance
//
// A payout that Stripe makes by itself takes all that is available; one that somebody asked for may leave
// some, and tells nothing of whose dates it is. What else moved the balance is told by the same movements as
// lines of the trade statement.

const CAME_BACK: ReadonlySet<string> = new Set(["payout_failure", "payout_cancel"]);

export function readPayouts({ holder }: StatementOf, original: Buffer): Promise<ToldMoney | StatementFault> {
  return orFault(() => {
    const payouts: ToldPayout[] = [];
    const cameBack: ToldMoney["cameBack"][number][] = [];
    const moved = new Map<string, MovedMoney>();
    for (const movement of movementsIn(original)) {
      const { line, type, currency } = movement;
      // What moves in a currency that is not taken here is another's, and none of our accounts takes it.
      if (currency === null) continue;
      if (type === "payout") payouts.push(payoutOf(movement, currency));
      else if (CAME_BACK.has(type)) cameBack.push({ line, payoutNo: numberOf(movement) });
      else moved.set(currency, withMovement(moved.get(currency), movement, currency));
    }
    return { account: holder.account_id ?? "", payouts, cameBack, moved: [...moved.values()], others: [] };
  });
}

function payoutOf(movement: Movement, currency: string): ToldPayout {
  const { line, fields } = movement;
  const amount = -movement.amount;
  if (amount <= 0n) throw new StatementFault(line, `a payout is of ${movement.amount}`);
  const isAutomatic = objectOf(fields.source).automatic === true;
  const left = isAutomatic ? "unavailable" : null;
  return { line, payoutNo: numberOf(movement), amount, currency, left, isAll: false };
}

/** With what moved it, or its bare number where Stripe did not send that along. */
function numberOf({ line, fields: { source } }: Movement): string {
  const number = typeof source === "string" ? source : textOr(objectOf(source).id, "");
  if (PAYOUT_NUMBER.test(number)) return number;
  throw new StatementFault(line, "a payout came without its number");
}

function withMovement(before: MovedMoney | undefined, movement: Movement, currency: string): MovedMoney {
  const { line, fields } = movement;
  const at = instantOf(fields.available_on);
  if (at === null && fields.available_on != null) {
    throw new StatementFault(line, `available_on is ${JSON.stringify(fields.available_on)}`);
  }
  const date = at === null ? null : utcDate(at);
  const last = before?.availableOn ?? null;
  const availableOn = date !== null && (last === null || date > last) ? date : last;
  const millionths = (before?.millionths ?? 0n) + movement.net * millionthsPerMinorUnit(currency);
  return { currency, millionths, sharedMillionths: null, availableOn };
}
