import assert from "node:assert/strict";
import type { Readable } from "node:stream";
import { test } from "node:test";
import { createMovableClock } from "../../../tools/testing/clock.ts";
import { silentLog } from "../kernel/log.ts";
import type { CheckoutState } from "./view.ts";
import { createWatchers, LOOK_MS } from "./watchers.ts";

// Only what a watcher reads of a state.
const state = (view: string) => ({ view, payment: { status_final: false } }) as unknown as CheckoutState;

function start(streamsMax = 100) {
  const clock = createMovableClock();
  const present = new Map<string, CheckoutState>();
  const looks: (readonly string[])[] = [];
  let looked = () => {};
  const watchers = createWatchers({
    clock,
    log: silentLog(),
    streamsMax,
    look: async (ids) => {
      looks.push(ids);
      setImmediate(() => looked());
      return new Map(ids.flatMap((id) => (present.has(id) ? [[id, present.get(id) as CheckoutState]] : [])));
    },
  });
  /** Lets the next look happen and its news go out. */
  const look = () =>
    new Promise<void>((resolve) => {
      looked = resolve;
      clock.advance(LOOK_MS);
    });
  const open = (id: string, view: string) => watchers.watch(id, state(view)) as Readable;
  return { watchers, present, looks, look, open };
}

const views = (stream: Readable) =>
  [...String(stream.read() ?? "").matchAll(/"view":"(\w+)"/g)].map((match) => match[1]);

test("one question a round serves every page, and none is asked where nobody looks", async () => {
  const { watchers, present, looks, look, open } = start();
  const streams = ["a", "a", "b", "b", "b"].map((id) => open(id, "pay"));
  for (const id of ["a", "b"]) present.set(id, state("pay"));
  await look();
  assert.deepEqual(looks, [["a", "b"]]);
  present.set("b", state("confirming"));
  await look();
  assert.deepEqual(streams.map(views), [
    ["pay"],
    ["pay"],
    ["pay", "confirming"],
    ["pay", "confirming"],
    ["pay", "confirming"],
  ]);
  assert.equal(looks.length, 2);
  assert.deepEqual([watchers.gauges.streams, watchers.gauges.payments], [5, 2]);
  watchers.stop();
  assert.deepEqual([watchers.gauges.streams, watchers.gauges.payments], [0, 0]);
});

test("a page that comes with an older state is told the present one", async () => {
  const { watchers, present, look, open } = start();
  present.set("a", state("confirming"));
  open("a", "pay");
  await look();
  const late = open("a", "pay");
  await look();
  assert.deepEqual(views(late), ["pay", "confirming"]);
  watchers.stop();
});

test("beyond its room a process refuses, and has room again when somebody leaves", async () => {
  const { watchers, open } = start(2);
  const [first] = [open("a", "pay"), open("b", "pay")];
  assert.equal(watchers.watch("c", state("pay")), null);
  assert.equal(watchers.gauges.refused, 1);
  await new Promise((resolve) => first?.once("close", resolve).destroy());
  assert.notEqual(watchers.watch("c", state("pay")), null);
  watchers.stop();
});
