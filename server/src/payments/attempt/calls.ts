/**
 * Calls to channels about orders and refunds. Each is made outside any transaction, within the account's call
 * budget, and what came of it goes through the door.
 */
import type {
  Call,
  CallEnd,
  CallPriority,
  ChannelAccount,
  Channels,
  NewOrder,
  Operation,
  Order,
  RefundedShare,
  RefundOrder,
} from "../../channels/index.ts";
import type { Clock } from "../../kernel/clock.ts";
import { formatId, type Id, type IdMaker } from "../../kernel/ids.ts";
import type { Merchants } from "../../merchants/index.ts";
import type { Routing } from "../../routing/index.ts";
import { type Line, lineOf, withinBudget } from "../line.ts";
import type { Attempt, Payment, Refund } from "../model.ts";
import type { Report } from "../outcome/commands.ts";
import type { Door } from "../outcome/door.ts";
import type { Done } from "../outcome/execute.ts";
import { readRequest } from "../payment/request.ts";

export type CallsDeps = {
  readonly channels: Channels;
  readonly merchants: Pick<Merchants, "place">;
  readonly door: Door;
  readonly clock: Clock;
  readonly newId: IdMaker;
  readonly publicUrl: () => string;
  readonly cashierUrl: (paymentId: Id) => string;
  readonly routing: Pick<Routing, "learnSettings" | "notePlacing">;
  readonly sharing: OrdersToShare;
};

/** What calls must know of payments whose money is split. */
export type OrdersToShare = {
  /** Why this account cannot take such a payment; null: it can, or it is none. */
  refuseOrder(payment: Payment, account: ChannelAccount): Promise<Refused | null>;
  /** Whether the order is flagged at its channel. */
  isFlagged(payment: Payment, account: ChannelAccount): Promise<boolean>;
  /** What receivers give back with this refund. */
  refundedShares(refund: Refund, attempt: Attempt): Promise<readonly RefundedShare[]>;
};

/** What came of a call that placed an order. `gaveWay`: it ended here so that another account takes it. */
export type Placed = Done & { readonly gaveWay: boolean };

export type Calls = {
  /** Why the channel would not take this order, found before anything is sent or written; null: it would. */
  refuse(payment: Payment, attempt: Attempt, paymentCode: string | null): Promise<Refused | null>;
  /**
   * Places the order; `paymentCode` exists in memory only. `mayGiveWay`: another account is there, so that an
   * order that this channel certainly did not take, for a reason of its own, ends instead of being sent
   * again.
   */
  place(
    payment: Payment,
    attempt: Attempt,
    paymentCode: string | null,
    priority: CallPriority,
    mayGiveWay?: boolean,
  ): Promise<Placed>;
  query(attempt: Attempt, priority: CallPriority): Promise<Done>;
  close(attempt: Attempt, priority: CallPriority): Promise<Done>;
  reverse(attempt: Attempt, priority: CallPriority): Promise<Done>;
  refund(refund: Refund, attempt: Attempt, priority: CallPriority): Promise<Done>;
  queryRefund(refund: Refund, attempt: Attempt, priority: CallPriority): Promise<Done>;
};

export type Refused = { readonly field: string; readonly detail: string };

export function createCalls(deps: CallsDeps): Calls {
  const orderReport = async <T>(
    attempt: Attempt,
    operation: Operation,
    priority: CallPriority,
    call: (line: Line) => Promise<Call<T>>,
  ) => {
    const line = await lineOf(deps, attempt);
    const made = await withinBudget(deps, line.account, operation, priority, () => call(line));
    return { made, line, about: aboutOf(deps, attempt) };
  };
  return {
    refuse: async (payment, attempt, paymentCode) => {
      const { channel, context, account } = await lineOf(deps, attempt);
      const unshared = await deps.sharing.refuseOrder(payment, account);
      if (unshared !== null) return unshared;
      return channel.refuseOrder(await newOrderOf(deps, payment, attempt, paymentCode), context);
    },
    place: async (payment, attempt, paymentCode, priority, mayGiveWay = false) => {
      const order = await newOrderOf(deps, payment, attempt, paymentCode);
      await deps.routing.learnSettings();
      const { made, line, about } = await orderReport(attempt, "pay", priority, ({ channel, context }) =>
        channel.pay(context, order),
      );
      noteHealth(deps, line, attempt, made);
      const givesWay = mayGiveWay && isChannelSide(made);
      const report = { kind: "trade", source: "pay", end: made, exchange: made.exchange } as const;
      const done = await deps.door.submit({ ...about, ...report, ...(givesWay ? { givesWay } : {}) });
      const ended = done.attempts.find(({ id }) => id === attempt.id)?.state === "failed";
      return { ...done, gaveWay: givesWay && ended };
    },
    query: async (attempt, priority) => {
      const { made, about } = await orderReport(attempt, "query", priority, ({ channel, context }) =>
        channel.query(context, orderOf(attempt)),
      );
      return deps.door.submit({
        ...about,
        kind: "trade",
        source: "query",
        end: made,
        exchange: made.exchange,
      });
    },
    close: async (attempt, priority) => {
      const { made, about } = await orderReport(attempt, "close", priority, ({ channel, context }) =>
        channel.close(context, orderOf(attempt)),
      );
      return deps.door.submit({
        ...about,
        kind: "trade",
        source: "close",
        end: made,
        exchange: made.exchange,
      });
    },
    reverse: async (attempt, priority) => {
      const { made, about } = await orderReport(attempt, "reverse", priority, ({ channel, context }) =>
        channel.reverse(context, orderOf(attempt)),
      );
      return deps.door.submit({ ...about, kind: "reversal", end: made, exchange: made.exchange });
    },
    refund: async (refund, attempt, priority) => {
      const shares = await deps.sharing.refundedShares(refund, attempt);
      const { made, about } = await orderReport(attempt, "refund", priority, ({ channel, context }) =>
        channel.refund(context, {
          ...refundOrderOf(deps, refund, attempt),
          ...(shares.length === 0 ? {} : { shares }),
        }),
      );
      const report = { refundId: refund.id, source: "refund" as const, end: made, exchange: made.exchange };
      return deps.door.submit({ ...about, kind: "refund_report", ...report });
    },
    queryRefund: async (refund, attempt, priority) => {
      const { made, about } = await orderReport(attempt, "refund_query", priority, ({ channel, context }) =>
        channel.queryRefund(context, refundOrderOf(deps, refund, attempt)),
      );
      const report = {
        refundId: refund.id,
        source: "refund_query" as const,
        end: made,
        exchange: made.exchange,
      };
      return deps.door.submit({ ...about, kind: "refund_report", ...report });
    },
  };
}

/** Certainly not sent, or refused for a reason of the channel's: never what the buyer or his bank refused. */
function isChannelSide(end: CallEnd<unknown>): boolean {
  return end.end === "not_sent" || (end.end === "refused" && end.side === "channel");
}

function noteHealth(
  deps: CallsDeps,
  { account, channel }: Line,
  attempt: Attempt,
  made: Call<unknown>,
): void {
  const scene = channel.traits.scenes[attempt.method];
  if (scene === undefined) return;
  deps.routing.notePlacing(account, scene.kind, {
    end: made.end,
    isChannelSide: isChannelSide(made),
    isRateRefusal: made.end === "not_sent" && made.isRateRefusal === true,
    startedAt: made.exchange.startedAt,
    orderId: attempt.id,
    orderedAt: attempt.createdAt,
  });
}

function aboutOf(
  deps: CallsDeps,
  attempt: Attempt,
): Pick<Report, "paymentId" | "merchantId" | "channelAccountId" | "attemptId" | "reportId"> {
  return {
    paymentId: attempt.paymentId,
    merchantId: attempt.merchantId,
    channelAccountId: attempt.channelAccountId,
    attemptId: attempt.id,
    reportId: deps.newId(),
  };
}

function orderOf(attempt: Attempt): Order {
  const { method, channelOrderNo, channelTradeNo, amount, currency, createdAt } = attempt;
  return { method, channelOrderNo, channelTradeNo, amount, currency, createdAt };
}

async function newOrderOf(
  deps: CallsDeps,
  payment: Payment,
  attempt: Attempt,
  paymentCode: string | null,
): Promise<NewOrder> {
  const request = readRequest(payment.request);
  const named = {
    ...(request.store === undefined ? {} : { store: request.store }),
    ...(request.terminal === undefined ? {} : { terminal: request.terminal }),
  };
  const place =
    request.store === undefined && request.terminal === undefined
      ? { storeNo: null, terminalNo: null }
      : await deps.merchants.place(attempt.merchantId, named);
  const account = await deps.channels.account(attempt.channelAccountId);
  const isFlagged = account !== null && (await deps.sharing.isFlagged(payment, account));
  return {
    ...orderOf(attempt),
    ...(isFlagged ? { profitSharing: true as const } : {}),
    subject: request.subject,
    expiresAt: attempt.expiresAt,
    notifyUrl: notifyUrlOf(deps, attempt),
    returnUrl: deps.cashierUrl(payment.id),
    paymentCode,
    buyer: attempt.buyer,
    buyerIp: attempt.buyerIp,
    storeNo: place.storeNo,
    terminalNo: place.terminalNo,
  };
}

function notifyUrlOf(deps: CallsDeps, { channel, channelAccountId }: Attempt): string {
  return `${deps.publicUrl()}/notify/${channel}/${formatId("cha", channelAccountId)}`;
}

function refundOrderOf(deps: CallsDeps, refund: Refund, attempt: Attempt): RefundOrder {
  return {
    order: orderOf(attempt),
    channelRefundNo: refund.channelRefundNo,
    amount: refund.amount,
    paidAmount: attempt.taken?.paidAmount ?? attempt.amount,
    paidChannelDate: attempt.taken?.channelDate ?? null,
    reason: refund.reason,
    notifyUrl: notifyUrlOf(deps, attempt),
    createdAt: refund.createdAt,
  };
}
