import type { Channels } from "../channels/index.ts";
import { plus } from "../kernel/clock.ts";
import type { Cell } from "../kernel/database.ts";
import type { Id } from "../kernel/ids.ts";
import type { Merchants } from "../merchants/index.ts";
import type { Operators } from "../operators/index.ts";
import type { PaymentsRoom, Whole } from "../payments/index.ts";
import { isPatienceOver, type Verification } from "./model.ts";
import * as store from "./store.ts";

export type VerificationsDeps = {
  readonly cell: Cell;
  readonly channels: Pick<Channels, "account" | "accounts" | "budget" | "channel" | "contextOf">;
  readonly merchants: Pick<Merchants, "get">;
  readonly operators: Pick<Operators, "auditAlone">;
  readonly room: Pick<PaymentsRoom, "payments" | "refunds" | "wasNotified">;
};

/** What a step learnt. */
export type Change = Partial<
  Omit<Verification, "id" | "channelAccountId" | "merchantId" | "counterpartRevision">
>;

/** The contract, and the connector that speaks for it. */
export async function lineOf(deps: VerificationsDeps, channelAccountId: Id) {
  const account = await deps.channels.account(channelAccountId);
  const channel = account === null ? null : deps.channels.channel(account.channel);
  if (account === null || channel === null) throw new Error(`the account ${channelAccountId} is not there`);
  return { account, channel };
}

/** Its payment; only before it was placed is there none. */
export async function paymentOf(deps: VerificationsDeps, seen: Verification): Promise<Whole> {
  const whole = seen.paymentId === null ? null : await deps.room.payments.find(seen.paymentId);
  if (whole === null) throw new Error(`the verification ${seen.id} has lost its payment`);
  return whole;
}

/** Over; another one may begin. */
export function failed(deps: VerificationsDeps, detail: string): Change {
  return { state: "failed", detail, dueAt: null, finishedAt: deps.cell.clock.now() };
}

/** As it is, looked at again after `gapMs`. */
export function later(deps: VerificationsDeps, seen: Verification, gapMs: number): Promise<Verification> {
  return change(deps, seen, { dueAt: plus(deps.cell.clock.now(), gapMs) });
}

/** Writes what was learnt, unless somebody else was quicker: the row as it is then. */
export async function change(deps: VerificationsDeps, seen: Verification, to: Change): Promise<Verification> {
  return deps.cell.transact(async (tx) => {
    const present = await store.lockVerification(tx, seen.id);
    if (present === null) throw new Error(`the verification ${seen.id} is not there`);
    if (present.state !== seen.state) return present;
    const after = { ...present, ...to };
    await store.updateVerification(tx, after);
    return after;
  });
}

/**
 * What may change by itself is waited for as long as a bill is: then another verification must be possible.
 */
export function tryAgain(deps: VerificationsDeps, seen: Verification, detail: string, gapMs: number): Change {
  const now = deps.cell.clock.now();
  return isPatienceOver(seen, now) ? failed(deps, detail) : { detail, dueAt: plus(now, gapMs) };
}
