/** All that can happen to one payment, breadth-first over distinct states. */

import { assertHolds } from "../holds.ts";
import { type Story, startStory } from "../story.ts";
import { assertTold, stepsTaken } from "./changes.ts";
import { keyOf } from "./key.ts";
import { AMOUNT, type Bounds, stepsOf } from "./steps.ts";

/** The first order's method; null: the payment begins without one. */
export type World = { readonly name: string; readonly first: string | null; readonly bounds: Bounds };

export type Explored = {
  readonly states: number;
  /** No event leads to a state that is not known: any longer way is one of those taken. */
  readonly isWhole: boolean;
  readonly steps: number;
  /** Distinct states by the number of events that lead there. */
  readonly byDepth: readonly number[];
  /** `machine: from → to`, with the shortest way there. */
  readonly taken: ReadonlyMap<string, readonly string[]>;
};

type Node = { readonly parent: Node | null; readonly step: string };

/**
 * Throws on the first broken rule, which no shorter way reaches, and tells the way. A depth that was begun is
 * gone through, though it brings more than `statesMax` states.
 */
export function explore(world: World, depth: number, statesMax = Number.POSITIVE_INFINITY): Explored {
  const start = startStory({ amount: AMOUNT, method: world.first });
  const seen = new Set([keyOf(start)]);
  const byDepth = [1];
  const taken = new Map<string, readonly string[]>();
  let steps = 0;
  let front: { story: Story; node: Node | null }[] = [{ story: start, node: null }];
  for (let far = 1; far <= depth && front.length > 0 && seen.size < statesMax; far++) {
    const next: typeof front = [];
    for (const { story, node } of front) {
      for (const step of stepsOf(story, world.bounds)) {
        steps++;
        const here = { parent: node, step: step.name };
        const after = story.fork();
        try {
          step.take(after);
          for (const name of stepsTaken(story, after)) if (!taken.has(name)) taken.set(name, wayTo(here));
          assertTold(story, after);
          const key = keyOf(after);
          if (seen.has(key)) continue;
          assertHolds(after);
          seen.add(key);
          next.push({ story: after, node: here });
        } catch (error) {
          throw new Error(`${world.name}: ${reason(error)}, after ${wayTo(here).join(" → ")}`, {
            cause: error,
          });
        }
      }
    }
    if (next.length > 0) byDepth.push(next.length);
    front = next;
  }
  return { states: seen.size, isWhole: front.length === 0, steps, byDepth, taken };
}

function wayTo(node: Node | null): string[] {
  const way: string[] = [];
  for (let at = node; at !== null; at = at.parent) way.unshift(at.step);
  return way;
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
