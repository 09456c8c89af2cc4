/**
 * Placing an order, and another one through the next account of the same decision where the first certainly
 * was not taken for a reason of the channel's. Never with a payment code: it is good for one call. Never
 * after a refusal of the buyer or his bank: those are no reason of the channel's.
 */
import type { Cell } from "../../kernel/database.ts";
import { formatId } from "../../kernel/ids.ts";
import type { Routing } from "../../routing/index.ts";
import type { Attempt, Payment } from "../model.ts";
import type { WishRefusal } from "../outcome/commands.ts";
import type { Door } from "../outcome/door.ts";
import type { Whole } from "../whole.ts";
import type { Calls } from "./calls.ts";
import type { AttemptPlaces } from "./places.ts";
import type { PreparedAttempt } from "./prepare.ts";

/** The buyer waits: two further accounts, then he is told. */
export const FALLBACKS_MAX = 2;

export type FallbackDeps = {
  readonly cell: Pick<Cell, "newId" | "clock">;
  readonly door: Pick<Door, "submit">;
  readonly calls: Pick<Calls, "place">;
  readonly routing: Pick<Routing, "noteChosen" | "giveUp">;
  readonly places: Pick<AttemptPlaces, "note">;
};

export type Placing = {
  readonly payment: Payment;
  /** Written, not sent so far. */
  readonly attempt: Attempt;
  readonly prepared: PreparedAttempt;
  readonly paymentCode: string | null;
};

/** Places the order of a payment, at most `FALLBACKS_MAX` times through another account. */
export async function placeAmong(deps: FallbackDeps, placing: Placing): Promise<Whole> {
  const { payment, prepared, paymentCode } = placing;
  const tried = new Set([placing.attempt.channelAccountId]);
  let { attempt } = placing;
  const { decision } = prepared;
  // Its first choice had no room, or was refused unseen, or the buyer is known to another.
  if (decision !== null && attempt.channelAccountId !== decision.choices[0]?.account.id) {
    deps.routing.giveUp(decision);
    deps.routing.noteChosen(attempt.channelAccountId, decision.kind);
  }
  for (let fallbacks = 0; ; fallbacks += 1) {
    const hasNext = fallbacks < FALLBACKS_MAX && prepared.hasNext(tried, deps.cell.clock.now());
    const mayGiveWay = paymentCode === null && hasNext;
    const placed = await deps.calls.place(payment, attempt, paymentCode, "buyer", mayGiveWay);
    if (!placed.gaveWay || placed.payment.status !== "created") return placed;
    const because = `after ${formatId("cha", attempt.channelAccountId)} ${failureOf(placed, attempt)}`;
    const next = await prepared.next(deps.cell.newId(), tried, because, deps.cell.clock.now());
    const added = next === null ? null : await addAttempt(deps, next);
    if (added === null || "refused" in added) return placed;
    attempt = added.attempt;
    deps.places.note(attempt);
    if (decision !== null) deps.routing.noteChosen(attempt.channelAccountId, decision.kind);
    tried.add(attempt.channelAccountId);
  }
}

function failureOf({ attempts }: Whole, { id }: Attempt): string {
  return attempts.find((attempt) => attempt.id === id)?.failureCode ?? "failed";
}

/** Makes a prepared attempt the live one, through the first account whose quotas have room. */
export async function addAttempt(
  deps: Pick<FallbackDeps, "door">,
  { choices }: Pick<PreparedAttempt, "choices">,
): Promise<{ readonly attempt: Attempt } | { readonly refused: WishRefusal }> {
  const [first] = choices;
  const { paymentId, merchantId, channelAccountId } = first.attempt;
  const limited = first.demands.length === 0 ? {} : { choices };
  const added = await deps.door.submit({
    kind: "new_attempt",
    attempt: first.attempt,
    ...limited,
    paymentId,
    merchantId,
    channelAccountId,
  });
  if (added.wish?.done === false) return { refused: added.wish.refusal };
  // Written before its answer was lost, it went through the account of that time.
  const attempt = added.attempts.find(({ id }) => id === first.attempt.id);
  return { attempt: attempt ?? first.attempt };
}
