/** Whoever asks for what another call is doing is answered with what came of it. */
import { plus, SECOND } from "../../kernel/clock.ts";
import type { Cell } from "../../kernel/database.ts";
import { problem } from "../../kernel/errors.ts";
import type { Id } from "../../kernel/ids.ts";
import { isFinalPayment, type Payment } from "../model.ts";
import { type Whole, wholesById } from "../whole.ts";

/** So long a caller waits for an order that another call is placing. */
const WAIT_MS = 3 * SECOND;
const LOOK_MS = 200;
const ASK_AGAIN_SECONDS = 2;

/** A payment as it now is; one whose order is still being placed is looked at again for a moment. */
export function oncePlaced(cell: Cell, { id }: Pick<Payment, "id">): Promise<Whole> {
  return eventually(cell, id, ({ payment, attempts }, isOver) => {
    const live = attempts.find((attempt) => attempt.id === payment.liveAttemptId);
    return live?.state !== "created" || isOver;
  });
}

/**
 * The payment of a wish that another call carries out, once its order has been placed. Throws
 * `payment_confirming` where there is no attempt yet.
 */
export function onceRepeated(cell: Cell, paymentId: Id, attemptId: Id): Promise<Whole> {
  return eventually(cell, paymentId, ({ payment, attempts }, isOver) => {
    const attempt = attempts.find((one) => one.id === attemptId);
    if (isFinalPayment(payment.status)) return true;
    if (attempt !== undefined && (attempt.state !== "created" || isOver)) return true;
    if (isOver) throw problem("payment_confirming", { retryAfterSeconds: ASK_AGAIN_SECONDS });
    return false;
  });
}

async function eventually(
  cell: Cell,
  paymentId: Id,
  isThere: (whole: Whole, isOver: boolean) => boolean,
): Promise<Whole> {
  const { clock, db } = cell;
  const until = plus(clock.now(), WAIT_MS);
  for (;;) {
    const whole = (await wholesById(db, [paymentId])).get(paymentId);
    if (whole === undefined) throw problem("not_found");
    if (isThere(whole, clock.now() >= until)) return whole;
    await clock.sleep(LOOK_MS);
  }
}
