/**
 * A step is a moment at which something leaves or reaches a process of the platform, seen from outside by a
 * proxy: a COMMIT, a call to a channel, a notification, a webhook. Each has two: `before` it goes on, and
 * `after` it took effect but before its answer returns.
 */

/** `go`: let it pass. `cut`: close the connection that carries it, on both sides; `reset`: by a TCP reset. */
export type Verdict = "go" | "cut" | "reset";

/** Asked by a proxy at each step; the proxy holds everything on that connection until it is answered. */
export type Gate = (step: string) => Promise<Verdict>;

/** Lets everything pass. */
export const openGate: Gate = () => Promise.resolve("go");

export type Steps = {
  readonly gate: Gate;
  /** Starts to count; `target` is the step to strike at, null: only note them. */
  begin(target: string | null): void;
  /** Stops counting; the steps that passed, in order, and whether the target was among them. */
  end(): { readonly passed: readonly string[]; readonly struck: boolean };
  readonly struck: boolean;
};

/**
 * Names each step by what happens and how often it happened before, so that two runs of one story name their
 * steps alike whatever else goes on. At the target `strike` is carried out once, and what it hit is cut.
 */
export function createSteps(strike: () => Promise<void>): Steps {
  let counting = false;
  let target: string | null = null;
  let struck = false;
  let passed: string[] = [];
  const seen = new Map<string, number>();
  return {
    gate: async (step) => {
      if (!counting) return "go";
      const times = (seen.get(step) ?? 0) + 1;
      seen.set(step, times);
      const name = times === 1 ? step : `${step} (${times})`;
      passed.push(name);
      if (struck || name !== target) return "go";
      struck = true;
      await strike();
      return "cut";
    },
    begin: (wanted) => {
      target = wanted;
      struck = false;
      passed = [];
      seen.clear();
      counting = true;
    },
    end: () => {
      counting = false;
      return { passed, struck };
    },
    get struck() {
      return struck;
    },
  };
}
