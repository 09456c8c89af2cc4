/** A repeat of what another call is carrying out waits for a moment, and then shows the payment as it is. */
import { plus, SECOND } from "../../kernel/clock.ts";
import type { Cell } from "../../kernel/database.ts";
import { problem } from "../../kernel/errors.ts";
import type { Id } from "../../kernel/ids.ts";
import { isFinalPayment, type Payment } from "../model.ts";
import { type Whole, wholesById } from "../whole.ts";
import { readRequest } from "./request.ts";

/** A duplicate of a create whose order is still being placed waits this long for it. */
const WAIT_MS = 3 * SECOND;
const LOOK_MS = 200;
/** After an order failed, whoever placed it may be writing the next, through another account. */
const FALLBACK_MS = SECOND;

export async function loadWhole(cell: Pick<Cell, "db">, paymentId: Id): Promise<Whole | null> {
  return (await wholesById(cell.db, [paymentId])).get(paymentId) ?? null;
}

/** A payment as it now is; one whose order is still being placed is looked at again for a moment. */
export async function settled(cell: Pick<Cell, "db" | "clock">, payment: Payment): Promise<Whole> {
  const { clock } = cell;
  const until = plus(clock.now(), WAIT_MS);
  for (;;) {
    const whole = await loadWhole(cell, payment.id);
    if (whole === null) throw problem("not_found");
    const now = clock.now();
    if (now >= until || !isBeingPlaced(whole, now)) return whole;
    await clock.sleep(LOOK_MS);
  }
}

function isBeingPlaced({ payment, attempts }: Whole, now: Date): boolean {
  const live = attempts.find((attempt) => attempt.id === payment.liveAttemptId);
  if (live !== undefined) return live.state === "created";
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
  const { clock } = cell;
  const until = plus(clock.now(), WAIT_MS);
  for (;;) {
    const whole = await loadWhole(cell, paymentId);
    if (whole === null) throw problem("not_found");
    const attempt = whole.attempts.find((one) => one.id === attemptId);
    const isOver = clock.now() >= until;
    if (
      isFinalPayment(whole.payment.status) ||
      (attempt !== undefined && (attempt.state !== "created" || isOver))
    )
      return whole;
    if (isOver) throw problem("payment_confirming", { retryAfterSeconds: ASK_AGAIN_SECONDS });
    await clock.sleep(LOOK_MS);
  }
}

/** When whoever asked too early asks again. */
export const ASK_AGAIN_SECONDS = 2;
