import type { FastifyInstance } from "fastify";
import { bodyOf, integerField, Refused, textField } from "../refuse.ts";
import { accountOrRefusal } from "./accounts/service.ts";
import { type StripeDeps, transact } from "./context.ts";
import { newId } from "./ids.ts";
import { type Movement, movements, OWN_MOVEMENTS } from "./model.ts";
import { utcDate } from "./movement.ts";
import { viewMovement } from "./views.ts";

const amountMax = 10_000_000_000;

/** `POST /stripe/movements`: what Stripe itself moves on an account's balance, of no order. */
export function registerStripeMovements(app: FastifyInstance, deps: StripeDeps): void {
  app.post("/stripe/movements", async (request, reply) => {
    const body = bodyOf(request.body, ["account_id", "type", "amount", "fee", "currency", "description"]);
    const movement = await transact(deps, async ({ tx, now }) => {
      const { account } = await accountOrRefusal(tx, textField(body, "account_id", 32) ?? "");
      const made = movementOf(deps, account.id, body, now);
      await tx.insert(movements, made);
      return made;
    });
    return reply.status(201).send(viewMovement(movement));
  });
}

function movementOf(deps: StripeDeps, accountId: string, body: Record<string, unknown>, now: Date): Movement {
  const type = OWN_MOVEMENTS.find((one) => one === (textField(body, "type") ?? "stripe_fee"));
  if (type === undefined) {
    throw new Refused(400, "field_invalid", `type must be one of ${OWN_MOVEMENTS.join(", ")}.`);
  }
  const amount = integerField(body, "amount", -amountMax, amountMax);
  if (amount === undefined)
    throw new Refused(400, "field_missing", "amount is required: what the account gets.");
  return {
    id: newId(deps.random, "txn_"),
    accountId,
    date: utcDate(now),
    type,
    category: type,
    amount: BigInt(amount),
    fee: BigInt(integerField(body, "fee", 0, amountMax) ?? 0),
    currency: (textField(body, "currency", 3) ?? "usd").toLowerCase(),
    sourceId: "",
    orderId: "",
    orderNo: "",
    description: textField(body, "description", 256) ?? "",
    createdAt: now,
  };
}
