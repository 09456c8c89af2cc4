import type {
  Channel,
  ChannelAccount,
  ChannelContext,
  Channels,
  Identification,
  SceneTraits,
} from "../../channels/index.ts";
import { payingApps, type ScanningApp } from "../../codes/index.ts";
import { type Clock, plus, type Random, SECOND } from "../../kernel/clock.ts";
import type { Keyring } from "../../kernel/crypto.ts";
import { Problem } from "../../kernel/errors.ts";
import { formatId, type Id } from "../../kernel/ids.ts";
import type { Log } from "../../kernel/log.ts";
import {
  type Attempt,
  liveOf,
  type Payment,
  type Payments,
  readRequest,
  type Whole,
} from "../../payments/index.ts";
import type { Routing } from "../../routing/index.ts";
import { newOrderState, type OrderState } from "./state.ts";

export type OrderDeps = {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly keyring: Pick<Keyring, "mac" | "macs">;
  readonly channels: Pick<Channels, "account" | "channel" | "contextOf" | "budget" | "counts">;
  readonly payments: Pick<Payments, "newAttempt" | "wished" | "nameAttempt">;
  readonly routing: Pick<Routing, "consider">;
  /** The page of ours that sends a form on to a channel. */
  readonly goUrl: (paymentId: Id) => string;
  /** Where the wallet's page sends the browser back to. */
  readonly backUrl: () => string;
};

/** From learning a buyer to wishing for his order is a moment; longer, and there is no such call. */
const TWIN_WAIT_MS = SECOND;
const TWIN_LOOK_MS = 100;

/** What a browser is to do with a payment. */
export type Step =
  | { readonly step: "go"; readonly url: string }
  /** The order is in the wallet's own page; `attemptId` names it. */
  | { readonly step: "invoke"; readonly attemptId: Id }
  | { readonly step: "confirming" }
  /** The payment has ended, or what this step was for is over: its address shows what there is now. */
  | { readonly step: "ended" }
  /** This app cannot pay it. */
  | { readonly step: "elsewhere" }
  /** The wallet did not tell who its user is. */
  | { readonly step: "unidentified" }
  | { readonly step: "refused" };

/** `request`: as it was kept; null where there is no payment yet. */
type Wanted = Pick<Payment, "merchantId" | "currency" | "amount"> & { readonly request?: string };

type Way = {
  readonly method: string;
  readonly account: ChannelAccount;
  readonly context: ChannelContext;
  /** Present where the order needs the buyer's name at the channel. */
  readonly identify: Identification | null;
};

export type OrderPages = {
  /** Apps in whose browsers this could be paid at this moment. */
  walletsFor(wanted: Wanted): Promise<readonly ScanningApp[]>;
  /** The next step of an open payment in this app's browser. */
  open(whole: Whole, app: ScanningApp, buyerIp: string): Promise<Step>;
  /** After the wallet's page sent the browser back with a code. */
  identified(whole: Whole, app: ScanningApp, back: Back): Promise<Step>;
};

export type Back = {
  readonly state: OrderState;
  /** The state has grown too old to begin with. */
  readonly late: boolean;
  /** What came back, by the names of its parameters. */
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly buyerIp: string;
};

export function createOrderPages(deps: OrderDeps): OrderPages {
  return {
    walletsFor: async (wanted) => {
      const ways = await Promise.all(
        payingApps().map(async (app) => ({ app, way: await wayOf(deps, wanted, app) })),
      );
      return ways.filter(({ way }) => way !== null).map(({ app }) => app);
    },
    open: async (whole, app, buyerIp) => {
      const way = await wayOf(deps, whole.payment, app);
      if (way === null) return { step: "elsewhere" };
      if (way.identify !== null) return sendToWallet(deps, whole, way, way.identify);
      const live = liveOf(whole);
      if (live?.method === way.method && live.nextAction !== null) return stepOf(deps, live);
      // Two requests that saw the same attempts wish for the same one.
      const key = `scan ${way.method} ${whole.attempts.length}`;
      return attempt(deps, whole, way, { buyer: null, buyerIp, key });
    },
    identified: async (whole, app, { state, late, parameters, buyerIp }) => {
      const way = await wayThrough(deps, state.channelAccountId, app);
      if (way === null) return { step: "elsewhere" };
      const key = `scan ${state.nonce}`;
      // A reload, or the same request twice: the wallet's code is spent, and the order is there.
      const made = await madeBefore(deps, whole, key);
      if (made !== null) return made;
      if (isWaiting(whole, deps.clock.now())) return { step: "confirming" };
      if (way.identify === null || late) return { step: "unidentified" };
      const code = parameters[way.identify.codeParameter];
      if (typeof code !== "string" || code === "") return { step: "unidentified" };
      const asked = await buyerOf(deps, way, way.identify, code);
      if ("reason" in asked) {
        const twin = asked.reason === "refused" ? await madeMeanwhile(deps, whole, key) : null;
        return twin ?? { step: "unidentified" };
      }
      const { buyer } = asked;
      const live = liveOf(whole);
      if (live?.method === way.method && live.buyer === buyer && live.nextAction !== null) {
        await deps.payments.nameAttempt(live, key);
        return stepOf(deps, live);
      }
      return attempt(deps, whole, way, { buyer, buyerIp, key });
    },
  };
}

/** How this app pays it: the kindest of its methods that an account of the merchant serves; null: none. */
async function wayOf(deps: OrderDeps, wanted: Wanted, app: ScanningApp): Promise<Way | null> {
  const channel = app.channel === null ? null : deps.channels.channel(app.channel);
  if (channel === null) return null;
  for (const method of app.methods) {
    const scene = channel.traits.scenes[method];
    if (scene === undefined) continue;
    const routed = await deps.routing.consider(requestOf(deps, wanted, method, scene.kind));
    if ("refused" in routed) continue;
    for (const { account } of routed.order) {
      const context = await deps.channels.contextOf(account, "current");
      if (!scene.requiresBuyer) return { method, account, context, identify: null };
      const identify = ableToIdentify(deps, channel, context);
      if (identify !== null) return { method, account, context, identify };
    }
  }
  return null;
}

/** By the contract whose app has asked who the buyer is, whatever routing would say by now. */
async function wayThrough(deps: OrderDeps, channelAccountId: Id, app: ScanningApp): Promise<Way | null> {
  const account = await deps.channels.account(channelAccountId);
  const channel = account === null ? null : deps.channels.channel(account.channel);
  if (account === null || channel === null || channel.traits.name !== app.channel) return null;
  const method = app.methods.find(
    (one) => account.methods.includes(one) && channel.traits.scenes[one]?.requiresBuyer === true,
  );
  if (method === undefined) return null;
  const context = await deps.channels.contextOf(account, "current");
  return { method, account, context, identify: ableToIdentify(deps, channel, context) };
}

function ableToIdentify(deps: OrderDeps, channel: Channel, context: ChannelContext): Identification | null {
  const identify = channel.identify ?? null;
  const able = identify?.authorizeUrl(context, { redirectUrl: deps.backUrl(), state: "" }) ?? null;
  return able === null ? null : identify;
}

function requestOf(deps: OrderDeps, wanted: Wanted, method: string, kind: SceneTraits["kind"]) {
  const { merchantId, currency, amount, request } = wanted;
  const { store, terminal, metadata } = request === undefined ? {} : readRequest(request);
  return {
    merchantId,
    currency,
    amount,
    method,
    kind,
    store: store ?? null,
    terminal: terminal ?? null,
    metadata: metadata ?? {},
    device: "phone",
    at: deps.clock.now(),
  };
}

function sendToWallet(
  deps: OrderDeps,
  whole: Whole,
  { account, context }: Way,
  identify: Identification,
): Step {
  const about = { paymentId: whole.payment.id, channelAccountId: account.id };
  const state = newOrderState(deps.keyring, deps.random, about, deps.clock.now());
  const url = identify.authorizeUrl(context, { redirectUrl: deps.backUrl(), state });
  return url === null ? { step: "elsewhere" } : { step: "go", url };
}

async function buyerOf(
  deps: OrderDeps,
  { account, context }: Way,
  identify: Identification,
  code: string,
): Promise<{ readonly buyer: string } | { readonly reason: "refused" | "not_known" }> {
  const { budget, counts } = deps.channels;
  if (!(await budget.take(account, "buyer"))) {
    counts.noteBudgetSpent(account.id, "buyer");
    return { reason: "not_known" };
  }
  const call = await identify.buyerOf(context, code);
  counts.note(account.id, call);
  if (call.end === "answered") return { buyer: call.value.buyer };
  const why = call.end === "refused" ? `${call.code} ${call.message}` : call.reason;
  const about = { channel_account: formatId("cha", account.id), why };
  deps.log.warn(about, "a buyer could not be identified");
  return { reason: call.end === "refused" ? "refused" : "not_known" };
}

/** What an earlier call with the same state has led to; null: there was none. */
async function madeBefore(deps: OrderDeps, { payment }: Whole, key: string): Promise<Step | null> {
  try {
    const wished = await deps.payments.wished(payment.id, key);
    if (wished === null) return null;
    const live = liveOf(wished);
    return live?.id === wished.attemptId ? stepOf(deps, live) : { step: "ended" };
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return stepOfProblem(error);
  }
}

/**
 * A code that is refused may have been spent a moment ago by the same request, which wishes at any moment.
 */
async function madeMeanwhile(deps: OrderDeps, whole: Whole, key: string): Promise<Step | null> {
  const until = plus(deps.clock.now(), TWIN_WAIT_MS);
  for (;;) {
    const made = await madeBefore(deps, whole, key);
    if (made !== null || deps.clock.now() >= until) return made;
    await deps.clock.sleep(TWIN_LOOK_MS);
  }
}

async function attempt(
  deps: OrderDeps,
  { payment }: Whole,
  { method, account, identify }: Way,
  by: { readonly buyer: string | null; readonly buyerIp: string; readonly key: string },
): Promise<Step> {
  const only = identify === null ? undefined : account.id;
  const wish = { method, paymentCode: null, buyer: by.buyer, buyerIp: by.buyerIp, only };
  try {
    const after = await deps.payments.newAttempt(payment.merchantId, payment.id, wish, { own: by.key });
    if (after.payment.finishedAt !== null) return { step: "ended" };
    const live = liveOf(after);
    return live === null ? { step: "refused" } : stepOf(deps, live);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return stepOfProblem(error);
  }
}

function stepOfProblem({ code }: Problem): Step {
  switch (code) {
    case "payment_confirming":
    case "payment_closing":
    case "idempotency_key_reused":
      return { step: "confirming" };
    case "payment_final":
    case "payment_expired":
      return { step: "ended" };
    default:
      return { step: "refused" };
  }
}

function stepOf(deps: OrderDeps, live: Attempt): Step {
  switch (live.nextAction?.type) {
    case "redirect": {
      const { url, form } = live.nextAction;
      return { step: "go", url: form === undefined ? url : deps.goUrl(live.paymentId) };
    }
    case "jsapi_params":
      return { step: "invoke", attemptId: live.id };
    default:
      return { step: "confirming" };
  }
}

/**
 * Something about the payment is not known yet: nothing new is started before it is. What was live at its
 * expiry may have been paid until then.
 */
export function isWaiting(whole: Whole, now: Date): boolean {
  const live = liveOf(whole);
  return (
    whole.payment.closingSince !== null ||
    now >= whole.payment.expiresAt ||
    (live === null && whole.attempts.some((attempt) => attempt.state === "reversing")) ||
    (live !== null && live.nextAction === null)
  );
}
