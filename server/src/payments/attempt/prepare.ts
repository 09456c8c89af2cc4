import { isIP } from "node:net";
import { type ChannelAccount, type Channels, type SceneTraits, walletOf } from "../../channels/index.ts";
import { plus, SECOND } from "../../kernel/clock.ts";
import { problem } from "../../kernel/errors.ts";
import { channelNumber, type Id } from "../../kernel/ids.ts";
import { chooseAccount } from "../../routing/index.ts";
import type { Attempt, Payment } from "../model.ts";
import { firstDueAt } from "../outcome/commands.ts";
import { refuseRouting } from "../payment/refusals.ts";
import type { Calls } from "./calls.ts";

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
  /** By this account, in any state of its, instead of a routed one. */
  readonly through?: ChannelAccount | undefined;
};

export type PrepareDeps = {
  readonly channels: Pick<Channels, "accountsOfMerchant" | "channel">;
  readonly calls: Pick<Calls, "refuse">;
  readonly openAccounts: (opening: Opening) => Promise<void>;
};

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
): Promise<Attempt> {
  const method = methodOf(deps, wish);
  const { merchantId, currency, amount } = payment;
  const candidates =
    wish.through === undefined
      ? await deps.channels.accountsOfMerchant(merchantId)
      : [{ ...wish.through, status: "active" as const }];
  const routed = chooseAccount(candidates, { method, currency, amount });
  if ("refused" in routed) throw refuseRouting(routed, currency);
  const account = routed.chosen;
  const scene = deps.channels.channel(account.channel)?.traits.scenes[method];
  if (scene === undefined) throw problem("method_not_available", { field: "method" });
  checkWish(method, scene, wish);
  const attempt = newAttempt(id, payment, account, { ...wish, method, scene }, now);
  const refused = await deps.calls.refuse(payment, attempt, wish.paymentCode);
  if (refused !== null) throw problem("order_refused", refused);
  const { fundFlow } = account;
  await deps.openAccounts({ merchantId, currency, channelAccountId: account.id, fundFlow });
  return attempt;
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
    taken: null,
    surplus: null,
    refundedAmount: 0n,
    settledRefunded: 0n,
    feeReturned: 0n,
    costReturned: 0n,
    takenBack: 0n,
    toldRefunded: 0n,
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
