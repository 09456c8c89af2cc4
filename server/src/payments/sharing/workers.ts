/** What is due of shares: bindings, plans and ends of splittings, shares, and what comes back. */
import type { Channels, ShareOutcome, SharingTraits } from "../../channels/index.ts";
import { HOUR, MINUTE, plus, SECOND } from "../../kernel/clock.ts";
import type { Cell, Tx } from "../../kernel/database.ts";
import { type DueWorker, startDueWorker } from "../../kernel/due.ts";
import type { Log } from "../../kernel/log.ts";
import {
  type Binding,
  type Contracts,
  claimBindings,
  claimReturns,
  claimShares,
  claimSharings,
  isFinal,
  LEASE_MS,
  type Share,
  type ShareReturn,
  type SharingRow,
  shareById,
  sharesOfPayments,
  updateBinding,
} from "../../sharing/index.ts";
import type { Refund } from "../model.ts";
import { refundById } from "../refund/store.ts";
import type { ShareCalls } from "./calls.ts";
import { answerReturn, isItsTurn } from "./decide.ts";
import type { ShareDoor } from "./door.ts";
import { isRefusedForReceiver, REFUND_FAILED } from "./room.ts";
import type { Shares } from "./service.ts";

const IDLE_MS = 500;
const CONCURRENCY_MAX = 64;
const CLAIM_MAX = 16;

/** A receiver that the channel did not take for a reason of the moment is tried again after these gaps. */
const BIND_GAPS_MS = [5 * SECOND, 30 * SECOND, 2 * MINUTE, 10 * MINUTE, HOUR];

export type ShareWorkersDeps = {
  readonly cell: Cell;
  readonly channels: Pick<Channels, "channel">;
  readonly contracts: Contracts;
  readonly door: ShareDoor;
  readonly calls: ShareCalls;
  readonly shares: Shares;
  readonly log: Log;
};

export type ShareWorkers = {
  nudge(): void;
  stop(): Promise<void>;
  readonly gauges: Readonly<
    Record<"receiver_bindings" | "sharings" | "shares" | "share_returns", DueWorker["gauges"]>
  >;
};

/** Starts the workers of a cell; any number of processes may run them. */
export function startShareWorkers(deps: ShareWorkersDeps): ShareWorkers {
  const { cell, log } = deps;
  const worker = <Row>(
    name: string,
    claim: (tx: Tx, now: Date, until: Date, limit: number) => Promise<Row[]>,
    handle: (row: Row) => Promise<void>,
  ) =>
    startDueWorker<Row>({
      name,
      clock: cell.clock,
      log,
      concurrencyMax: CONCURRENCY_MAX,
      claimMax: CLAIM_MAX,
      idleMs: IDLE_MS,
      claim: (limit) => {
        const now = cell.clock.now();
        return cell.transact((tx) => claim(tx, now, plus(now, LEASE_MS), limit));
      },
      handle,
    });
  const workers = {
    receiver_bindings: worker<Binding>("receiver bindings", claimBindings, (row) => attendBinding(deps, row)),
    sharings: worker<SharingRow>(
      "sharings",
      (tx, now, until, limit) => claimSharings(tx, { now, until, limit }),
      (row) => (row.state === "finishing" ? deps.calls.finish(row) : deps.shares.attend(row)),
    ),
    shares: worker<Share>(
      "shares",
      (tx, now, until, limit) => claimShares(tx, { now, until, limit }),
      (row) => attendShare(deps, row),
    ),
    share_returns: worker<ShareReturn>(
      "share returns",
      (tx, now, until, limit) => claimReturns(tx, { now, until, limit }),
      (row) => attendReturn(deps, row),
    ),
  };
  const all = Object.values(workers);
  return {
    nudge: () => {
      for (const one of all) one.nudge();
    },
    stop: async () => {
      await Promise.all(all.map((one) => one.stop()));
    },
    gauges: {
      receiver_bindings: workers.receiver_bindings.gauges,
      sharings: workers.sharings.gauges,
      shares: workers.shares.gauges,
      share_returns: workers.share_returns.gauges,
    },
  };
}

async function attendShare(deps: ShareWorkersDeps, share: Share): Promise<void> {
  if (share.state === "created") {
    const shares = await sharesOfPayments(deps.cell.db, [share.paymentId]);
    // Whoever ends the one before brings this one's turn on; the lease is for the case that nobody does.
    if (!isItsTurn(shares, share.id)) return;
  }
  await deps.calls.share(share);
}

async function attendReturn(deps: ShareWorkersDeps, given: ShareReturn): Promise<void> {
  const share = await shareById(deps.cell.db, given.shareId);
  if (share === null) throw new Error(`the return ${given.id} has no share`);
  if (!isFinal(share)) return;
  const traits = deps.channels.channel(share.channel)?.sharing?.traits;
  if (traits === undefined) throw new Error(`the channel ${share.channel} splits nothing`);
  if (traits.returnsWithRefund) await withItsRefund(deps, given, traits);
  else await deps.calls.returnShare(given, share);
}

/** What came back came back with the refund; what the receiver could not give is refused with it. */
async function withItsRefund(
  deps: ShareWorkersDeps,
  given: ShareReturn,
  traits: SharingTraits,
): Promise<void> {
  const refund = await refundById(deps.cell.db, given.refundId);
  if (refund === null) throw new Error(`the return ${given.id} has no refund`);
  if (endWithRefund(refund, traits) === null) return;
  await deps.door.under(given, (locked) => {
    // The refund may have been taken since: only what is read under the lock counts.
    const present = locked.refunds.find(({ id }) => id === given.refundId);
    const value = present === undefined ? null : endWithRefund(present, traits);
    if (value === null) return [null, {}];
    const answer = { end: { end: "answered", value } as const, asked: true };
    const { decision, effects } = answerReturn(locked, given.id, answer);
    return [decision, effects];
  });
}

/** What its refund says of a return; null: nothing yet. */
function endWithRefund(refund: Refund, traits: SharingTraits): ShareOutcome | null {
  const isOver = refund.state === "failed";
  const code = refund.failureCode ?? "";
  if (isOver || isRefusedForReceiver(refund, traits)) {
    return {
      outcome: "failed",
      code: isOver ? REFUND_FAILED : code,
      message: refund.failureMessage ?? "",
    };
  }
  if (refund.acceptedAt === null) return null;
  return { outcome: "done", channelOwnNo: refund.channelOwnRefundNo, channelDate: dateOf(refund) };
}

function dateOf({ id, channelDate }: { readonly id: string; readonly channelDate: string | null }): string {
  if (channelDate === null) throw new Error(`the refund ${id} was accepted on no day`);
  return channelDate;
}

async function attendBinding(deps: ShareWorkersDeps, binding: Binding): Promise<void> {
  const { cell } = deps;
  const contract = await deps.contracts.of(binding.channelAccountId);
  const write = (changes: Partial<Binding>) =>
    cell.transact((tx) => updateBinding(tx, { ...binding, ...changes }), { repeatable: true });
  const bound = { state: "bound", failureCode: null, failureMessage: null, dueAt: null } as const;
  // Our own books know a receiver as soon as two people do.
  if (contract?.mode === "books") return write({ ...bound, finishedAt: cell.clock.now() });
  const call = await deps.calls.bind(binding);
  const now = cell.clock.now();
  if (call.end === "answered" && call.value.outcome === "bound") {
    return write({ ...bound, finishedAt: now });
  }
  const said = call.end === "answered" ? call.value : call;
  const why = {
    failureCode: "code" in said ? said.code : call.end,
    failureMessage: "message" in said ? said.message : "reason" in said ? said.reason : "",
  };
  if (call.end === "answered" || (call.end === "refused" && !call.retryable)) {
    return write({ ...why, state: "failed", dueAt: null, finishedAt: now });
  }
  const gap = BIND_GAPS_MS[Math.min(binding.tries, BIND_GAPS_MS.length - 1)] as number;
  await write({ ...why, tries: binding.tries + 1, dueAt: plus(now, gap) });
}
