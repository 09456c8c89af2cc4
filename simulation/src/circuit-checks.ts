/**
 * What must be true of accounts that left rotation: that they leave it when their calls fail, that they are
 * out of it no longer than their circuit's time, that three probes bring them back, and that orders which go
 * through them by rule do so again. Told apart from the platform's circuits by the orders and their calls.
 */
import { type Id, parseId } from "../../server/src/kernel/ids.ts";
import { CIRCUIT_ENDS, openingAt, type Spell, spellsOf } from "./circuits.ts";
import { kindOf } from "./methods.ts";
import type { Outage, Outages } from "./outages.ts";
import type { SettingsById } from "./routing.ts";
import type { Row } from "./routing-checks.ts";
import type { World } from "./world.ts";

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
/** All of so many calls that ended within this failed: the account leaves rotation. */
const BURST_CALLS = 5;
const BURST_MS = 2 * SECOND_MS;
/** What stands still between the end of a call and its instant in the books. */
const TOLERANCE_MS = 250;
/** An order is decided on before it is put aside: so long it may have waited for the database in between. */
const DECIDING_MS = 3 * MINUTE_MS;
/** So many probes that succeed close a circuit. */
const PROBES = 3;
/**
 * A probe that leaves no order holds the place for 12 s; after a few of them one has gone through.
 */
const RETURN_MS = MINUTE_MS;

/** One call that placed an order, or should have. */
export type Call = {
  readonly channelAccountId: Id;
  readonly method: string;
  /** Null: it says nothing of the line. */
  readonly failed: boolean | null;
  readonly startedAt: Date;
  readonly endedAt: Date;
};

/** A refusal of the rate sends nothing, or is answered; of other refusals only the channel's own count. */
const CALLS = {
  name: "simulation_placing_calls",
  text: `select a.channel_account_id, a.method, e.started_at,
     e.started_at + make_interval(secs => e.took_ms / 1000.0) as ended_at,
     case
       when e.call_end = 'answered' then false
       when e.call_end = 'unknown' then true
       when e.call_end = 'not_sent' and e.request <> '' and e.response is null then true
     end as failed
   from exchanges e
   join attempts a on a.payment_id = e.payment_id and a.id = e.attempt_id
   where e.operation = 'pay'
   order by ended_at, e.id`,
};

/** What was told of a world's circuits. */
export type Lines = {
  readonly spells: readonly Spell[];
  readonly rows: readonly Row[];
  readonly calls: readonly Call[];
};

/** What circuits did that they should not have, each a sentence; how each ended is counted. */
export async function checkCircuits(
  world: World,
  settings: SettingsById,
  { all }: Outages,
  rows: readonly Row[],
): Promise<readonly string[]> {
  const { circuits, deaths, scheduler, ground } = world;
  const spells = spellsOf(circuits, deaths, scheduler.now().getTime());
  const lines = { spells, rows, calls: await ground.cell.db.all<Call>(CALLS) };
  count(world, spells, all);
  const found = putAsideTooLong(lines);
  // Which of two machines decided on an order nothing tells.
  if (world.platforms.length > 1) return found;
  const hasWindows = ({ account }: Pick<Spell, "account">) => settings.get(account)?.windows !== undefined;
  found.push(...spells.filter((spell) => !hasWindows(spell)).flatMap((spell) => unclosed(spell, lines)));
  for (const { contract } of all) {
    const { accountId: account } = contract;
    if (!hasWindows({ account })) found.push(...unopened(account, lines, world.deaths));
  }
  for (const outage of all) found.push(...notBack(outage, settings, lines, world));
  return found;
}

/** An order whose account was put aside was decided on while a circuit of it was open. */
export function putAsideTooLong({ spells, rows }: Lines): string[] {
  return rows.flatMap(({ id, routing, method, createdAt }) => {
    // What gave way stands later than its decision, which the order before it tells.
    if (routing.includes("after cha_")) return [];
    const at = createdAt.getTime();
    return [...routing.matchAll(/(cha_[0-9a-z]{26}) circuit_open/g)].flatMap(([, account]) => {
      const isOut = spells.some(
        (spell) =>
          spell.account === account &&
          spell.kind === kindOf(method) &&
          at <= spell.endedAt &&
          spell.openings.some((opening) => opening.at - DECIDING_MS <= at && at < opening.until),
      );
      return isOut ? [] : [`the order ${id} was kept from ${account}, whose circuit had had its time`];
    });
  });
}

/** Three orders that began after a circuit's time and succeeded close it. */
export function unclosed(spell: Spell, { calls }: Pick<Lines, "calls">): string[] {
  if (spell.why !== "calls") return [];
  const own = callsOf(spell, calls);
  return spell.openings.flatMap(({ until }, index) => {
    const next = spell.openings[index + 1]?.at ?? spell.endedAt;
    const third = own.filter(
      ({ failed, startedAt, endedAt }) =>
        failed === false && startedAt.getTime() >= until && endedAt.getTime() < next - TOLERANCE_MS,
    )[PROBES - 1];
    if (third === undefined) return [];
    return [`${spell.account} was not back after ${PROBES} probes by ${third.endedAt.toISOString()}`];
  });
}

/** Calls of which all failed, so many within two seconds, open the circuit. */
export function unopened(
  account: string,
  { spells, calls }: Pick<Lines, "spells" | "calls">,
  deaths: readonly { readonly at: number }[],
): string[] {
  const kinds = new Set(calls.map(({ method }) => kindOf(method)));
  for (const kind of kinds) {
    const own = callsOf({ account, kind }, calls);
    for (const [index, { endedAt }] of own.entries()) {
      const at = endedAt.getTime();
      const from = at - BURST_MS + TOLERANCE_MS;
      const before = own
        .slice(0, index + 1)
        .filter((call) => call.endedAt.getTime() > from - 2 * TOLERANCE_MS);
      const burst = before.filter((call) => call.endedAt.getTime() > from);
      if (burst.length < BURST_CALLS || before.some(({ failed }) => failed !== true)) continue;
      if (deaths.some((death) => death.at > from - BURST_MS && death.at <= at + TOLERANCE_MS)) continue;
      const isOut = spells.some(
        (spell) =>
          spell.account === account && spell.kind === kind && openingAt(spell, at + TOLERANCE_MS) !== null,
      );
      if (!isOut) return [`${account} stayed in rotation after ${burst.length} calls that failed at once`];
    }
  }
  return [];
}

/**
 * Orders that go through an account by rule go through it again when its circuit has had its time: none
 * passes it by without a reason, and within a minute of such orders one has gone through it.
 */
function notBack(outage: Outage, settings: SettingsById, { spells, rows }: Lines, world: World): string[] {
  const { contract, usualRule, from } = outage;
  const { accountId } = contract;
  const { windows: _, ...limits } = settings.get(accountId) ?? {};
  if (usualRule === null || Object.keys(limits).length > 0) return [];
  const id = parseId("cha", accountId) as Id;
  const usual = rows.filter(
    ({ routing, createdAt, isSplit }) =>
      !isSplit &&
      routing.startsWith(`rule ${usualRule}@`) &&
      !routing.includes("after cha_") &&
      createdAt.getTime() >= from,
  );
  const found: string[] = [];
  for (const row of usual.filter((one) => one.channelAccountId !== id && !one.routing.includes(accountId)))
    found.push(`the order ${row.id} passed ${accountId} by without a reason`);
  for (const spell of spells.filter(
    ({ account, openings }) => account === accountId && openings[0].at >= from,
  )) {
    const ofKind = ({ method }: Row) => kindOf(method) === spell.kind;
    const own = usual.filter(ofKind);
    const waited = unreturned(spell, own, id, rows.filter(ofKind));
    if (waited !== null) found.push(`${accountId} carried no order again: ${waited} was kept from it`);
    else if (isCarried(spell, own, id))
      world.weather.tally.add("routing", "accounts that carried orders again");
  }
  return found;
}

/**
 * The order that was kept from an account although its circuit had had its time long before, and none of
 * `all` had gone through it since.
 */
export function unreturned(
  spell: Spell,
  usual: readonly Row[],
  account: Id,
  all: readonly Row[] = usual,
): Id | null {
  for (const { id, routing, createdAt } of usual) {
    const at = createdAt.getTime();
    const opening = openingAt(spell, at);
    if (opening === null || at < opening.until + RETURN_MS || !isPutAside(routing, spell)) continue;
    // Decided on when a probe had just opened it again.
    if (spell.openings.some((one) => one.at > at && one.at - DECIDING_MS <= at)) continue;
    const carried = all.some(
      (one) =>
        one.channelAccountId === account &&
        one.createdAt.getTime() >= opening.until &&
        one.createdAt.getTime() <= at,
    );
    if (!carried) return id;
  }
  return null;
}

function isPutAside(routing: string, { account }: Spell): boolean {
  return routing.includes(`${account} circuit_open`) || routing.includes(`${account} probe_under_way`);
}

/** An order went through the account in the life of the process that had put it out of rotation. */
function isCarried({ openings, endedAt, end }: Spell, usual: readonly Row[], account: Id): boolean {
  if (end === "closed by probes") return true;
  return usual.some(
    ({ channelAccountId, createdAt }) =>
      channelAccountId === account &&
      createdAt.getTime() >= openings[0].until &&
      createdAt.getTime() <= endedAt,
  );
}

function callsOf(
  { account, kind }: Pick<Spell, "account" | "kind">,
  calls: readonly Call[],
): readonly Call[] {
  const id = parseId("cha", account);
  return calls.filter(({ channelAccountId, method }) => channelAccountId === id && kindOf(method) === kind);
}

/** Until when after a recovery an account was back, as it is counted. */
const BACK_WITHIN_MINUTES = [1, 2, 4];

function count({ weather: { tally } }: World, spells: readonly Spell[], outages: readonly Outage[]): void {
  for (const end of CIRCUIT_ENDS) {
    const ended = spells.filter((spell) => spell.end === end);
    if (ended.length > 0) tally.add("routing", `circuits ${end}`, ended.length);
  }
  for (const { contract, from, to } of outages) {
    const back = spells.filter(
      ({ account, openings: [{ at }], end }) =>
        account === contract.accountId && at >= from && at < to + MINUTE_MS && end === "closed by probes",
    );
    for (const { endedAt } of back) {
      const within = BACK_WITHIN_MINUTES.find((minutes) => endedAt <= to + minutes * MINUTE_MS);
      const told = within === undefined ? "later than that" : `within ${within} min`;
      tally.add("routing", `back in rotation after an outage: ${told}`);
    }
  }
}
