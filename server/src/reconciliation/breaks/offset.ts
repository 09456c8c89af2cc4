/**
 * Two breaks that people have found to be one movement, such as a reserve and its end, or a shortage and what
 * the channel paid of it in its own statement: both leave suspense, and nothing is charged to anybody. They
 * are a pair from then on: a file that drops one of them, or tells it otherwise, opens the other again.
 */
import type { ChannelAccount } from "../../channels/index.ts";
import type { Cell } from "../../kernel/database.ts";
import { formatId, type Id, parseId } from "../../kernel/ids.ts";
import { lockDay } from "../../ledger/index.ts";
import type { Approval } from "../../operators/index.ts";
import { type Break, isUnbooked } from "./model.ts";
import { claimsOfBreaks, findBreak } from "./reading.ts";
import { isWhole, type Move, type Plan } from "./resolutions.ts";
import { join } from "./steps.ts";
import { lockAccount, lockBreaks } from "./store.ts";
import { openWork, readSuspense, type Work } from "./work.ts";

type OffsetDeps = { readonly cell: Cell };

/** The break that an offset names; null: it names none. */
export function findAgainst({ cell }: OffsetDeps, against: Id | null): Promise<Break | null> {
  return against === null ? Promise.resolve(null) : findBreak(cell.db, against);
}

/** Why the two are not one movement, in one sentence; null: they may be. Pure. */
export function offsetRefusal(about: Break, other: Break | null): string | null {
  if (other === null) return "there is no such other break";
  if (other.id === about.id) return "it is the break itself: name the other one";
  if (other.channelAccountId !== about.channelAccountId) return "the other one is of another channel account";
  if (other.currency !== about.currency) return `the other one is in ${other.currency}`;
  if (other.state !== "open") return `the other one is ${other.state}`;
  if (!isWhole(other)) return "a part of the other one is borne or booked already";
  const settle = about.settleDifference + other.settleDifference;
  const fee = about.feeDifference + other.feeDifference;
  return settle === 0n && fee === 0n
    ? null
    : `together they are not nothing: ${settle} settles and ${fee} is charged beyond the books`;
}

/** What takes both out of suspense. @param gross costs are billed apart at this channel account */
export function offsetPlan(about: Break, other: Break, gross: boolean): Plan {
  const moves = [about, other].flatMap((each) => backOf(each, gross));
  return { kind: "reversal", moves, refund: null };
}

function backOf({ settleDifference: settle, feeDifference: fee, memo }: Break, gross: boolean): Move[] {
  const move = (debit: Move["debit"], credit: Move["credit"], amount: bigint): Move[] => {
    if (amount === 0n) return [];
    return amount > 0n ? [{ debit, credit, amount }] : [{ debit: credit, credit: debit, amount: -amount }];
  };
  const held = settle > 0n ? "suspense_surplus" : "suspense_shortage";
  const charged = gross ? "channel_cost_payable" : "channel_receivable";
  return [...move(held, "channel_receivable", settle), ...(memo ? [] : move(charged, "channel_cost", fee))];
}

/** What a proposal names of the other one: nobody approves what that has become since. */
export function againstFigures(
  other: Pick<Break, "id" | "round" | "settleDifference" | "feeDifference">,
): Readonly<Record<string, string | number>> {
  return {
    against: formatId("brk", other.id),
    against_round: other.round,
    against_settle_difference: String(other.settleDifference),
    against_fee_difference: String(other.feeDifference),
  };
}

/**
 * Makes the two a pair, once: under the account's lock, since whoever applies a generation links breaks under
 * it. @param refusalOfFirst whether the break itself may still be resolved so
 * @returns why not; null: it is done
 */
export async function carryOutOffset(
  { cell }: OffsetDeps,
  approval: Approval,
  known: Break,
  account: ChannelAccount,
  refusalOfFirst: (present: Break, work: Work) => Promise<string | null>,
): Promise<string | null> {
  const { payload } = approval;
  const against = typeof payload.against === "string" ? parseId("brk", payload.against) : null;
  let refused: string | null = null;
  await cell.transact(
    async (tx) => {
      const day = await lockDay(tx, cell.cell);
      await lockAccount(tx, known.channelAccountId);
      const locked = await lockBreaks(tx, against === null ? [known.id] : [known.id, against]);
      const work = openWork({ cell, tx, day, now: cell.clock.now(), locked, teller: {} });
      const about = work.present(known.id) ?? known;
      const other = against === null ? null : (work.present(against) ?? null);
      refused = null;
      if (about.proposalId === approval.id && about.state !== "proposed") return;
      refused =
        (await refusalOfFirst(about, work)) ??
        offsetRefusal(about, other) ??
        (other === null ? null : await otherRefusal(work, other, payload));
      if (refused !== null || other === null) return;
      await readSuspense(work, locked);
      await makePair(work, [about, other], approval, { account, newId: cell.newId });
      await work.write();
    },
    { repeatable: true },
  );
  return refused;
}

async function makePair(
  work: Work,
  both: readonly [Break, Break],
  { id, reason, decidedBy }: Approval,
  context: { readonly account: ChannelAccount; readonly newId: () => Id },
): Promise<void> {
  const [first, second] = both.toSorted(earlier) as [Break, Break];
  await join(work, second, first, context);
  const why = reason ?? "";
  for (const [row, other] of [both, both.toReversed() as [Break, Break]]) {
    const ended = work.present(row.id) as Break;
    const explanation = `It and ${formatId("brk", other.id)} are one movement: ${why}`;
    work.keep({ ...ended, proposalId: id, explanation });
    work.tell(ended, "resolved", `offset: ${why}`, { operatorId: decidedBy });
  }
}

async function otherRefusal(work: Work, other: Break, payload: Approval["payload"]): Promise<string | null> {
  const now = againstFigures(other);
  const isSame = Object.entries(now).every(([name, value]) => payload[name] === value);
  if (!isSame) return "the other one has changed since it was proposed";
  const claims = await claimsOfBreaks(work.tx, [other.id]);
  const paid = claims.find((claim) => claim.state === "paid" && isUnbooked(claim));
  if (paid === undefined) return null;
  // What the channel has paid upon it is booked first.
  const remedy = "book that first, or correct the claim";
  return `the channel has paid upon the claim ${paid.claimNo} of the other one: ${remedy}`;
}

/** The first one is taken out of suspense on the day of the second. */
function earlier(one: Break, other: Break): number {
  const key = ({ channelDate, id }: Break) => `${channelDate} ${id}`;
  return key(one) < key(other) ? -1 : 1;
}
