/** Another way to pay the same payment: close before re-pay. */
import { ERRORS, Problem, problem } from "../../kernel/errors.ts";
import type { Id } from "../../kernel/ids.ts";
import type { Merchant } from "../../merchants/index.ts";
import { freeCodes, useCode, usedCode } from "../attempt/codes.ts";
import { addAttempt, placeAmong } from "../attempt/fallback.ts";
import { type AttemptWish, type PreparedAttempt, prepareAttempt } from "../attempt/prepare.ts";
import { type Attempt, isFinalPayment, liveOf } from "../model.ts";
import type { Whole } from "../whole.ts";
import { readRequest } from "./request.ts";
import type { Payments, PaymentsDeps } from "./service.ts";
import { ASK_AGAIN_SECONDS } from "./unfinished.ts";

type Service = Pick<Payments, "get" | "finishClosing">;

/** A buyer who tries again and again spends the channel account's calls. */
const ATTEMPTS_MAX = 30;

/**
 * Ends the live attempt, and places another. Throws the refusal; whatever happens, at most one is live.
 */
export async function newAttempt(
  deps: PaymentsDeps,
  service: Service,
  { merchantId, paymentId, id }: { readonly merchantId: Id; readonly paymentId: Id; readonly id: Id },
  wish: AttemptWish,
): Promise<Whole> {
  const { payment, attempts } = await service.get(merchantId, paymentId);
  if (isFinalPayment(payment.status))
    throw problem("payment_final", { detail: `the payment has ${payment.status}` });
  if (attempts.length >= ATTEMPTS_MAX) {
    throw problem("conflict", {
      detail: `a payment has at most ${ATTEMPTS_MAX} attempts; create another one`,
    });
  }
  deps.merchants.requireActive((await deps.merchants.get(merchantId)) as Merchant);
  const first = readRequest(payment.request);
  const fallback = {
    ...wish,
    buyer: wish.buyer ?? first.buyer ?? null,
    buyerIp: wish.buyerIp ?? first.buyer_ip ?? null,
  };
  const prepared = await prepareAttempt(deps, id, payment, fallback, deps.cell.clock.now());
  const { decision } = prepared;
  let ended: Ended | null = null;
  try {
    ended = await makeRoomWithCode(deps, service, { payment, attempts, prepared }, wish.paymentCode);
  } finally {
    const isWritten = ended !== null && "attempt" in ended;
    if (!isWritten && decision !== null) deps.routing.giveUp(decision);
  }
  if (!("attempt" in ended)) return ended;
  const { attempt } = ended;
  return placeAmong(deps, { payment, attempt, prepared, paymentCode: wish.paymentCode });
}

type Ending = Pick<Whole, "payment" | "attempts"> & { readonly prepared: PreparedAttempt };
/** The attempt that was written; the payment instead, when it was paid meanwhile. */
type Ended = Whole | { readonly attempt: Attempt };

/** The code is used before anything ends, and free again where no attempt takes it. */
async function makeRoomWithCode(
  deps: PaymentsDeps,
  service: Service,
  ending: Ending,
  paymentCode: string | null,
): Promise<Ended> {
  const [{ attempt: wanted }] = ending.prepared.choices;
  const code = usedCode(deps.keyring, wanted, paymentCode);
  if (code !== null) await useCode(deps.cell, code);
  const freeCode = async () => {
    if (code !== null) await deps.cell.transact((tx) => freeCodes(tx, [code]));
  };
  const ended = await makeRoom(deps, service, ending).catch(async (error: unknown) => {
    const isRefused = error instanceof Problem && ERRORS[error.code].status < 500;
    if (isRefused) await freeCode();
    throw error;
  });
  if (!("attempt" in ended)) await freeCode();
  return ended;
}

/** Ends the live attempt and writes the next one; the payment instead, when it was paid meanwhile. */
async function makeRoom(
  deps: PaymentsDeps,
  service: Service,
  { payment, attempts, prepared }: Ending,
): Promise<Ended> {
  const live = liveOf({ payment, attempts });
  if (live !== null) {
    const ended = await endLive(deps, service, live);
    if (ended !== null) return ended;
  }
  const added = await addAttempt(deps, prepared);
  if ("refused" in added) throw wishProblem(added.refused);
  return added;
}

/**
 * Ends the live attempt to make room for another: null when there is room; the payment when it was paid
 * instead.
 */
async function endLive(deps: PaymentsDeps, service: Service, live: Attempt): Promise<Whole | null> {
  const { paymentId, merchantId, channelAccountId } = live;
  const begun = await deps.door.submit({
    kind: "begin_closing",
    closingFor: "new_attempt",
    paymentId,
    merchantId,
    channelAccountId,
  });
  if (begun.wish?.done === false) throw wishProblem(begun.wish.refusal);
  const callId = begun.wish?.callAttemptId;
  const target = begun.attempts.find((attempt) => attempt.id === callId);
  if (target === undefined) return null;
  const after = await service.finishClosing(target, "buyer");
  if (after.payment.status === "succeeded") return after;
  if (after.payment.liveAttemptId !== null) throw wishProblem("payment_confirming");
  return null;
}

/** What a refused wish is answered with. */
export function wishProblem(refusal: string) {
  switch (refusal) {
    case "payment_final":
    case "payment_expired":
      return problem(refusal);
    case "payment_closing":
    case "payment_confirming":
      return problem(refusal, { retryAfterSeconds: ASK_AGAIN_SECONDS });
    case "no_account_available":
      return problem(refusal, { field: "method", detail: "the quotas of every account are used for now" });
    default:
      return problem("conflict");
  }
}
