/**
 * `npm run interleavings -- [--depth 12] [--states 100000]`: every order of events, breadth-first over
 * distinct states, until a world has no new state, the depth is reached, or a world has so many states. Exit
 * code 1 and the shortest way there when a rule is broken.
 */
import { parseArgs } from "node:util";
import { explore } from "./explore.ts";
import { FAR } from "./worlds.ts";

const { values } = parseArgs({
  options: {
    depth: { type: "string", default: "12" },
    states: { type: "string", default: "100000" },
  },
});
for (const world of FAR) {
  const { states, steps, byDepth, isWhole } = explore(world, Number(values.depth), Number(values.states));
  const far = `${byDepth.length - 1} events far${isWhole ? ", and there are no more" : ""}`;
  console.log(`${world.name}: ${states} states, ${steps} steps, ${far}`);
}
