/** New attempts whose accounts have quotas: their rows are locked before anything is decided. */
import type { Tx } from "../../kernel/database.ts";
import type { Id } from "../../kernel/ids.ts";
import { openChoosing } from "../attempt/choices.ts";
import type { Attempt } from "../model.ts";
import type { Command } from "./commands.ts";
import type { Around } from "./decide.ts";

export type Reserving = {
  readonly reserved: Around["reserved"];
  /** Writes what was reserved; what was not added after all is given back. */
  write(added: ReadonlyMap<Id, Attempt>): Promise<void>;
};

/** @param known attempts that are there already: they reserve nothing again. */
export async function reserveAttempts(
  tx: Tx,
  commands: readonly Command[],
  known: ReadonlyMap<Id, Attempt>,
): Promise<Reserving> {
  const limited = commands.flatMap((command) =>
    command.kind === "new_attempt" && command.choices !== undefined ? [command.choices] : [],
  );
  if (limited.length === 0) return { reserved: ({ attempt }) => attempt, write: async () => undefined };
  const choosing = await openChoosing(tx, limited);
  const taken = new Map<Id, Attempt>();
  return {
    reserved: ({ attempt, choices }) => {
      const present = known.get(attempt.id) ?? taken.get(attempt.id);
      if (choices === undefined || present !== undefined) return present ?? attempt;
      const chosen = choosing.take(choices);
      if (chosen !== null) taken.set(chosen.id, chosen);
      return chosen;
    },
    write: async (added) => {
      for (const attempt of taken.values()) if (!added.has(attempt.id)) choosing.giveBack(attempt);
      await choosing.write();
    },
  };
}
