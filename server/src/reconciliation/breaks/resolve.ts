/**
 * Resolving a break: what is proposed by one person and approved by another is carried out once, whatever
 * dies in between. The break's row is the lock; the journals' sources name its round.
 */
import type { ChannelAccount, Channels } from "../../channels/index.ts";
import type { Cell } from "../../kernel/database.ts";
import { ERRORS, Problem, problem } from "../../kernel/errors.ts";
import { formatId, type Id, parseId } from "../../kernel/ids.ts";
import { lockDay } from "../../ledger/index.ts";
import type { Merchants } from "../../merchants/index.ts";
import type { Actor, Approval, ApprovalAction, Operators } from "../../operators/index.ts";
import type { Refunds } from "../../payments/index.ts";
import { heldRefusal } from "./held.ts";
import { type Break, type Claim, RESOLUTIONS, type Resolution, type Wish } from "./model.ts";
import { againstFigures, carryOutOffset, findAgainst, offsetPlan, offsetRefusal } from "./offset.ts";
import { ownerRefusal } from "./owner.ts";
import { beyondRank, incomeTermDays, newestPolicies } from "./policies.ts";
import { claimOfBreak, findBreak } from "./reading.ts";
import { recover } from "./recover.ts";
import { leftOf, movedOf, type Plan, planOf, refusalOf } from "./resolutions.ts";
import { settle } from "./settle.ts";
import { lockBreaks } from "./store.ts";
import { openWork, undoResolution, type Work } from "./work.ts";

export const RESOLVE_BREAK_KIND = "break.resolve";

export type ResolveDeps = {
  readonly cell: Cell;
  readonly channels: Pick<Channels, "account">;
  readonly merchants: Pick<Merchants, "get">;
  readonly operators: Pick<Operators, "propose">;
  readonly refunds: Pick<Refunds, "create">;
};

export type Previewed = {
  readonly about: Break;
  readonly wish: Wish;
  /** The other one of an offset. */
  readonly against: Break | null;
  readonly plan: Plan;
  readonly amount: bigint;
  /** Why it may not be done; null: it may. */
  readonly refusal: string | null;
};

export type Resolving = {
  /** What carrying it out would post, and why it may not be. Throws `not_found`. */
  preview(id: Id, wish: Wish): Promise<Previewed>;
  /**
   * Every resolution with its refusal; `pay_owner` and `offset` as far as they hang on the break alone.
   */
  choices(about: Break): Promise<readonly { resolution: Resolution; refusal: string | null }[]>;
  /** Throws `not_found`, or `conflict` with the refusal or the proposal that is open. */
  propose(actor: Actor, id: Id, wish: Wish & { readonly reason: string }): Promise<Approval>;
  readonly action: ApprovalAction;
};

export function createResolving(deps: ResolveDeps): Resolving {
  const { cell } = deps;
  return {
    preview: (id, wish) => preview(deps, id, wish),
    choices: async (about) => {
      const around = await aroundOf(deps, about);
      return RESOLUTIONS.map((resolution) => ({
        resolution,
        refusal: refusalOf(resolution, about, around),
      }));
    },
    propose: (actor, id, wish) => propose(deps, actor, id, wish),
    action: {
      kind: RESOLVE_BREAK_KIND,
      permission: "breaks.approve",
      mayApprove: async ({ payload }, operator) => {
        const policies = await newestPolicies(cell.db);
        const money = { amount: BigInt(String(payload.amount)), currency: String(payload.currency) };
        return beyondRank(operator.roles, money, policies);
      },
      carryOut: (approval) => carryOut(deps, approval),
      rejected: (approval) => reopen(deps, approval, approval.decisionNote ?? "It was rejected."),
    },
  };
}

async function preview(deps: ResolveDeps, id: Id, wish: Wish): Promise<Previewed> {
  const { resolution } = wish;
  const about = await findBreak(deps.cell.db, id);
  if (about === null) throw problem("not_found");
  const { gross } = await contractOf(deps, about);
  const around = await aroundOf(deps, about);
  const { claim } = around;
  const against = await findAgainst(deps, wish.against);
  const plan =
    against === null ? planOf(resolution, about, { gross, claim }) : offsetPlan(about, against, gross);
  const refusal =
    refusalOf(resolution, about, around) ??
    (await ownerRefusal(deps, about, wish)) ??
    (wish.against === null ? null : offsetRefusal(about, against));
  return { about, wish, against, plan, amount: movedOf(resolution, about, claim), refusal };
}

async function contractOf({ channels }: ResolveDeps, { channelAccountId }: Break) {
  const account = await channels.account(channelAccountId);
  if (account === null) throw new Error(`there is no channel account ${channelAccountId}`);
  return { account, gross: isGross(account) };
}

export function isGross({ costSettlement }: Pick<ChannelAccount, "costSettlement">): boolean {
  return costSettlement === "gross";
}

async function aroundOf({ cell }: ResolveDeps, { id }: Break) {
  const [claim, policies] = await Promise.all([claimOfBreak(cell.db, id), newestPolicies(cell.db)]);
  return { claim, incomeTermDays: incomeTermDays(policies), now: cell.clock.now() };
}

async function propose(
  deps: ResolveDeps,
  actor: Actor,
  id: Id,
  { reason, ...wish }: Wish & { readonly reason: string },
): Promise<Approval> {
  const { resolution, paidTo } = wish;
  const { about, against, amount, refusal } = await preview(deps, id, wish);
  if (refusal !== null) throw problem("conflict", { detail: refusal });
  const approval = await deps.operators.propose(actor, {
    kind: RESOLVE_BREAK_KIND,
    subject: formatId("brk", id),
    payload: {
      resolution,
      ...(paidTo === null ? {} : { merchant: formatId("mch", paidTo) }),
      amount: String(amount),
      currency: about.currency,
      ...figuresOf(about),
      ...(against === null ? {} : againstFigures(against)),
    },
    reason,
  });
  await change(deps, id, (work, present) => {
    if (present.state !== "open" && present.state !== "proposed") return;
    if (present.proposalId === approval.id) return;
    work.keep({ ...present, state: "proposed", proposalId: approval.id });
    work.tell(present, "proposed", `${resolution}: ${reason}`, { operatorId: actor.operator.id });
  });
  return approval;
}

/** What a proposal was made on: nobody approves what the break has become since. */
function figuresOf({ round, settleDifference, feeDifference }: Break) {
  return { round, settle_difference: String(settleDifference), fee_difference: String(feeDifference) };
}

async function carryOut(
  deps: ResolveDeps,
  approval: Approval,
): Promise<{ done: true } | { refused: string }> {
  const id = parseId("brk", approval.subject);
  const resolution = RESOLUTIONS.find((each) => each === approval.payload.resolution);
  const known = id === null ? null : await findBreak(deps.cell.db, id);
  if (known === null || resolution === undefined) return { refused: `${approval.subject} is no break` };
  const { account, gross } = await contractOf(deps, known);
  const around = await aroundOf(deps, known);
  if (resolution === "offset") {
    const refused = await carryOutOffset(deps, approval, known, account, async (present, { tx }) => {
      const claim = await claimOfBreak(tx, present.id);
      const amount = movedOf(resolution, present, claim);
      return staleness(present, amount, approval) ?? refusalOf(resolution, present, { ...around, claim });
    });
    if (refused === null) return { done: true };
    await reopen(deps, approval, refused);
    return { refused };
  }
  const paidTo = paidToOf(approval);
  const ofOwner = await ownerRefusal(deps, known, { paidTo });
  let refused: string | null = null;
  let done = known;
  await change(deps, known.id, async (work, present) => {
    done = present;
    refused = null;
    const claim = await claimOfBreak(work.tx, present.id);
    if (isDone(present, claim, approval)) return;
    const amount = movedOf(resolution, present, claim);
    refused =
      staleness(present, amount, approval) ??
      refusalOf(resolution, present, { ...around, claim }) ??
      ofOwner ??
      (await heldRefusal(work.tx, present));
    if (refused !== null) return;
    const plan = planOf(resolution, present, { gross, claim });
    const { newId } = deps.cell;
    done =
      resolution === "recover_from_channel" && claim !== null
        ? await recover(work, present, { plan, claim, approvalId: approval.id, gross, newId })
        : settle(work, { ...present, paidTo }, { resolution, plan, newId });
    const isWhole = done.state === "resolved";
    const explanation = isWhole ? approval.reason : null;
    done = work.keep({ ...done, proposalId: approval.id, explanation });
    const rest = isWhole ? "" : ` ${amount} of it; ${leftOf(done).amount} is left.`;
    work.tell(done, isWhole ? "resolved" : "recovered", `${resolution}: ${approval.reason ?? ""}${rest}`, {
      operatorId: approval.decidedBy,
    });
  });
  if (refused === null && resolution === "refund_buyer") refused = await refund(deps, done, approval);
  if (refused === null) return { done: true };
  await reopen(deps, approval, refused);
  return { refused };
}

function paidToOf({ payload }: Approval): Id | null {
  return typeof payload.merchant === "string" ? parseId("mch", payload.merchant) : null;
}

/** What an approval did is in the books, and whoever carries it out again adds nothing. */
function isDone({ state, proposalId }: Break, claim: Claim | null, { id }: Approval): boolean {
  return claim?.bookedBy === id || (proposalId === id && state !== "proposed");
}

function staleness(present: Break, amount: bigint, { id, payload }: Approval): string | null {
  if (present.state === "proposed" && present.proposalId !== id) return "another proposal took its place";
  const now = figuresOf(present);
  const same =
    payload.amount === String(amount) &&
    payload.round === now.round &&
    payload.settle_difference === now.settle_difference &&
    payload.fee_difference === now.fee_difference;
  return same ? null : "the break has changed since it was proposed";
}

/**
 * Gives the buyer's money back by the payment's own refund, under a number that is this break's. What the
 * channel or the merchant's balance refuses for good is told; the break is open again then.
 */
async function refund(deps: ResolveDeps, about: Break, approval: Approval): Promise<string | null> {
  const merchant = await deps.merchants.get(about.merchantId);
  if (merchant === null || about.paymentId === null) return "the payment or its merchant is not known";
  const amount = planOf("refund_buyer", about, { gross: false }).refund as bigint;
  const number = formatId("brk", about.id) + (about.round > 1 ? `-${about.round}` : "");
  try {
    await deps.refunds.create({ merchant }, about.paymentId, {
      merchant_refund_no: number,
      amount: Number(amount),
      ...(approval.reason === null ? {} : { reason: approval.reason.slice(0, 80) }),
    });
    return null;
  } catch (error) {
    if (!(error instanceof Problem) || ERRORS[error.code].status >= 500) throw error;
    return `the refund was refused: ${error.message}`;
  }
}

/** Puts a break back on the list that the approval had taken off it. */
async function reopen(deps: ResolveDeps, approval: Approval, why: string): Promise<void> {
  const id = parseId("brk", approval.subject);
  if (id === null) return;
  await change(deps, id, async (work, present) => {
    if (present.proposalId !== approval.id) return;
    if (present.state !== "proposed" && present.state !== "resolved") return;
    // Another has carried the offset out, after this one was refused.
    if (present.resolution === "paired") return;
    const row = present.state === "resolved" ? await undoResolution(work, present, deps.cell.newId) : present;
    work.keep({
      ...row,
      // The journals of another try have sources of their own.
      round: present.state === "resolved" ? row.round + 1 : row.round,
      state: "open",
      resolution: null,
      explanation: null,
      endedAt: null,
      proposalId: null,
    });
    work.tell(row, "rejected", why, { operatorId: approval.decidedBy });
  });
}

/** One transaction about one break that is there. */
export async function change(
  { cell }: Pick<ResolveDeps, "cell">,
  id: Id,
  how: (work: Work, present: Break) => void | Promise<void>,
): Promise<void> {
  await cell.transact(
    async (tx) => {
      const day = await lockDay(tx, cell.cell);
      const locked = await lockBreaks(tx, [id]);
      const [present] = locked;
      if (present === undefined) throw problem("not_found");
      const work = openWork({ cell, tx, day, now: cell.clock.now(), locked, teller: {} });
      await how(work, present);
      await work.write();
    },
    { repeatable: true },
  );
}
