/** Ending a break by what was decided. */
import type { Id } from "../../kernel/ids.ts";
import type { Break, Resolution } from "./model.ts";
import { draftsOf } from "./plans.ts";
import type { Plan } from "./resolutions.ts";
import type { Work } from "./work.ts";

/** Posts what a resolution moves, and ends the break by it. */
export function settle(
  work: Work,
  about: Break,
  { resolution, plan, newId }: { resolution: Resolution; plan: Plan; newId: () => Id },
): Break {
  let row = about;
  for (const draft of draftsOf(work, about, plan, newId)) row = work.journal(row, "resolution", draft);
  return work.keep({
    ...row,
    state: "resolved",
    resolution,
    endedAt: work.now,
    contradiction: null,
  });
}
