import type { SandboxClock, SandboxRandom } from "../clock.ts";
import { randomToken } from "../clock.ts";
import type { SandboxStore, StoreReader, StoreTx } from "../store/index.ts";
import { type Fault, type FaultContext, type FaultKind, type FaultMatch, faults, matches } from "./model.ts";

export type FaultDeps = { store: SandboxStore; clock: SandboxClock; random: SandboxRandom };

/** At most this many faults are kept; the oldest that is used up makes room for a new one. */
export const faultsMax = 500;

export type FaultAsked = {
  kind: FaultKind;
  match: FaultMatch;
  rate: number;
  count: number | null;
  params: Fault["params"];
};

/** Arms a fault; undefined when as many are armed as can be. */
export function armFault(deps: FaultDeps, asked: FaultAsked): Promise<Fault | undefined> {
  const fault: Fault = {
    id: `flt_${randomToken(deps.random, 9)}`,
    kind: asked.kind,
    match: asked.match,
    rate: asked.rate,
    remaining: asked.count,
    params: asked.params,
    happened: 0,
    createdAt: deps.clock.now(),
  };
  return deps.store.transaction(async (tx) => {
    const { records } = await tx.list(faults, { limit: faultsMax });
    if (records.length >= faultsMax) {
      const usedUp = records.findLast((known) => known.remaining === 0);
      if (!usedUp) return undefined;
      await tx.remove(faults, usedUp.id);
    }
    await tx.insert(faults, fault);
    return fault;
  });
}

/** All faults, the used-up ones included, newest first. */
export async function listFaults(reader: StoreReader): Promise<Fault[]> {
  return (await reader.list(faults, { limit: faultsMax })).records;
}

/** Whether any fault can still happen. */
export async function anyArmed(reader: StoreReader): Promise<boolean> {
  return (await listFaults(reader)).some((fault) => fault.remaining !== 0);
}

/** Removes one fault; false when there is none. */
export function disarmFault(deps: FaultDeps, id: string): Promise<boolean> {
  return deps.store.transaction((tx) => tx.remove(faults, id));
}

/** Removes all faults and says how many there were. */
export function disarmAll(deps: FaultDeps): Promise<number> {
  return deps.store.transaction(async (tx) => {
    const known = await listFaults(tx);
    for (const fault of known) await tx.remove(faults, fault.id);
    return known.length;
  });
}

/** The faults armed when a call or message begins; asking for one that applies uses it up by one. */
export type ArmedFaults = {
  take(
    kind: FaultKind,
    context: FaultContext,
    accept?: (fault: Fault) => boolean,
  ): Promise<Fault | undefined>;
};

/**
 * Reads what is armed once; each `take` decides by match, then by rate. What is taken is written with the
 * caller's transaction, so that a call that fails uses nothing up.
 */
export async function armedFaults(tx: StoreTx, random: SandboxRandom): Promise<ArmedFaults> {
  const armed = (await listFaults(tx)).reverse();
  return {
    take: async (kind, context, accept = () => true) => {
      for (const candidate of armed) {
        if (!matches(candidate, kind, context) || !accept(candidate)) continue;
        if (candidate.rate < 1 && random.fraction() >= candidate.rate) continue;
        const current = await tx.lock(faults, candidate.id);
        if (!current || !matches(current, kind, context)) continue;
        const remaining = current.remaining === null ? null : current.remaining - 1;
        const used = { ...current, remaining, happened: current.happened + 1 };
        await tx.update(faults, used);
        candidate.remaining = remaining;
        return used;
      }
      return undefined;
    },
  };
}
