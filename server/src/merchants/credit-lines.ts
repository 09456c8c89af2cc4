import type { Tx } from "../kernel/database.ts";
import { problem } from "../kernel/errors.ts";
import { formatId, type Id } from "../kernel/ids.ts";
import { type Currency, formatDecimal } from "../kernel/money.ts";
import { type Actor, type Approval, type ApprovalAction, readIdField } from "../operators/index.ts";
import { creditLineOf, type Merchant, settlesIn } from "./model.ts";
import type { MerchantsDeps } from "./service.ts";
import * as store from "./store.ts";

/**
 * Lowering a credit line takes effect at once; raising it lends the merchant money, so a second person
 * approves it.
 */
export type CreditLines = {
  /** @param amount minor units, ≥ 0. Throws `not_found`, `invalid_request` naming `currency`, `conflict`. */
  set(
    actor: Actor,
    merchantId: Id,
    wanted: { currency: Currency; amount: bigint; reason: string | null },
  ): Promise<{ applied: Merchant } | { proposed: Approval }>;
  readonly action: ApprovalAction;
};

const KIND = "merchant.raise_credit_line";

export function createCreditLines(deps: MerchantsDeps & { readonly changed: (id: Id) => void }): CreditLines {
  return {
    set: async (actor, merchantId, wanted) => {
      const merchant = await store.findMerchant(deps.platform.db, merchantId);
      if (merchant === null) throw problem("not_found");
      if (!settlesIn(merchant, wanted.currency)) {
        const held = merchant.currencies.map((each) => each.currency).join(", ");
        throw problem("invalid_request", {
          field: "currency",
          detail: `the merchant does not settle in ${wanted.currency}, only in ${held}`,
        });
      }
      const from = creditLineOf(merchant, wanted.currency);
      if (wanted.amount > from) {
        const payload = { currency: wanted.currency, from: Number(from), to: Number(wanted.amount) };
        const subject = formatId("mch", merchantId);
        return {
          proposed: await deps.operators.propose(actor, {
            kind: KIND,
            subject,
            payload,
            reason: wanted.reason,
          }),
        };
      }
      const applied = await deps.platform.transact((tx) => lower(deps, tx, actor, merchantId, wanted));
      deps.changed(merchantId);
      return { applied };
    },
    action: {
      kind: KIND,
      permission: "credit_lines.approve",
      carryOut: async (approval) => {
        const outcome = await deps.platform.transact((tx) => raise(deps, tx, approval));
        deps.changed(merchantOf(approval));
        return outcome;
      },
    },
  };
}

function merchantOf(approval: Approval): Id {
  return readIdField("mch", approval.subject, "subject");
}

async function lower(
  deps: MerchantsDeps,
  tx: Tx,
  actor: Actor,
  merchantId: Id,
  wanted: { currency: Currency; amount: bigint },
): Promise<Merchant> {
  const before = await store.lockMerchant(tx, merchantId);
  if (before === null) throw problem("not_found");
  const from = creditLineOf(before, wanted.currency);
  if (wanted.amount > from) {
    throw problem("conflict", { detail: "the credit line was lowered meanwhile; ask again to raise it" });
  }
  const after = await write(deps, tx, before, wanted);
  await deps.operators.audit(tx, actor, {
    action: "merchant.credit_line_lowered",
    subject: formatId("mch", merchantId),
    before: { currency: wanted.currency, credit_line: from },
    after: { currency: wanted.currency, credit_line: wanted.amount },
  });
  return after;
}

async function raise(
  deps: MerchantsDeps,
  tx: Tx,
  approval: Approval,
): Promise<{ done: true } | { refused: string }> {
  const { currency, from, to } = approval.payload as { currency: Currency; from: number; to: number };
  const before = await store.lockMerchant(tx, merchantOf(approval));
  if (before === null) return { refused: "the merchant does not exist" };
  const present = creditLineOf(before, currency);
  // Carried out before a crash.
  if (present === BigInt(to)) return { done: true };
  // What was approved is this step, not whatever lies between a line changed since and `to`.
  if (present !== BigInt(from)) {
    const shown = formatDecimal({ amount: present, currency });
    return { refused: `the credit line is now ${shown} ${currency}; propose the raise again` };
  }
  await write(deps, tx, before, { currency, amount: BigInt(to) });
  return { done: true };
}

async function write(
  deps: MerchantsDeps,
  tx: Tx,
  before: Merchant,
  wanted: { currency: Currency; amount: bigint },
): Promise<Merchant> {
  const after: Merchant = {
    ...before,
    currencies: before.currencies.map((held) =>
      held.currency === wanted.currency ? { ...held, creditLine: wanted.amount } : held,
    ),
    revision: before.revision + 1,
    updatedAt: deps.clock.now(),
  };
  await store.updateMerchant(tx, after);
  return after;
}
