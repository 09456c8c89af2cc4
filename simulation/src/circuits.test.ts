import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { formatId, type Id, parseId } from "../../server/src/kernel/ids.ts";
import { type Call, putAsideTooLong, unclosed, unopened, unreturned } from "./circuit-checks.ts";
import { type CircuitEvent, type Spell, spellsOf } from "./circuits.ts";
import type { Row } from "./routing-checks.ts";

const ID = "00000000-0000-7000-8000-000000000001" as Id;
const ACCOUNT = formatId("cha", ID);
const SECOND = 1_000;

const says = (event: string, seconds: number, process = "a1"): CircuitEvent => ({
  process,
  account: ACCOUNT,
  kind: "qr",
  event,
  why: "calls",
  at: seconds * SECOND,
});
const spells = (events: readonly CircuitEvent[], deaths: { process: string; at: number }[] = []) =>
  spellsOf(events, deaths, 3_600 * SECOND);
const only = (events: readonly CircuitEvent[], deaths: { process: string; at: number }[] = []): Spell =>
  spells(events, deaths)[0] as Spell;

const call = (failed: boolean | null, seconds: number): Call => ({
  channelAccountId: ID,
  method: "alipay.qr",
  failed,
  startedAt: new Date(seconds * SECOND),
  endedAt: new Date(seconds * SECOND + 100),
});
const order = (seconds: number, routing: string, channelAccountId: Id = "another" as Id): Row =>
  ({ id: ID, method: "alipay.qr", routing, channelAccountId, createdAt: new Date(seconds * SECOND) }) as Row;

describe("how circuits end", () => {
  test("closed by probes, forgotten with its process, or never", () => {
    const ended = spells(
      [
        says("opened", 10),
        says("half_open", 30),
        says("closed", 40),
        says("opened", 50),
        says("opened", 60, "b1"),
      ],
      [{ process: "a1", at: 70 * SECOND }],
    );
    assert.deepEqual(
      ended.map(({ end, endedAt }) => [end, endedAt / SECOND]),
      [
        ["closed by probes", 40],
        ["forgotten with its process", 70],
        ["never closed", 3_600],
      ],
    );
  });

  test("each probe that fails doubles its time, up to four minutes", () => {
    const { openings } = only([0, 100, 200, 300, 600, 900].map((seconds) => says("opened", seconds)));
    assert.deepEqual(
      openings.map(({ at, until }) => (until - at) / SECOND),
      [15, 30, 60, 120, 240, 240],
    );
  });
});

describe("circuits that do not do as they should", () => {
  const open = [says("opened", 100)];

  test("an order that is put aside when the circuit has had its time", () => {
    const found = (seconds: number, events = open) => {
      const rows = [order(seconds, `oldest 1/1; ${ACCOUNT} circuit_open`)];
      return putAsideTooLong({ spells: spells(events), rows, calls: [] }).length;
    };
    assert.deepEqual(
      [114, 115, 200].map((seconds) => found(seconds)),
      [0, 1, 1],
    );
    assert.equal(found(105, [...open, says("closed", 104)]), 1);
    assert.equal(found(140, [...open, says("opened", 120)]), 0);
    assert.equal(found(114, []), 1);
  });

  test("three probes that succeed and leave it open", () => {
    const calls = [call(false, 110), call(false, 116), call(false, 120), call(false, 130)];
    assert.equal(unclosed(only(open), { calls }).length, 1);
    assert.deepEqual(unclosed(only(open), { calls: calls.slice(0, 3) }), []);
    assert.deepEqual(unclosed(only([...open, says("closed", 130.1)]), { calls }), []);
    assert.deepEqual(unclosed(only([...open, says("opened", 125)]), { calls }), []);
  });

  test("five calls that fail at once and leave it closed", () => {
    const five = [100, 100.2, 100.4, 100.6, 100.8].map((seconds) => call(true, seconds));
    const found = (
      calls: readonly Call[],
      events: readonly CircuitEvent[] = [],
      deaths: { at: number }[] = [],
    ) => unopened(ACCOUNT, { spells: spells(events), calls }, deaths).length;
    assert.equal(found(five), 1);
    assert.equal(found(five.slice(1)), 0);
    assert.equal(found([...five.slice(0, 2), call(false, 100.5), ...five.slice(2)]), 0);
    assert.equal(found([...five.slice(0, 2), call(null, 100.5), ...five.slice(2)]), 0);
    assert.equal(found(five, [says("opened", 100.9)]), 0);
    assert.equal(found(five, [], [{ at: 100 * SECOND }]), 0);
  });

  test("an account that carries no order long after its time", () => {
    const aside = (seconds: number) => order(seconds, `rule r 1/1; ${ACCOUNT} probe_under_way`);
    const waited = (...usual: Row[]) => unreturned(only(open), usual, parseId("cha", ACCOUNT) as Id) !== null;
    assert.ok(waited(aside(180)));
    assert.ok(!waited(aside(160)));
    assert.ok(!waited(order(150, `rule r 1/2`, ID), aside(180)));
    assert.ok(waited(order(110, `rule r 1/2`, ID), aside(180)));
    const split = [order(150, "rule r 1/2", ID), aside(180)];
    assert.equal(unreturned(only(open), [aside(180)], ID, split), null, "a split order went through it");
    const again = only([...open, says("opened", 181)]);
    assert.equal(unreturned(again, [aside(180)], parseId("cha", ACCOUNT) as Id), null, "a probe opened it");
  });
});
