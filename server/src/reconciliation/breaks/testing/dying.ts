/** Generations applied by a process that dies in the middle. */
import type { TestPlatform } from "../../../../../tools/testing/platform.ts";
import type { ChannelAccount } from "../../../channels/index.ts";
import { plus } from "../../../kernel/clock.ts";
import type { Cell } from "../../../kernel/database.ts";
import { type Id, parseId } from "../../../kernel/ids.ts";
import { apply } from "../apply.ts";
import type { ApplyDeps } from "../under-lock.ts";
import type { World } from "./world.ts";

/** Findings in one transaction: few, so that there are several. */
export const CHUNK = 2;
const FIRST = new Date("2027-01-01T00:00:00Z");
const DAY_MS = 86_400_000;

/** Two channel dates that no other case of the file has. */
export function dates(): () => readonly [string, string] {
  let days = 0;
  return () => {
    const at = (offset: number) =>
      plus(FIRST, (2 * days + offset) * DAY_MS)
        .toISOString()
        .slice(0, 10);
    const two = [at(0), at(1)] as const;
    days += 1;
    return two;
  };
}

class Killed extends Error {}

export type Dying = {
  /** What apply stands on; `await`s are counted, and the one numbered `dies` is the last; 0: none is. */
  depsThatDie(dies: number): { readonly deps: ApplyDeps; readonly goOn: () => Promise<void> };
  /** Applies it, killed once at an await; false: it was done before that. */
  killedAt(id: Id, dies: number): Promise<boolean>;
};

/** @param of asked for at each use: both are made in `before` */
export function dyingOn(of: () => { readonly platform: TestPlatform; readonly world: World }): Dying {
  /** What the door has booked of an order: the sum that it was first told. */
  const bookedSums = new Map<Id, bigint>();
  const depsThatDie: Dying["depsThatDie"] = (dies) => {
    const { platform, world } = of();
    const { cell } = platform.app;
    const { channelAccountId, shop } = world;
    let awaited = 0;
    const step = () => {
      awaited += 1;
      if (awaited === dies) throw new Killed();
    };
    const account = {
      id: channelAccountId,
      merchantId: parseId("mch", shop.id) as Id,
      fundFlow: "through_platform",
      costSettlement: "net",
    } as ChannelAccount;
    const dying: Cell = {
      ...cell,
      transact: async (work, options) => {
        step();
        const done = await cell.transact(work, options);
        step();
        return done;
      },
    };
    return {
      deps: {
        cell: dying,
        channels: { account: async () => account },
        statementSays: async ({ line }) => {
          step();
          const attemptId = parseId("att", line.channelOrderNo);
          if (attemptId === null) return { end: "unknown" };
          const booked = bookedSums.get(attemptId) ?? line.settleAmount;
          bookedSums.set(attemptId, booked);
          const end = booked === line.settleAmount ? "booked" : "known";
          return { end, paymentId: attemptId, attemptId, refundId: null };
        },
        openAccounts: async () => step(),
      },
      goOn: async () => step(),
    };
  };
  return {
    depsThatDie,
    killedAt: async (id, dies) => {
      const { deps, goOn: step } = depsThatDie(dies);
      try {
        await apply(deps, id, step, CHUNK);
        return false;
      } catch (error) {
        if (!(error instanceof Killed)) throw error;
        return true;
      }
    },
  };
}
