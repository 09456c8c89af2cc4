/** Calls to channels about receivers and shares, each outside any transaction and within the call budget. */
import type {
  Call,
  Channel,
  ChannelAccount,
  ChannelContext,
  Channels,
  Operation,
  ShareOrder,
  ShareReturnOrder,
  Sharing,
} from "../../channels/index.ts";
import type { Cell } from "../../kernel/database.ts";
import {
  type Binding,
  type Receivers,
  type Share,
  type ShareDecision,
  type ShareReturn,
  type SharingRow,
  sending,
} from "../../sharing/index.ts";
import { attemptById } from "../attempt/store.ts";
import type { ExchangeRow } from "../exchanges.ts";
import { lineOf, withinBudget } from "../line.ts";
import type { Attempt } from "../model.ts";
import { type AnswerDecided, answerFinish, answerReturn, answerShare } from "./decide.ts";
import type { Locked, ShareDoor } from "./door.ts";

export type ShareCallsDeps = {
  readonly cell: Cell;
  readonly channels: Channels;
  readonly receivers: Receivers;
  readonly door: ShareDoor;
};

type Way = {
  readonly account: ChannelAccount;
  readonly channel: Channel;
  readonly context: ChannelContext;
  readonly sharing: Sharing<ChannelContext>;
  readonly attempt: Attempt;
};

export type ShareCalls = {
  /** Sends the share, or asks about one that may be under way, and lets the door decide on the answer. */
  share(share: Share): Promise<void>;
  returnShare(given: ShareReturn, share: Share): Promise<void>;
  finish(sharing: SharingRow): Promise<void>;
  /** Makes a receiver known to its channel; the binding as it is then. */
  bind(binding: Binding): Promise<Call<{ readonly outcome: "bound" } | Failed>>;
};

type Failed = { readonly outcome: "failed"; readonly code: string; readonly message: string };

export function createShareCalls(deps: ShareCallsDeps): ShareCalls {
  const { cell } = deps;
  const clocked = { channels: deps.channels, clock: cell.clock };
  const made = <T>(way: Way, operation: Operation, call: () => Promise<Call<T>>) =>
    withinBudget(clocked, way.account, operation, "background", call);
  return {
    share: async (share) => {
      const way = await wayOf(deps, share.attemptId);
      const order = shareOrderOf(share, way.attempt);
      const asked = share.state !== "created";
      const operation = asked ? "share_query" : "share";
      const sentUntil = asked ? null : await markSent(deps, share, "shares");
      if (!asked && sentUntil === null) return;
      const call = await made(way, operation, () =>
        asked ? way.sharing.queryShare(way.context, order) : way.sharing.share(way.context, order),
      );
      const answer = { end: call, asked, sentUntil };
      await submit(deps, way.attempt, call, (locked) => answerShare(locked, share.id, answer));
    },
    returnShare: async (given, share) => {
      const way = await wayOf(deps, share.attemptId);
      const order = returnOrderOf(given, share, way.attempt);
      const asked = given.state !== "created";
      const operation = asked ? "share_return_query" : "share_return";
      const sentUntil = asked ? null : await markSent(deps, given, "returns");
      if (!asked && sentUntil === null) return;
      const call = await made(way, operation, () =>
        asked ? way.sharing.queryReturn(way.context, order) : way.sharing.returnShare(way.context, order),
      );
      const answer = { end: call, asked, sentUntil };
      await submit(deps, way.attempt, call, (locked) => answerReturn(locked, given.id, answer));
    },
    finish: async (sharing) => {
      const way = await wayOf(deps, sharing.attemptId);
      const order = sharedOrderOf(way.attempt);
      const call = await made(way, "share_finish", () =>
        way.sharing.finish(way.context, order, sharing.finishNo),
      );
      await submit(deps, way.attempt, call, (locked) => answerFinish(locked, call));
    },
    bind: async (binding) => {
      const account = await deps.channels.account(binding.channelAccountId);
      const sharing = deps.channels.channel(binding.channel)?.sharing;
      if (account === null || sharing === undefined) {
        throw new Error(`the binding ${binding.id} names a channel account that splits nothing`);
      }
      const { receiver } = await deps.receivers.get(binding.merchantId, binding.receiverId);
      const name = await deps.receivers.nameOf(receiver);
      const context = await deps.channels.contextOf(account, "current");
      const { type, account: number, relation } = binding;
      return withinBudget(clocked, account, "receiver_bind", "background", () =>
        sharing.bindReceiver(
          context,
          { type, account: number, name, relation },
          binding.id.replaceAll("-", ""),
        ),
      );
    },
  };
}

async function wayOf(deps: ShareCallsDeps, attemptId: string): Promise<Way> {
  const attempt = await attemptById(deps.cell.db, attemptId);
  if (attempt === null) throw new Error(`there is no attempt ${attemptId}`);
  const line = await lineOf(deps, attempt);
  const { sharing } = line.channel;
  if (sharing === undefined) throw new Error(`the channel ${attempt.channel} splits nothing`);
  return { ...line, sharing, attempt };
}

/** Notes that it is sent; until when that is ours to answer. Null: it is not to be sent any more. */
async function markSent(
  { door }: ShareCallsDeps,
  { id, paymentId, merchantId }: Share | ShareReturn,
  among: "shares" | "returns",
): Promise<Date | null> {
  return door.under({ paymentId, merchantId }, (locked) => {
    const present = locked[among].find((one) => one.id === id);
    const next = present === undefined ? null : sending(present, locked.now);
    return next === null ? [null, {}] : [next.dueAt, { [among]: [next] }];
  });
}

async function submit<T>(
  { door, cell }: ShareCallsDeps,
  attempt: Attempt,
  call: Call<T>,
  decide: (locked: Locked) => AnswerDecided,
): Promise<void> {
  const id = cell.newId();
  const { paymentId, merchantId } = attempt;
  const found = await door.under({ paymentId, merchantId }, (locked) => {
    const { decision, effects } = decide(locked);
    const exchange = exchangeOf(attempt, id, call, decision, locked.now);
    return [decision, { ...effects, exchange }];
  });
  if (found === null) throw new Error(`the attempt ${attempt.id} has no payment`);
}

function exchangeOf<T>(
  attempt: Attempt,
  id: string,
  call: Call<T>,
  decision: ShareDecision,
  now: Date,
): ExchangeRow {
  const { exchange } = call;
  const detail =
    call.end === "refused" ? `${call.code}: ${call.message}` : call.end === "answered" ? null : call.reason;
  const said = call.end === "answered" ? (call.value as { readonly outcome: string }).outcome : null;
  return {
    paymentId: attempt.paymentId,
    id,
    attemptId: attempt.id,
    refundId: null,
    operation: exchange.operation,
    callEnd: call.end,
    outcome: said,
    decision,
    channelCode: exchange.channelCode,
    detail,
    request: exchange.request,
    response: exchange.response,
    startedAt: exchange.startedAt,
    tookMs: exchange.tookMs,
    decidedAt: now,
  };
}

function sharedOrderOf(attempt: Attempt) {
  const { channelOrderNo, channelTradeNo, currency } = attempt;
  if (channelTradeNo === null) throw new Error(`the attempt ${attempt.id} has no trade at its channel`);
  return { channelOrderNo, channelTradeNo, currency };
}

function shareOrderOf(share: Share, attempt: Attempt): ShareOrder {
  return {
    order: sharedOrderOf(attempt),
    channelShareNo: share.channelShareNo,
    receiver: { type: share.receiverType, account: share.receiverAccount, name: null, relation: null },
    amount: share.amount,
    description: share.description,
  };
}

function returnOrderOf(given: ShareReturn, share: Share, attempt: Attempt): ShareReturnOrder {
  return {
    share: shareOrderOf(share, attempt),
    channelReturnNo: given.channelReturnNo,
    amount: given.amount,
    description: share.description,
  };
}
