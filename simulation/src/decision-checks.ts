/** What must be true of the breaks that two people have decided about, and of the books after it. */
import { formatId, type Id, parseId } from "../../server/src/kernel/ids.ts";
import { invariants, runAudit } from "../../server/src/operations/index.ts";
import type { Decision, LeftToPeople } from "./decisions.ts";
import type { World } from "./world.ts";

type About = Pick<LeftToPeople, "settle" | "isGross">;

/** What each resolution moves once, debit and credit; null: the money is where it belongs already. */
const MOVES: Readonly<Record<Decision["resolution"], (about: About) => readonly [string, string] | null>> = {
  recover_from_merchant: () => ["merchant_pending", "suspense_shortage"],
  recover_from_channel: ({ settle, isGross }) => {
    if (settle !== 0) return ["channel_receivable", "suspense_shortage"];
    return [isGross ? "channel_cost_payable" : "channel_receivable", "channel_cost"];
  },
  loss: () => ["loss", "suspense_shortage"],
  income: () => ["suspense_surplus", "other_income"],
  // Both are taken out of suspense where they were put into it.
  offset: () => null,
  pay_merchant: () => ["suspense_surplus", "merchant_pending"],
  adjust_fee: () => null,
  acknowledge: () => null,
};

const MOVED = {
  name: "simulation_moved_by_decisions",
  text: `select k.break_id, a.code, sum(e.amount)::bigint as amount
   from break_journals k
   join entries e on e.journal_id = k.journal_id
   join accounts a on a.id = e.account_id
   where k.break_id = any($1::uuid[])
     and k.purpose in ('resolution', 'undone')
   group by k.break_id, a.code
   having sum(e.amount) <> 0
   order by k.break_id, a.code`,
};

const LEFT = {
  name: "simulation_left_by_decisions",
  text: `select what
   from (
     select 'the ' || kind || ' of ' || channel_date || ' is still ' || state || ' (' || match_key || ')'
       as what
     from breaks
     where state not in ('resolved', 'voided')
     union all
     select balance || ' is still in ' || code as what
     from accounts
     where balance <> 0
       and code in ('suspense_surplus', 'suspense_shortage', 'memo_suspense_surplus',
         'memo_suspense_shortage')
     union all
     select 'what was settled of a payment is still held: ' || h.kind || ', ' || h.reason as what
     from settlement_holds h
     where h.released_at is null
       and h.held_by is null
       and h.kind in ('break', 'channel_reversal')
   ) rows
   order by what`,
};

/** Every violation, a sentence each. */
export async function checkDecisions(
  { ground }: World,
  left: readonly LeftToPeople[],
  decisions: readonly Decision[],
): Promise<readonly string[]> {
  const { db } = ground.cell;
  const found = (await db.all<{ what: string }>(LEFT)).map(({ what }) => what);
  for (const { name, violations } of await runAudit(db, invariants)) {
    for (const { subject, detail } of violations) found.push(`invariant ${name}: ${subject} ${detail}`);
  }
  const ids = left.map(({ id }) => parseId("brk", id) as Id);
  const moved = await db.all<{ breakId: Id; code: string; amount: bigint }>(MOVED, [ids]);
  const others = left.flatMap(({ against }) => (against === null ? [] : [parseId("brk", against) as Id]));
  for (const { breakId, code } of await db.all<{ breakId: Id; code: string }>(MOVED, [others])) {
    found.push(`the break ${formatId("brk", breakId)} was set off, and has moved ${code} by itself`);
  }
  for (const [at, about] of left.entries()) {
    const own = decisions.filter((decision) => decision.about === about);
    const is = moved.filter(({ breakId }) => breakId === ids[at]);
    found.push(...wrongMoves(about, own, is));
  }
  return found;
}

type Moved = { readonly code: string; readonly amount: bigint };

/** What is wrong with what the decisions about one break have moved. Pure. */
export function wrongMoves(
  about: LeftToPeople,
  decisions: readonly Decision[],
  moved: readonly Moved[],
): readonly string[] {
  const { id, settle, fee, passesUs } = about;
  const due = new Map<string, bigint>();
  const add = (code: string, amount: bigint) => {
    const name = passesUs ? code : `memo_${code}`;
    due.set(name, (due.get(name) ?? 0n) + amount);
  };
  let decided = 0;
  for (const { resolution, amount } of decisions) {
    decided += amount;
    const move = MOVES[resolution](about);
    if (move === null) continue;
    add(move[0], BigInt(amount));
    add(move[1], -BigInt(amount));
  }
  const found: string[] = [];
  const whole = settle !== 0 ? Math.abs(settle) : passesUs ? Math.abs(fee) : 0;
  if (decided !== whole) found.push(`of ${whole} of the break ${id} people have decided about ${decided}`);
  const text = (all: readonly (readonly [string, bigint])[]) =>
    all
      .filter(([, amount]) => amount !== 0n)
      .map(([code, amount]) => `${code} ${amount}`)
      .toSorted()
      .join(", ");
  const [is, be] = [text(moved.map(({ code, amount }) => [code, amount])), text([...due])];
  if (is !== be)
    found.push(`deciding about the break ${id} has moved ${is || "nothing"}, not ${be || "nothing"}`);
  return found;
}
