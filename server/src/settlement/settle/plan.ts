/** What a run needs to know of an account before anything of it is written. */
import { shiftDate } from "../../kernel/dates.ts";
import type { Id } from "../../kernel/ids.ts";
import { accountIdOf } from "../../ledger/index.ts";
import { type Calendars, cutoffOf, type Missing } from "../business-days/model.ts";
import { calendarsOf, listYears } from "../business-days/store.ts";
import { DEFAULT_TERMS, type Policy, type Terms } from "../model.ts";
import { effectivePolicies } from "../policies/store.ts";
import type { SettleDeps } from "./deps.ts";
import type { PendingAccount } from "./gather-store.ts";
import type { Cause } from "./holds-store.ts";
import { reversedAttempts } from "./holds-store.ts";

export type Plan = PendingAccount & {
  readonly terms: Terms;
  readonly policyId: Id | null;
  /** Items of dates up to this one are due. */
  readonly cutoff: string;
};

export type Waiting = PendingAccount & { readonly missing: Missing };

/** The date on which what was booked until the close of `closed` is settled. */
export function settlingOn(closed: string): string {
  return shiftDate(closed, 1);
}

export async function readCalendars(deps: Pick<SettleDeps, "platform">): Promise<Calendars> {
  return calendarsOf(await listYears(deps.platform.db));
}

/** The terms of each account on a date, and which items are due by them. */
export async function planAccounts(
  deps: Pick<SettleDeps, "platform">,
  accounts: readonly PendingAccount[],
  date: string,
  calendars: Calendars,
): Promise<{ plans: Plan[]; waiting: Waiting[] }> {
  const merchantIds = [...new Set(accounts.map(({ merchantId }) => merchantId))];
  const policies = await effectivePolicies(deps.platform.db, merchantIds, date);
  const known = new Map(policies.map((policy) => [`${policy.merchantId}/${policy.currency}`, policy]));
  const plans: Plan[] = [];
  const waiting: Waiting[] = [];
  for (const account of accounts) {
    const policy: Policy | null = known.get(`${account.merchantId}/${account.currency}`) ?? null;
    const terms = policy ?? DEFAULT_TERMS;
    const cutoff = cutoffOf(calendars, settlingOn(date), terms);
    if (typeof cutoff === "object") waiting.push({ ...account, missing: cutoff });
    else
      plans.push({ ...account, terms, policyId: policy?.id ?? null, cutoff: cutoff < date ? cutoff : date });
  }
  return { plans, waiting };
}

/**
 * Why single items wait: breaks that are not ended (under `on_success` those that a person looks at),
 * payments that the channel took back, until it is decided who bears that, and money that is still to be
 * split.
 */
export async function causesOf(deps: SettleDeps, plans: readonly Plan[]): Promise<Cause[]> {
  const strict = new Set(
    plans.filter(({ terms }) => terms.basis !== "on_success").map(({ merchantId }) => merchantId),
  );
  const merchantIds = [...new Set(plans.map(({ merchantId }) => merchantId))];
  const shortages = plans.map(({ bookId, currency }) =>
    accountIdOf(bookId, "suspense_shortage", currency, null),
  );
  const [breaks, splitting, reversed] = await Promise.all([
    deps.readings.unendedBreaks(merchantIds),
    deps.readings.splitting(merchantIds),
    // On a writer's connection, whose plans never read whole tables.
    deps.cell.transact((tx) => reversedAttempts(tx, shortages), { repeatable: true }),
  ]);
  const decided = new Set(await deps.readings.decidedReversals(reversed));
  const undecided = reversed.filter((id) => !decided.has(id));
  return [
    ...breaks.flatMap(({ merchantId, paymentId, isOpen }): Cause[] =>
      paymentId === null || !(isOpen || strict.has(merchantId))
        ? []
        : [
            {
              subject: paymentId,
              kind: "break",
              reason: "the channel's statement and the books differ over this payment",
            },
          ],
    ),
    ...undecided.map(
      (subject): Cause => ({
        subject,
        kind: "channel_reversal",
        reason: "the channel took this payment back",
      }),
    ),
    ...splitting.map(
      (subject): Cause => ({
        subject,
        kind: "sharing",
        reason: "the splitting of this payment is not finished",
      }),
    ),
  ];
}
