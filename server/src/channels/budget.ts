import type { Clock } from "../kernel/clock.ts";
import type { Id } from "../kernel/ids.ts";

/** Whose call it is: a buyer who waits, work that somebody will soon ask about, or a sweep that can wait for the night. */
export type CallPriority = "buyer" | "background" | "sweep";

/** How many calls a channel account may make, per second of its contract. */
export type CallBudget = {
  /**
   * True when the call may be made now. A buyer waits up to a bound for its turn, background work does not wait, and
   * sweeps leave a share to the others. False: treat the call as `not_sent`.
   */
  take(
    account: { readonly id: Id; readonly callsPerSecond: number },
    priority: CallPriority,
  ): Promise<boolean>;
};

export declare function createCallBudget(deps: { clock: Clock }): CallBudget;
