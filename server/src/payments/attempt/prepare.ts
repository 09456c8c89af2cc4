import { isIP } from "node:net";
import { type ChannelAccount, type Channels, type SceneTraits, walletOf } from "../../channels/index.ts";
import { plus, SECOND } from "../../kernel/clock.ts";
import { Problem, problem } from "../../kernel/errors.ts";
import { channelNumber, type Id } from "../../kernel/ids.ts";
import {
  type Choice,
  type Decision,
  type Routing,
  type RoutingRefusal,
  sceneOfMethod,
} from "../../routing/index.ts";
import type { Attempt, Payment } from "../model.ts";
import { firstDueAt } from "../outcome/commands.ts";
import { refuseRouting } from "../payment/refusals.ts";
import { readRequest } from "../payment/request.ts";
import type { Calls } from "./calls.ts";
import type { AttemptChoice } from "./choices.ts";

export type Opening = {
  readonly merchantId: Id;
  readonly currency: string;
  readonly channelAccountId: Id;
  readonly fundFlow: Attempt["fundFlow"];
};

/** What a buyer or merchant wants to pay by. */
export type AttemptWish = {
  readonly method: string | null;
  readonly paymentCode: string | null;
  readonly buyer: string | null;
  readonly buyerIp: string | null;
  /** Of the accounts that routing finds, only this one: the buyer has told it who he is. */
  readonly only?: Id | undefined;
  /** By this account, in any state of its, instead of a routed one. */
  readonly through?: ChannelAccount | undefined;
  /** What the buyer pays on, where the cashier knows it: rules may ask. */
  readonly device?: "phone" | "desktop";
};

export type PrepareDeps = {
  readonly channels: Pick<Channels, "channel" | "all">;
  readonly routing: Pick<Routing, "decide" | "giveUp">;
  readonly calls: Pick<Calls, "refuse">;
  readonly openAccounts: (opening: Opening) => Promise<void>;
};

/** An order ready to be written. */
export type PreparedAttempt = {
  /** It holds a turn until the order is placed or given up; null: somebody named the account. */
  readonly decision: Decision | null;
  /** The same order by account, the best first; further ones only where quotas decide when it is written. */
  readonly choices: readonly [AttemptChoice, ...AttemptChoice[]];
  /**
   * Another order of the same decision, through an account that was not tried; null: there is none.
   * `because` says what came of the one before.
   */
  next(
    id: Id,
    tried: ReadonlySet<Id>,
    because: string,
    now: Date,
  ): Promise<Pick<PreparedAttempt, "choices"> | null>;
  /** Whether `next` may find one now. */
  hasNext(tried: ReadonlySet<Id>, now: Date): boolean;
};

/** Why an order goes through the account that somebody named, in the words that are kept with it. */
const NAMED = "named";

/** So many accounts are looked at for one whose quotas have room. */
const CHOICES_MAX = 8;

/**
 * An attempt ready to be written: routed, its accounts open, and nothing left that the channel would refuse
 * unseen. Throws the refusal, naming the field.
 */
export async function prepareAttempt(
  deps: PrepareDeps,
  id: Id,
  payment: Payment,
  wish: AttemptWish,
  now: Date,
): Promise<PreparedAttempt> {
  const method = methodOf(deps, wish);
  const routed =
    wish.through === undefined
      ? await deps.routing.decide({
          ...routingRequest(payment, wish),
          method,
          // A method that no channel has is refused before anybody asks for its kind.
          kind: sceneOfMethod(deps.channels, method)?.kind ?? "qr",
          at: now,
        })
      : onlyThrough(wish.through, payment, method);
  if ("refused" in routed) throw refuseRouting(routed, payment.currency);
  const decision = routed.routed === null ? null : routed;
  const { only } = wish;
  try {
    const choices =
      only === undefined ? routed.choices : routed.choices.filter(({ account }) => account.id === only);
    if (choices.length === 0)
      throw refuseRouting({ refused: "no_account_available", put: [] }, payment.currency);
    return await prepareAmong({ deps, payment, decision, wish: { ...wish, method } }, choices, {
      id,
      now,
      because: null,
    });
  } catch (error) {
    if (decision !== null) deps.routing.giveUp(decision);
    throw error;
  }
}

/** The account that somebody named, whatever its state, as long as it can serve the order. */
function onlyThrough(
  account: ChannelAccount,
  { currency, amount }: Payment,
  method: string,
): RoutingRefusal | { readonly routed: null; readonly choices: readonly Choice[] } {
  const { methods, currencies, amountMin, amountMax } = account;
  if (!methods.includes(method)) return { refused: "method_not_available", available: methods };
  if (!currencies.includes(currency)) return { refused: "currency_not_supported", supported: currencies };
  if (amount < amountMin || amount > amountMax)
    return { refused: "amount_out_of_range", amountMin, amountMax };
  const choice = { account, demands: [], rests: () => false, reasons: () => NAMED };
  return { routed: null, choices: [choice] };
}

function routingRequest(payment: Payment, wish: AttemptWish) {
  const { merchantId, currency, amount } = payment;
  const { store, terminal, metadata } = readRequest(payment.request);
  return {
    merchantId,
    currency,
    amount,
    store: store ?? null,
    terminal: terminal ?? null,
    metadata: metadata ?? {},
    device: wish.device ?? null,
  };
}

type Wanted = {
  readonly deps: PrepareDeps;
  readonly payment: Payment;
  readonly decision: Decision | null;
  readonly wish: AttemptWish & { readonly method: string };
};

type Order = { readonly id: Id; readonly now: Date; readonly because: string | null };

/** What a channel's own rules say to an order before it is sent. */
const REFUSED_BEFORE_SENT: ReadonlySet<string> = new Set([
  "order_refused",
  "amount_out_of_range",
  "sharing_not_available",
]);

/** What a refusal is called, by the field that is refused. */
const CODES: Readonly<Record<string, "amount_out_of_range" | "sharing_not_available">> = {
  amount: "amount_out_of_range",
  profit_sharing: "sharing_not_available",
};

async function prepareAmong(
  wanted: Wanted,
  choices: readonly Choice[],
  order: Order,
): Promise<PreparedAttempt> {
  const { deps, payment } = wanted;
  const prepared: AttemptChoice[] = [];
  let refusal: unknown = null;
  for (const choice of choices) {
    const attempt = orderThrough(wanted, choice, order);
    const refused = await deps.calls.refuse(payment, attempt, wanted.wish.paymentCode);
    if (refused !== null) {
      refusal ??= problem(CODES[refused.field] ?? "order_refused", refused);
      continue;
    }
    const { merchantId, currency, channelAccountId, fundFlow } = attempt;
    await deps.openAccounts({ merchantId, currency, channelAccountId, fundFlow });
    prepared.push({ attempt, demands: choice.demands });
    if (choice.demands.length === 0 || prepared.length >= CHOICES_MAX) break;
  }
  const [best, ...others] = prepared;
  if (best === undefined) throw refusal;
  // The call before may have taken a while: a window may have begun since the decision.
  const left = (tried: ReadonlySet<Id>, now: Date) =>
    choices.filter((choice) => !tried.has(choice.account.id) && !choice.rests(now));
  return {
    decision: wanted.decision,
    choices: [best, ...others],
    hasNext: (tried, now) => left(tried, now).length > 0,
    next: async (id, tried, because, now) => {
      const untried = left(tried, now);
      if (untried.length === 0) return null;
      try {
        return await prepareAmong(wanted, untried, { id, now, because });
      } catch (error) {
        if (error instanceof Problem && REFUSED_BEFORE_SENT.has(error.code)) return null;
        throw error;
      }
    },
  };
}

function orderThrough({ deps, payment, wish }: Wanted, choice: Choice, { id, now, because }: Order): Attempt {
  const { account, demands } = choice;
  const scene = deps.channels.channel(account.channel)?.traits.scenes[wish.method];
  if (scene === undefined) throw problem("method_not_available", { field: "method" });
  checkWish(wish.method, scene, wish);
  const startOf = (period: "day" | "month") => demands.find((one) => one.period === period)?.startsOn ?? null;
  return {
    ...newAttempt(id, payment, account, { ...wish, scene }, now),
    routing: choice.reasons(because ?? undefined),
    quotaDay: startOf("day"),
    quotaMonth: startOf("month"),
  };
}

function checkWish(method: string, scene: SceneTraits, wish: AttemptWish): void {
  const refuse = (field: string, detail: string) => problem("invalid_request", { field, detail });
  if (scene.requiresPaymentCode && wish.paymentCode === null) {
    throw refuse("payment_code", `${method} needs the buyer's payment code`);
  }
  if (!scene.requiresPaymentCode && wish.paymentCode !== null) {
    throw refuse("payment_code", `${method} takes no payment code`);
  }
  if (scene.requiresBuyer && wish.buyer === null) {
    throw refuse("buyer", `${method} needs the buyer's id at the channel`);
  }
  if (scene.requiresBuyerIp && wish.buyerIp === null) {
    throw refuse("buyer_ip", `${method} needs the address (IPv4 or IPv6) of the buyer's device`);
  }
  if (wish.buyerIp !== null && isIP(wish.buyerIp) === 0) {
    throw refuse("buyer_ip", "it is no address: give an IPv4 or IPv6 one");
  }
}

function newAttempt(
  id: Id,
  payment: Payment,
  account: ChannelAccount,
  by: AttemptWish & { readonly method: string; readonly scene: SceneTraits },
  now: Date,
): Attempt {
  const lifetimeEnd = plus(now, account.orderLifetimeSeconds * SECOND).getTime();
  return {
    id,
    paymentId: payment.id,
    merchantId: payment.merchantId,
    channel: account.channel,
    channelAccountId: account.id,
    credentialVersion: account.credentialVersion ?? 0,
    fundFlow: account.fundFlow,
    method: by.method,
    state: "created",
    amount: payment.amount,
    currency: payment.currency,
    channelOrderNo: channelNumber("att", id),
    channelTradeNo: null,
    nextAction: null,
    failureCode: null,
    failureMessage: null,
    buyer: by.buyer,
    // Kept only where a channel is told it: at a till it is the till's.
    buyerIp: by.scene.requiresBuyerIp || by.scene.requiresPaymentCode ? by.buyerIp : null,
    routing: null,
    quotaDay: null,
    quotaMonth: null,
    taken: null,
    surplus: null,
    refundedAmount: 0n,
    settledRefunded: 0n,
    feeReturned: 0n,
    costReturned: 0n,
    takenBack: 0n,
    toldRefunded: 0n,
    foreignRefunds: [],
    doubtedAt: null,
    closeWanted: false,
    queries: 0,
    expiresAt: new Date(Math.min(lifetimeEnd, payment.expiresAt.getTime())),
    dueAt: firstDueAt(by.scene, now),
    createdAt: now,
    finishedAt: null,
  };
}

/** A payment code names its wallet by its digits, and so the channel; a method named beside it must agree. */
function methodOf(deps: Pick<PrepareDeps, "channels">, { method, paymentCode }: AttemptWish): string {
  if (paymentCode === null) {
    if (method !== null) return method;
    throw problem("invalid_request", { field: "method", detail: "name the method to pay by" });
  }
  const refuse = (detail: string) => problem("order_refused", { field: "payment_code", detail });
  const wallet = walletOf(paymentCode);
  if (wallet === null) {
    throw refuse("payment_code is of no wallet that is known here; scan the buyer's code again");
  }
  const { channel: name, displayName } = wallet;
  const scenes = Object.entries(deps.channels.channel(name)?.traits.scenes ?? {});
  const charging = scenes.find(([, scene]) => scene.kind === "payment_code")?.[0];
  if (charging === undefined) {
    throw refuse(
      `payment_code is of ${displayName}, which is not taken here; ask the buyer for another wallet`,
    );
  }
  if (method !== null && !method.startsWith(`${name}.`)) {
    throw refuse(
      `payment_code is of ${displayName}; leave method out, or name ${charging} instead of ${method}`,
    );
  }
  return method ?? charging;
}
