import assert from "node:assert/strict";
import { inspect } from "node:util";
import { DAY, HOUR, plus, systemRandom } from "../../kernel/clock.ts";
import { channelDateOf } from "../channel-day.ts";
import type {
  Call,
  Channel,
  ChannelContext,
  ExchangeRecord,
  Method,
  NewOrder,
  RefundOrder,
  TradeOutcome,
} from "../port.ts";
import type { CodeBehaviour, Environment, Harness, Placed } from "./harness.ts";

const BUYER_IP = "203.0.113.7";

/** An environment with what the chapters of the contract do over and over. */
export type Stage = Environment & {
  /** Every exchange that any call of `channel` recorded. */
  readonly exchanges: readonly ExchangeRecord[];
  newOrder(method: Method, changes?: Partial<NewOrder>): NewOrder;
  newRefund(order: NewOrder, amount: bigint): RefundOrder;
  /** Places an order; for a payment code with a code of this behaviour. Fails unless the channel took it. */
  place(method: Method, changes?: Partial<NewOrder>, behaviour?: CodeBehaviour): Promise<Placed>;
  /** An order that is paid, with the channel's own number. */
  paid(method: Method, amount?: bigint): Promise<Placed>;
  now(): Date;
  /** The channel's business date. */
  today(at?: Date): string;
  /** A date on which nothing happened; yesterday may still be in the making. */
  quietDay(): string;
  /** Lets pass what must pass until a part of what was paid so far can be given back. */
  untilParts(): Promise<void>;
};

export async function openStage(harness: Harness): Promise<Stage> {
  const environment = await harness.create();
  const exchanges: ExchangeRecord[] = [];
  const channel = recording(environment.channel, exchanges);
  const { buyer, context, notifyUrl } = environment;
  const now = () => environment.now?.() ?? new Date();
  const today = (at = now()) => channelDateOf(harness.traits, at);
  const paidOn = new Map<string, string>();

  function newOrder(method: Method, changes: Partial<NewOrder> = {}): NewOrder {
    const scene = sceneOf(harness, method);
    const createdAt = now();
    return {
      method,
      channelOrderNo: newNumber("att"),
      channelTradeNo: null,
      amount: 1_234n,
      currency: harness.traits.currencies[0] as string,
      createdAt,
      subject: "合同测试 contract",
      expiresAt: new Date(createdAt.getTime() + HOUR),
      notifyUrl,
      returnUrl: "https://shop.example/back",
      paymentCode: null,
      buyer: scene.requiresBuyer ? buyer.id : null,
      buyerIp: scene.requiresBuyerIp ? BUYER_IP : null,
      storeNo: null,
      terminalNo: null,
      ...changes,
    };
  }

  async function place(
    method: Method,
    changes: Partial<NewOrder> = {},
    behaviour: CodeBehaviour = "pays",
  ): Promise<Placed> {
    const { requiresPaymentCode } = sceneOf(harness, method);
    const paymentCode = requiresPaymentCode ? await buyer.paymentCode(behaviour) : null;
    const order = newOrder(method, { paymentCode, ...changes });
    const trade = answerOf(await channel.pay(context, order));
    assert.ok(trade.outcome === "pending" || trade.outcome === "paid", trade.outcome);
    const nextAction = trade.outcome === "pending" ? (trade.nextAction ?? null) : null;
    return { order: numbered(order, trade), nextAction };
  }

  async function paid(method: Method, amount = 1_234n): Promise<Placed> {
    const placed = await place(method, { amount });
    if (!sceneOf(harness, method).requiresPaymentCode) await buyer.pay(placed);
    const trade = answerOf(await channel.query(context, placed.order));
    assert.ok(trade.outcome === "paid", trade.outcome);
    const { channelTradeNo, channelDate } = trade;
    paidOn.set(placed.order.channelOrderNo, channelDate);
    return { ...placed, order: { ...placed.order, channelTradeNo } };
  }

  return {
    ...environment,
    channel,
    exchanges,
    newOrder,
    newRefund: (order, amount) => ({
      order,
      channelRefundNo: newNumber("rfd"),
      amount,
      paidAmount: order.amount,
      paidChannelDate: paidOn.get(order.channelOrderNo) ?? today(),
      reason: null,
      notifyUrl: order.notifyUrl,
      createdAt: now(),
    }),
    place,
    paid,
    now,
    today,
    quietDay: () => today(plus(now(), -2 * DAY)),
    untilParts: async () => {
      if (harness.refundsPartsFrom === "next_day") await environment.startNextDay?.();
    },
  };
}

/** The value of a call that must have been answered. */
export function answerOf<T>(call: Call<T>): T {
  if (call.end !== "answered") assert.fail(shown(call));
  return call.value;
}

/** Anything as text for a failed assertion. */
export function shown(value: unknown): string {
  return inspect(value, { depth: 6 });
}

/** The outcome of a query in one word. */
export async function outcomeOf(stage: Stage, order: NewOrder): Promise<TradeOutcome["outcome"]> {
  return answerOf(await stage.channel.query(stage.context, order)).outcome;
}

/** What a query tells to have gone back of an order that was reversed; null: nothing. */
export function wentBack(trade: TradeOutcome): bigint | null {
  if (trade.outcome === "refunded") return trade.refundedAmount;
  return trade.outcome === "failed" ? (trade.tookBefore?.amount ?? null) : null;
}

export function sceneOf(harness: Harness, method: Method) {
  const scene = harness.traits.scenes[method];
  if (scene === undefined) throw new RangeError(`not a scene: ${method}`);
  return scene;
}

/** Scenes by kind: a code that we show or an order that is placed by a call, and a code that we scan. */
export function methodsOf(harness: Harness, wanted: "placed" | "charged"): Method[] {
  return Object.keys(harness.traits.scenes).filter(
    (method) => (sceneOf(harness, method).kind === "payment_code") === (wanted === "charged"),
  );
}

/** The context with a time-out short enough to wait for. */
export function impatient(context: ChannelContext): ChannelContext {
  return { ...context, timeoutMs: 300 };
}

export function newNumber(prefix: string): string {
  return `${prefix}${systemRandom.bytes(13).toString("hex")}`;
}

/** The order with the channel's own number, where it has told one: as the platform keeps it. */
function numbered(order: NewOrder, trade: TradeOutcome): NewOrder {
  const told = "channelTradeNo" in trade ? trade.channelTradeNo : undefined;
  return told === undefined ? order : { ...order, channelTradeNo: told };
}

/** The same channel; what each call records is kept. */
function recording(channel: Channel, exchanges: ExchangeRecord[]): Channel {
  function kept<A extends unknown[], R extends { exchange: ExchangeRecord }>(
    call: (...given: A) => Promise<R>,
  ) {
    return async (...given: A): Promise<R> => {
      const result = await call(...given);
      exchanges.push(result.exchange);
      return result;
    };
  }
  const { downloadFundFlow, queryDispute, sharing } = channel;
  const recorded = sharing && {
    ...sharing,
    bindReceiver: kept(sharing.bindReceiver),
    share: kept(sharing.share),
    queryShare: kept(sharing.queryShare),
    returnShare: kept(sharing.returnShare),
    queryReturn: kept(sharing.queryReturn),
    finish: kept(sharing.finish),
  };
  return {
    ...channel,
    readNotification: (contexts, request) => {
      const read = channel.readNotification(contexts, request);
      exchanges.push(read.exchange);
      return read;
    },
    prove: kept((context) => channel.prove(context)),
    pay: kept((context, order) => channel.pay(context, order)),
    query: kept((context, order) => channel.query(context, order)),
    close: kept((context, order) => channel.close(context, order)),
    reverse: kept((context, order) => channel.reverse(context, order)),
    refund: kept((context, refund) => channel.refund(context, refund)),
    queryRefund: kept((context, refund) => channel.queryRefund(context, refund)),
    downloadStatement: kept((context, date) => channel.downloadStatement(context, date)),
    ...(recorded === undefined ? {} : { sharing: recorded }),
    ...(downloadFundFlow === undefined ? {} : { downloadFundFlow: kept(downloadFundFlow) }),
    ...(queryDispute === undefined ? {} : { queryDispute: kept(queryDispute) }),
  };
}
