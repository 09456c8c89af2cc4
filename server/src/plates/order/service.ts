import type { ChannelAccount, ChannelContext, Channels, Identification } from "../../channels/index.ts";
import { payingApps, type ScanningApp } from "../../codes/index.ts";
import type { Clock, Random } from "../../kernel/clock.ts";
import type { Keyring } from "../../kernel/crypto.ts";
import { Problem } from "../../kernel/errors.ts";
import { formatId, type Id } from "../../kernel/ids.ts";
import type { Log } from "../../kernel/log.ts";
import type { Attempt, Payment, Payments, Whole } from "../../payments/index.ts";
import { chooseAccount } from "../../routing/index.ts";
import { newOrderState, type OrderState } from "./state.ts";

export type OrderDeps = {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly keyring: Pick<Keyring, "mac" | "macs">;
  readonly channels: Pick<Channels, "accountsOfMerchant" | "channel" | "contextOf" | "budget" | "counts">;
  readonly payments: Pick<Payments, "newAttempt">;
  /** Where the wallet's page sends the browser back to. */
  readonly backUrl: () => string;
};

/** What a browser is to do with a payment. */
export type Step =
  | { readonly step: "go"; readonly url: string }
  /** The order is in the wallet's own page; `attemptId` names it. */
  | { readonly step: "invoke"; readonly attemptId: Id }
  | { readonly step: "confirming" }
  /** The payment has ended, and shows how. */
  | { readonly step: "ended" }
  /** This app cannot pay it. */
  | { readonly step: "elsewhere" }
  /** The wallet did not tell who its user is. */
  | { readonly step: "unidentified" }
  | { readonly step: "refused" };

type Wanted = Pick<Payment, "merchantId" | "currency" | "amount">;

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
      if (live?.method === way.method && live.nextAction !== null) return stepOf(live);
      // Two requests that saw the same attempts wish for the same one.
      const key = `scan ${way.method} ${whole.attempts.length}`;
      return attempt(deps, whole, way, { buyer: null, buyerIp, key });
    },
    identified: async (whole, app, { state, parameters, buyerIp }) => {
      const way = await wayOf(deps, whole.payment, app);
      if (way === null) return { step: "elsewhere" };
      if (way.identify === null) return { step: "unidentified" };
      const code = parameters[way.identify.codeParameter];
      if (typeof code !== "string" || code === "") return { step: "unidentified" };
      const buyer = await buyerOf(deps, way, way.identify, code);
      if (buyer === null) return { step: "unidentified" };
      const live = liveOf(whole);
      const isHis = live?.method === way.method && live.buyer === buyer && live.nextAction !== null;
      if (isHis) return stepOf(live);
      return attempt(deps, whole, way, { buyer, buyerIp, key: `scan ${state.nonce}` });
    },
  };
}

/** How this app pays it: the kindest of its methods that an account of the merchant serves; null: none. */
async function wayOf(deps: OrderDeps, wanted: Wanted, app: ScanningApp): Promise<Way | null> {
  const channel = app.channel === null ? null : deps.channels.channel(app.channel);
  if (channel === null) return null;
  const accounts = await deps.channels.accountsOfMerchant(wanted.merchantId);
  for (const method of app.methods) {
    const scene = channel.traits.scenes[method];
    const routed = chooseAccount(accounts, { ...wanted, method });
    if (scene === undefined || "refused" in routed) continue;
    const account = routed.chosen;
    const context = await deps.channels.contextOf(account, "current");
    if (!scene.requiresBuyer) return { method, account, context, identify: null };
    const identify = channel.identify ?? null;
    const able = identify?.authorizeUrl(context, { redirectUrl: deps.backUrl(), state: "" }) ?? null;
    if (identify !== null && able !== null) return { method, account, context, identify };
  }
  return null;
}

function sendToWallet(deps: OrderDeps, whole: Whole, { context }: Way, identify: Identification): Step {
  const state = newOrderState(deps.keyring, deps.random, whole.payment.id, deps.clock.now());
  const url = identify.authorizeUrl(context, { redirectUrl: deps.backUrl(), state });
  return url === null ? { step: "elsewhere" } : { step: "go", url };
}

async function buyerOf(
  deps: OrderDeps,
  { account, context }: Way,
  identify: Identification,
  code: string,
): Promise<string | null> {
  const { budget, counts } = deps.channels;
  if (!(await budget.take(account, "buyer"))) {
    counts.noteBudgetSpent(account.id, "buyer");
    return null;
  }
  const call = await identify.buyerOf(context, code);
  counts.note(account.id, call);
  if (call.end === "answered") return call.value.buyer;
  const why = call.end === "refused" ? `${call.code} ${call.message}` : call.reason;
  const about = { channel_account: formatId("cha", account.id), why };
  deps.log.warn(about, "a buyer could not be identified");
  return null;
}

async function attempt(
  deps: OrderDeps,
  { payment }: Whole,
  { method }: Way,
  by: { readonly buyer: string | null; readonly buyerIp: string; readonly key: string },
): Promise<Step> {
  const wish = { method, paymentCode: null, buyer: by.buyer, buyerIp: by.buyerIp };
  try {
    const after = await deps.payments.newAttempt(payment.merchantId, payment.id, wish, by.key);
    if (after.payment.finishedAt !== null) return { step: "ended" };
    const live = liveOf(after);
    return live === null ? { step: "refused" } : stepOf(live);
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

function stepOf(live: Attempt): Step {
  switch (live.nextAction?.type) {
    case "redirect":
      return { step: "go", url: live.nextAction.url };
    case "jsapi_params":
      return { step: "invoke", attemptId: live.id };
    default:
      return { step: "confirming" };
  }
}

export function liveOf({ payment, attempts }: Whole): Attempt | null {
  return attempts.find((one) => one.id === payment.liveAttemptId) ?? null;
}
