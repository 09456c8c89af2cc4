/** What a generation finds no more: explained, and taken back; or a decision that it contradicts. */
import { formatId } from "../../kernel/ids.ts";
import { stepOfAbsence } from "./decide.ts";
import { type Break, isByDoor } from "./model.ts";
import { part } from "./pairs.ts";
import { leavePlaced, passOn, release, unplaceOther } from "./placed.ts";
import { change, contradict } from "./steps.ts";
import { breaksAbout, type Gone, goneBreaks, lockBreaks, type Topics } from "./store.ts";
import { type About, type ApplyDeps, underLock } from "./under-lock.ts";
import { end, openWork, readSuspense, takeBack, type Work } from "./work.ts";

/** Looks at the next of them, at most `limit`; false: none was left. */
export async function explainGone(deps: ApplyDeps, about: About, limit: number): Promise<boolean> {
  const { generation } = about;
  let isDone = true;
  await underLock(deps, about, async (tx, day) => {
    const gone = await goneBreaks(tx, generation, limit);
    isDone = gone.length === 0;
    if (isDone) return;
    // What the statement tells of the same orders under other names: nobody makes or links breaks meanwhile.
    const heirs = await breaksAbout(tx, generation.channelAccountId, topicsOf(gone));
    const ids = [...gone, ...heirs].flatMap(({ id, partnerId }) => [id, partnerId ?? []].flat());
    const locked = await lockBreaks(tx, [...new Set(ids)]);
    const teller = { reconciliationId: generation.id };
    const now = deps.cell.clock.now();
    const work = openWork({ cell: deps.cell, tx, day, now, locked, teller });
    await readSuspense(work, locked);
    for (const { id } of gone) {
      const known = work.present(id);
      if (known !== undefined) await leave(work, known, { ...about, newId: deps.cell.newId });
    }
    await work.write();
  });
  return !isDone;
}

/** Of what the door has booked, or may have. */
function topicsOf(gone: readonly Gone[]): Topics {
  const booked = gone.filter(({ resolution, state }) => resolution === "placed" || state === "pending");
  return {
    keys: booked.map(({ matchKey }) => matchKey),
    attemptIds: booked.flatMap(({ attemptId }) => attemptId ?? []),
  };
}

type Context = About & { readonly newId: ApplyDeps["cell"]["newId"] };

async function leave(work: Work, known: Break, context: Context): Promise<void> {
  const { generation, newId } = context;
  const sentence = sentenceOf(context);
  const toOther = `What was found on ${known.channelDate} and was the other half is found no more.`;
  const told: Break = { ...known, lastReconciliationId: generation.id };
  if (stepOfAbsence(known) === "unplace") await passOn(work, known, context);
  const isCarried = known.lastReconciliationId === generation.carriedFrom;
  if (known.state === "pending" && isCarried) unplaceOther(work, known, context);
  const heirs = work.all().filter(isPlaced);
  const seen = isByDoor(told) ? await release(work, told, context, toOther, heirs) : told;
  switch (stepOfAbsence(known)) {
    case "nothing":
      work.keep(seen);
      return;
    case "keep":
      work.keep(seen);
      work.tell(seen, "changed", "The channel and the books agree now; what went back is still missing.");
      return;
    case "settle":
      if (known.settleDifference === 0n && known.feeDifference === 0n) {
        work.keep(seen);
        return;
      }
      work.tell(seen, "changed", sentence);
      await change(work, { ...leavePlaced(work, seen, toOther), ...NOTHING }, context);
      return;
    case "explain":
      end(work, await takeBack(work, leavePlaced(work, seen, toOther), newId), "explained", sentence);
      return;
    case "undo":
      await contradict(work, { before: known, row: leavePlaced(work, seen, toOther), isGone: true }, context);
      return;
    case "undo_to_nothing":
      await contradict(
        work,
        { before: known, row: { ...leavePlaced(work, seen, toOther), ...NOTHING } },
        context,
      );
      return;
    case "part":
      await part(work, seen, context, { sentence, toOther });
      return;
    case "unplace":
      end(work, seen, "undone", sentence);
  }
}

/** Booked by the door, and no half of anything yet. */
function isPlaced({ resolution, partnerId }: Break): boolean {
  return resolution === "placed" && partnerId === null;
}

/** The figures of what is found no more. */
const NOTHING = { settleDifference: 0n, feeDifference: 0n } as const;

function sentenceOf({ generation }: Context): string {
  const { id, statementId, channelDate } = generation;
  return (
    `Generation ${generation.generation} of ${channelDate} (${formatId("rec", id)}, statement ` +
    `${formatId("stm", statementId)}) finds it no more.`
  );
}
