/** A repeat of what another call is carrying out waits for a moment, and then shows the payment as it is. */
import { plus, SECOND } from "../../kernel/clock.ts";
import type { Cell } from "../../kernel/database.ts";
import { problem } from "../../kernel/errors.ts";
import type { Id } from "../../kernel/ids.ts";
import { isFinalPayment, liveOf, type Payment } from "../model.ts";
import { type Whole, wholesById } from "../whole.ts";
import { readRequest } from "./request.ts";

/** A duplicate of a create whose order is still being placed waits this long for it. */
const WAIT_MS = 3 * SECOND;
const LOOK_MS = 200;
/** After an order failed, whoever placed it may be writing the next, through another account. */
const FALLBACK_MS = SECOND;

/** When whoever asked too early asks again. */
export const ASK_AGAIN_SECONDS = 2;

export async function loadWhole(cell: Pick<Cell, "db">, paymentId: Id): Promise<Whole | null> {
  return (await wholesById(cell.db, [paymentId])).get(paymentId) ?? null;
}

/** A payment as it now is; one whose order is still being placed is looked at again for a moment. */
export async function settled(cell: Pick<Cell, "db" | "clock">, payment: Payment): Promise<Whole> {
  const { whole } = await lookUntil(cell, payment.id, (now, whole) => !isBeingPlaced(whole, now));
  return whole;
}

function isBeingPlaced(whole: Whole, now: Date): boolean {
  const { payment, attempts } = whole;
  const live = liveOf(whole);
  if (live !== null) return live.state === "created";
  const last = attempts.at(-1);
  if (payment.status !== "created" || last?.state !== "failed" || last.finishedAt === null) return false;
  return plus(last.finishedAt, FALLBACK_MS) > now && readRequest(payment.request).payment_code === undefined;
}

/** The payment of a wish that another call carries out, once its order has been placed. */
export async function repeated(
  cell: Pick<Cell, "db" | "clock">,
  paymentId: Id,
  attemptId: Id,
): Promise<Whole> {
  const attemptOf = ({ attempts }: Whole) => attempts.find(({ id }) => id === attemptId);
  const { whole, isThere } = await lookUntil(cell, paymentId, (_, whole) => {
    const state = attemptOf(whole)?.state;
    return isFinalPayment(whole.payment.status) || (state !== undefined && state !== "created");
  });
  if (isThere || attemptOf(whole) !== undefined) return whole;
  throw problem("payment_confirming", { retryAfterSeconds: ASK_AGAIN_SECONDS });
}

/** The payment when it is there, or as it is when the wait is over. */
async function lookUntil(
  { db, clock }: Pick<Cell, "db" | "clock">,
  paymentId: Id,
  there: (now: Date, whole: Whole) => boolean,
): Promise<{ readonly whole: Whole; readonly isThere: boolean }> {
  const until = plus(clock.now(), WAIT_MS);
  for (;;) {
    const whole = await loadWhole({ db }, paymentId);
    if (whole === null) throw problem("not_found");
    const now = clock.now();
    const isThere = there(now, whole);
    if (isThere || now >= until) return { whole, isThere };
    await clock.sleep(LOOK_MS);
  }
}
