/**
 * Shares inside the door's batch: a success is born with its splitting, and a refund takes receivers' shares
 * back first. Only payments that are split read or write anything here.
 */
import type { Channels, SharingTraits } from "../../channels/index.ts";
import type { Tx } from "../../kernel/database.ts";
import type { Id, IdMaker } from "../../kernel/ids.ts";
import {
  type Contracts,
  insertReturns,
  insertSharings,
  isBooked,
  isFinal,
  returnsOfPayments,
  type Share,
  type ShareReturn,
  type SharingContract,
  type SharingRow,
  sharesOfPayments,
  sharingsOfPayments,
  updateReturns,
  updateShares,
} from "../../sharing/index.ts";
import type { NewEvent } from "../../webhooks/index.ts";
import type { Attempt, Payment, Refund } from "../model.ts";
import type { Command, WishResult } from "../outcome/commands.ts";
import type { Booking, Box, Draft } from "../outcome/draft.ts";
import { asksForSharing, bornSharing } from "./asked.ts";
import { lookAgainAt } from "./decide.ts";
import { shareEvent } from "./door.ts";
import { isHeldBack, returnsCarriedOut, returnsOnRefund } from "./room.ts";

/** What contracts say of splitting, for the accounts of one batch; read before its transaction. */
export type ContractsOfBatch = ReadonlyMap<Id, SharingContract>;

type Known = {
  readonly sharing: SharingRow;
  shares: readonly Share[];
  returns: readonly ShareReturn[];
};

export type SharesInBatch = {
  /** A success that is split. Nothing for any other. */
  born(payment: Payment, attempt: Attempt): void;
  /** The returns of a refund that was just decided. */
  onRefund(box: RefundedBox, refund: Refund): TakenBack;
  /** What of shares came back with a refund that was carried out after it had failed. */
  onCarriedOutLate(box: Pick<Box, "payment" | "attempts">, refund: Refund): Came;
  write(tx: Tx): Promise<void>;
};

type RefundedBox = Pick<Box, "payment" | "attempts" | "refunds" | "disputes">;

/** What is to be booked, and told of what has come back. */
type Came = { readonly bookings: readonly Booking[]; readonly events: readonly NewEvent[] };

/** `heldBackTo`: the refund waits for its returns, and looks again then. */
type TakenBack = Came & { readonly heldBackTo: Date | null };

export type InBatchDeps = {
  readonly contracts: ContractsOfBatch;
  readonly channel: Channels["channel"];
  readonly newId: IdMaker;
  readonly now: Date;
};

/** What makes refunds, or tells of them. */
const OF_REFUNDS: readonly Command["kind"][] = ["refund", "refund_report"];

/** Reads what the batch's refunds must know of shares; its payments are locked in this transaction. */
export async function sharesInBatch(
  tx: Tx,
  commands: readonly Pick<Command, "kind" | "paymentId">[],
  boxes: ReadonlyMap<Id, Pick<Box, "payment">>,
  deps: InBatchDeps,
): Promise<SharesInBatch> {
  const refunded = commands.flatMap(({ kind, paymentId }) => {
    const payment = boxes.get(paymentId)?.payment;
    return OF_REFUNDS.includes(kind) && payment !== undefined && asksForSharing(payment) ? [paymentId] : [];
  });
  const known = await load(tx, [...new Set(refunded)].sort());
  const bornRows: SharingRow[] = [];
  const work: Work = { deps, known, newReturns: [], endedReturns: [], changed: new Map() };
  return {
    born: (payment, attempt) => {
      const contract = deps.contracts.get(attempt.channelAccountId);
      if (contract === undefined || !asksForSharing(payment)) return;
      const traits = deps.channel(attempt.channel)?.sharing?.traits ?? null;
      const about = { finishId: deps.newId(), now: deps.now };
      bornRows.push(bornSharing(payment, attempt, contract, traits, about));
    },
    onRefund: (box, refund) => takeBack(work, box, refund),
    onCarriedOutLate: (box, refund) => cameBackWith(work, box, refund),
    write: async (writing) => {
      await Promise.all([
        insertSharings(writing, bornRows),
        insertReturns(writing, work.newReturns),
        updateReturns(writing, work.endedReturns),
        updateShares(writing, [...work.changed.values()]),
      ]);
    },
  };
}

type Work = {
  readonly deps: InBatchDeps;
  readonly known: ReadonlyMap<Id, Known>;
  readonly newReturns: ShareReturn[];
  readonly endedReturns: ShareReturn[];
  readonly changed: Map<Id, Share>;
};

function takeBack(work: Work, box: RefundedBox, refund: Refund): TakenBack {
  const { deps, known } = work;
  const own = known.get(box.payment.id);
  const success = box.attempts.get(refund.attemptId);
  if (own === undefined || success === undefined) return { bookings: [], heldBackTo: null, events: [] };
  const traits = traitsOf(deps, own.sharing);
  const { shares, returns } = returnsOnRefund(
    {
      payment: box.payment,
      success,
      refunds: [...box.refunds.values()],
      disputes: [...box.disputes.values()],
    },
    {
      sharing: own.sharing,
      shares: own.shares,
      traits,
      refund,
      newId: deps.newId,
      now: deps.now,
      lookAgainAt: lookAgainAt(deps.now),
    },
  );
  work.newReturns.push(...returns);
  change(work, own, shares);
  own.returns = [...own.returns, ...returns];
  const bookings = returns.flatMap((shareReturn): Booking[] => {
    const share = own.shares.find(({ id }) => id === shareReturn.shareId);
    if (share === undefined || !isBooked(share)) return [];
    return [{ booking: "share_return_booked", attempt: success, share, shareReturn }];
  });
  const waits = isHeldBack(own.shares, own.returns, refund, traits);
  const back = new Set(returns.filter(isFinal).map(({ shareId }) => shareId));
  const events = returnedEvents(
    work,
    box.payment,
    own.shares.filter(({ id }) => back.has(id)),
  );
  return { bookings, heldBackTo: waits ? lookAgainAt(deps.now) : null, events };
}

function cameBackWith(work: Work, box: Pick<Box, "payment" | "attempts">, refund: Refund): Came {
  const own = work.known.get(box.payment.id);
  const attempt = box.attempts.get(refund.attemptId);
  if (own === undefined || attempt === undefined) return { bookings: [], events: [] };
  if (traitsOf(work.deps, own.sharing)?.returnsWithRefund !== true) return { bookings: [], events: [] };
  const back = returnsCarriedOut(refund, own, work.deps.now);
  const shares = back.map(({ share }) => share);
  const ended = new Map(back.map(({ shareReturn }) => [shareReturn.id, shareReturn]));
  work.endedReturns.push(...ended.values());
  change(work, own, shares);
  own.returns = own.returns.map((one) => ended.get(one.id) ?? one);
  const bookings = back
    .filter(({ share }) => isBooked(share))
    .map((one): Booking => ({ booking: "share_returned", attempt, ...one }));
  return { bookings, events: returnedEvents(work, box.payment, shares) };
}

function change(work: Work, own: Known, shares: readonly Share[]): void {
  for (const share of shares) work.changed.set(share.id, share);
  own.shares = own.shares.map((share) => work.changed.get(share.id) ?? share);
}

function returnedEvents({ deps }: Work, payment: Payment, shares: readonly Share[]): readonly NewEvent[] {
  const about = { payment, now: deps.now };
  return shares.map((share) => shareEvent(deps.newId(), about, { type: "share.returned", share }));
}

/**
 * What a decision means for shares: a success is born split, a new refund takes shares back and may wait, and
 * one that is carried out after it had failed has brought them back.
 */
export function sharesOf(
  shares: SharesInBatch,
  box: Box,
  { effects }: Pick<Draft, "effects">,
  wish: WishResult | null,
): { readonly wish: WishResult | null; readonly events: readonly NewEvent[] } {
  for (const { booking, attempt } of effects.bookings) {
    if (booking === "success") shares.born(box.payment, attempt);
  }
  const late = effects.carriedOutLate.map((one) => shares.onCarriedOutLate(box, one));
  effects.bookings.push(...late.flatMap(({ bookings }) => bookings));
  const told = late.flatMap(({ events }) => events);
  const [made] = effects.newRefunds;
  const refund = made === undefined ? undefined : box.refunds.get(made.id);
  if (wish?.done !== true || wish.refund === undefined || refund === undefined) {
    return { wish, events: told };
  }
  const { bookings, heldBackTo, events } = shares.onRefund(box, refund);
  effects.bookings.unshift(...bookings);
  told.push(...events);
  if (heldBackTo === null) return { wish, events: told };
  box.refunds.set(refund.id, { ...refund, dueAt: heldBackTo });
  return { wish: { ...wish, queued: true }, events: told };
}

function traitsOf(deps: InBatchDeps, sharing: SharingRow): SharingTraits | null {
  return sharing.mode === "channel" ? (deps.channel(sharing.channel)?.sharing?.traits ?? null) : null;
}

async function load(tx: Tx, paymentIds: readonly Id[]): Promise<ReadonlyMap<Id, Known>> {
  if (paymentIds.length === 0) return new Map();
  const [sharings, shares, returns] = await Promise.all([
    sharingsOfPayments(tx, paymentIds),
    sharesOfPayments(tx, paymentIds),
    returnsOfPayments(tx, paymentIds),
  ]);
  return new Map(
    sharings.map((sharing) => [
      sharing.paymentId,
      {
        sharing,
        shares: shares.filter(({ paymentId }) => paymentId === sharing.paymentId),
        returns: returns.filter(({ paymentId }) => paymentId === sharing.paymentId),
      },
    ]),
  );
}

/** The contracts of these accounts that split anything. */
export async function contractsOf(
  contracts: Pick<Contracts, "of">,
  channelAccountIds: readonly Id[],
): Promise<ContractsOfBatch> {
  const found = new Map<Id, SharingContract>();
  for (const id of new Set(channelAccountIds)) {
    const contract = await contracts.of(id);
    if (contract !== null) found.set(id, contract);
  }
  return found;
}
