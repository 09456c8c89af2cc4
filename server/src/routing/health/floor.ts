/** The success floor of an account, over all kinds of scenes: the channel counts them together. */
import type { Id } from "../../kernel/ids.ts";
import type { SceneKind, SuccessFloor } from "../model.ts";
import { THROTTLED_SHARE } from "../strategies.ts";
import type { HealthDeps } from "./health.ts";
import { LOOK_MS, type Shares } from "./shares.ts";

type Lines = readonly { readonly kind: SceneKind; readonly shares: Shares }[];

type Known = { lookedAt: number; below: boolean; isAsking: boolean };

/** Whether an account is below its floor, as of the last look, which begins when it is asked. */
export function createFloors(
  deps: HealthDeps,
  linesOf: (accountId: Id) => Lines,
): (accountId: Id, at: Date) => boolean {
  const accounts = new Map<Id, Known>();
  const settle = (accountId: Id, known: Known, { below, kind, rate }: Judged) => {
    if (below === known.below) return;
    known.below = below;
    deps.onEvent(accountId, kind, { event: below ? "below_floor" : "above_floor", rate });
  };
  // Other processes may have heard of what is paid: orders are looked up before they count against it.
  const ask = async (accountId: Id, known: Known, floor: SuccessFloor, now: number) => {
    known.isAsking = true;
    const lines = linesOf(accountId);
    const paid = new Set(
      await deps.paidOf(lines.flatMap(({ shares }) => shares.remembered(now, floor.windowMinutes))),
    );
    known.isAsking = false;
    for (const { shares } of lines) shares.heard(paid);
    settle(accountId, known, judge(lines, floor, known.below, deps.clock.now().getTime()));
  };
  return (accountId, at) => {
    const floor = deps.settingsOf(accountId).successFloor;
    if (floor === null) return false;
    const now = at.getTime();
    const known = accounts.get(accountId) ?? { lookedAt: 0, below: false, isAsking: false };
    accounts.set(accountId, known);
    if (known.isAsking || now - known.lookedAt < LOOK_MS) return known.below;
    known.lookedAt = now;
    const judged = judge(linesOf(accountId), floor, known.below, now);
    if (judged.below) void ask(accountId, known, floor, now);
    else settle(accountId, known, judged);
    return known.below;
  };
}

/** `kind`: of its orders; `rate`: their paid share, null where too few came to tell. */
type Judged = { readonly below: boolean; readonly kind: SceneKind; readonly rate: number | null };

function judge(lines: Lines, floor: SuccessFloor, wasBelow: boolean, now: number): Judged {
  let [opened, paid] = [0, 0];
  let kind: SceneKind = "qr";
  for (const line of lines) {
    const recent = line.shares.recent(now, floor.windowMinutes);
    if (recent.opened > 0) kind = line.kind;
    opened += recent.opened;
    paid += recent.paid;
  }
  // Below its floor it gets a fraction of its orders: they are what it is judged by, and without any it is
  // given its share again, since nothing else would ever tell.
  const attemptsMin = floor.attemptsMin * (wasBelow ? THROTTLED_SHARE : 1);
  const rate = opened === 0 || opened < attemptsMin ? null : paid / opened;
  return { below: rate !== null && rate * 1_000_000 < floor.rateMillionths, kind, rate };
}
