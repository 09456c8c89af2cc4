/** Policies: proposed by one person, approved by another, never changed: a newer version counts. */
import { problem } from "../../kernel/errors.ts";
import { formatId, type Id, parseId } from "../../kernel/ids.ts";
import type { Currency } from "../../kernel/money.ts";
import { openDay } from "../../ledger/index.ts";
import { type Merchants, settlesIn } from "../../merchants/index.ts";
import type { Actor, Approval, ApprovalAction, Operators } from "../../operators/index.ts";
import { listYears } from "../business-days/store.ts";
import type { Policy, Terms } from "../model.ts";
import type { SettleDeps } from "../settle/deps.ts";
import { insertPolicy, listPolicies, type PolicyFilter } from "./store.ts";
import { presentTerms, readTerms } from "./wire.ts";

export type NewPolicy = Terms & {
  readonly merchantId: Id;
  readonly currency: Currency;
  readonly effectiveFrom: string;
};

export type PolicyDeps = Pick<SettleDeps, "cell" | "platform"> & {
  readonly operators: Pick<Operators, "propose">;
  readonly merchants: Pick<Merchants, "get">;
};

export type Policies = {
  list(filter: PolicyFilter, page: { before: Id | null; limit: number }): Promise<Policy[]>;
  /** Throws `not_found`, `invalid_request` naming the field, `conflict` while another one is proposed. */
  propose(actor: Actor, wanted: NewPolicy, reason: string): Promise<Approval>;
  readonly action: ApprovalAction;
};

const KIND = "settlement_policy.add";

export function createPolicies(deps: PolicyDeps): Policies {
  return {
    list: (filter, page) => listPolicies(deps.platform.db, filter, page),
    propose: async (actor, wanted, reason) => {
      await check(deps, wanted);
      const { merchantId, currency, effectiveFrom } = wanted;
      return deps.operators.propose(actor, {
        kind: KIND,
        subject: `${formatId("mch", merchantId)} ${currency}`,
        payload: { ...presentTerms(wanted), effective_from: effectiveFrom },
        reason,
      });
    },
    action: {
      kind: KIND,
      permission: "settlements.approve",
      carryOut: (approval) => add(deps, approval),
    },
  };
}

/** Refusals in this order: no such merchant, its currency, the terms, the calendar, the date. */
async function check(deps: PolicyDeps, wanted: NewPolicy): Promise<void> {
  const merchant = await deps.merchants.get(wanted.merchantId);
  if (merchant === null) throw problem("not_found", { detail: "there is no such merchant" });
  const refuse = (field: string, detail: string) => problem("invalid_request", { field, detail });
  if (!settlesIn(merchant, wanted.currency)) {
    throw refuse("currency", `the merchant does not settle in ${wanted.currency}`);
  }
  if (wanted.days === 0 && wanted.basis !== "on_success") {
    throw refuse("basis", "T+0 settles on_success: nothing of the open date is explained or received yet");
  }
  if (wanted.days === 0 && wanted.personAbove !== null) {
    throw refuse("person_above", "T+0 settles at once: it is bounded by the platform's own money instead");
  }
  if ((wanted.dayKind === "business") !== (wanted.calendar !== null)) {
    throw refuse("calendar", "calendar is given with day_kind business, and only then");
  }
  if (wanted.reserveRateMillionths > 0n !== wanted.reserveDays > 0) {
    throw refuse("reserve_days", "a reserve has both a rate and days");
  }
  if (wanted.calendar !== null) {
    const known = new Set((await listYears(deps.platform.db)).map(({ calendar }) => calendar));
    if (!known.has(wanted.calendar)) {
      const detail = `no calendar ${wanted.calendar}: load it by PUT /v1/ops/business_days first`;
      throw refuse("calendar", detail);
    }
  }
  const open = (await openDay(deps.cell.db))?.accountingDate ?? "";
  if (wanted.effectiveFrom < open) {
    throw refuse("effective_from", `${open} is the earliest date that is not closed`);
  }
}

async function add(
  { cell, platform }: PolicyDeps,
  approval: Approval,
): Promise<{ done: true } | { refused: string }> {
  const [merchant = "", currency = ""] = approval.subject.split(" ");
  const merchantId = parseId("mch", merchant);
  if (merchantId === null) return { refused: `${approval.subject} is no merchant and currency` };
  const { effective_from, ...terms } = approval.payload;
  const effectiveFrom = String(effective_from);
  const open = (await openDay(cell.db))?.accountingDate ?? "";
  const policy: Omit<Policy, "version"> = {
    ...readTerms(terms as never),
    id: cell.newId(),
    merchantId,
    currency,
    effectiveFrom,
    proposedBy: approval.proposedBy,
    approvedBy: approval.decidedBy as Id,
    approvalId: approval.id,
    madeAt: cell.clock.now(),
  };
  // Carried out before a crash: the date may have passed since.
  const isMade = (
    await listPolicies(platform.db, { merchantId, currency }, { before: null, limit: 20 })
  ).some(({ approvalId }) => approvalId === approval.id);
  if (isMade) return { done: true };
  if (effectiveFrom < open) return { refused: `${effectiveFrom} has passed; propose it for a later date` };
  await platform.transact((tx) => insertPolicy(tx, policy), { repeatable: true });
  return { done: true };
}
