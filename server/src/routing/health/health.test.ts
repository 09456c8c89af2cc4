import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { type Clock, MINUTE, plus, SECOND, systemRandom } from "../../kernel/clock.ts";
import { createIdMaker, type Id, type IdMaker } from "../../kernel/ids.ts";
import { DEFAULT_SETTINGS, type SceneKind, type Settings } from "../model.ts";
import { AT, idOf } from "../testing/world.ts";
import { createHealth, type Health, type HealthEvent } from "./health.ts";

const ONE = idOf(1);
let now: Date;
let health: Health;
let told: string[];
let settings: Settings;
/** Orders whose payment another process has heard of. */
let paidElsewhere: Set<Id>;
let newId: IdMaker;

beforeEach(() => {
  paidElsewhere = new Set();
  now = AT;
  told = [];
  settings = DEFAULT_SETTINGS;
  newId = createIdMaker({ clock: { now: () => now } as Clock, random: systemRandom }, 0);
  health = createHealth({
    clock: { now: () => now },
    settingsOf: () => settings,
    paidOf: (orderIds) => Promise.resolve(orderIds.filter((id) => paidElsewhere.has(id))),
    onEvent: (_id: Id, _kind, event: HealthEvent) => told.push(event.event),
  });
});

/** Each minute so many orders are opened, of which so many are paid, here or as another process hears. */
async function pass(minutes: number, opened: number, paid: number, elsewhere = 0): Promise<void> {
  for (let minute = 0; minute < minutes; minute += 1) {
    for (let order = 0; order < opened; order += 1) {
      const id = newId();
      health.opened(ONE, "qr", now, id);
      if (order < paid) health.paid(ONE, "qr", now);
      else if (order < paid + elsewhere) paidElsewhere.add(id);
    }
    now = plus(now, MINUTE);
    await look("qr");
  }
}

/** The circuit as the next decision finds it: what a look asks for is answered by then. */
async function look(kind: SceneKind): Promise<string> {
  health.circuit(ONE, kind, now);
  health.isThrottled(ONE, now);
  await setImmediate();
  return health.circuit(ONE, kind, now);
}

/** Until its paid share opens its circuit, and then until it takes probes. */
async function openByShare(): Promise<void> {
  await pass(60, 10, 5);
  while (!told.includes("opened")) await pass(1, 10, 0);
  now = plus(now, 16 * SECOND);
  assert.equal(health.circuit(ONE, "qr", now), "half_open");
}

function payOne(kind: "qr" | "redirect"): void {
  health.opened(ONE, kind, now, newId());
  health.paid(ONE, kind, now);
  assert.equal(health.circuit(ONE, kind, now), "closed");
}

describe("codes and pages", () => {
  test("an account whose buyers can no longer pay leaves rotation, by its own baseline", async () => {
    await pass(60, 10, 4);
    assert.equal(health.circuit(ONE, "qr", now), "closed");
    await pass(20, 10, 0);
    assert.equal(told[0], "opened");
    assert.ok(!told.includes("closed"));
  });

  test("a share that is low but the account's own trips nothing", async () => {
    await pass(80, 10, 1);
    assert.deepEqual(told, []);
  });

  test("buyers who still decide count for nothing yet", async () => {
    await pass(60, 10, 5);
    for (let order = 0; order < 500; order += 1) health.opened(ONE, "qr", now, newId());
    now = plus(now, 2 * MINUTE);
    assert.equal(health.circuit(ONE, "qr", now), "closed");
  });

  test("calls that succeed do not bring it back; the first order that is paid does", async () => {
    await openByShare();
    const [startedAt, endedAt] = [now.getTime(), now.getTime()];
    for (let call = 0; call < 5; call += 1) health.call(ONE, "qr", { failed: false, startedAt, endedAt });
    assert.equal(health.circuit(ONE, "qr", now), "half_open");
    payOne("qr");
  });

  test("one that its first paid order closed stays closed while its buyers pay", async () => {
    await openByShare();
    payOne("qr");
    const before = told.length;
    for (let second = 0; second < 15 * 60; second += 1) {
      if (second % 6 === 0) health.opened(ONE, "qr", now, newId());
      if (second % 12 === 0) health.paid(ONE, "qr", now);
      now = plus(now, SECOND);
      assert.equal(await look("qr"), "closed", `${second} s after it closed`);
    }
    assert.deepEqual(told.slice(before), []);
  });

  test("one that breaks again after its first paid order leaves rotation again", async () => {
    await openByShare();
    payOne("qr");
    const before = told.length;
    await pass(15, 10, 0);
    assert.equal(told[before], "opened");
  });

  test("probes of which nobody pays send it out of rotation again", async () => {
    await pass(60, 10, 5);
    while (!told.includes("opened")) await pass(1, 10, 0);
    now = plus(now, 16 * SECOND);
    health.circuit(ONE, "qr", now);
    await pass(6, 5, 0);
    assert.ok(told.filter((event) => event === "opened").length > 1, told.join());
  });
});

describe("what other processes hear of", () => {
  test("an account whose payments are heard of elsewhere stays in rotation", async () => {
    await pass(60, 10, 5);
    await pass(60, 10, 0, 5);
    assert.deepEqual(told, []);
    await pass(20, 10, 0, 0);
    assert.equal(told[0], "opened");
  });

  test("a probe whose payment is heard of elsewhere brings it back", async () => {
    await openByShare();
    const id = newId();
    health.opened(ONE, "qr", now, id);
    assert.equal(await look("qr"), "half_open");
    now = plus(now, 20 * SECOND);
    paidElsewhere.add(id);
    assert.equal(await look("qr"), "closed");
  });

  test("an account is above its floor by what is paid, whoever hears of it", async () => {
    const successFloor = { rateMillionths: 300_000, windowMinutes: 10, attemptsMin: 20 };
    settings = { ...DEFAULT_SETTINGS, successFloor };
    await pass(30, 10, 0, 4);
    assert.deepEqual(told, []);
    await pass(20, 10, 0, 2);
    await pass(20, 1, 0, 1);
    assert.deepEqual(told, ["below_floor", "above_floor"]);
  });
});

describe("the success floor", () => {
  beforeEach(() => {
    settings = {
      ...DEFAULT_SETTINGS,
      successFloor: { rateMillionths: 300_000, windowMinutes: 10, attemptsMin: 20 },
    };
  });

  test("below it the account is throttled and operators are told once; above it again, too", async () => {
    await pass(20, 10, 2);
    assert.ok(health.isThrottled(ONE, now));
    now = plus(now, 2 * SECOND);
    assert.ok(health.isThrottled(ONE, now));
    await pass(20, 10, 6);
    assert.ok(!health.isThrottled(ONE, now));
    assert.deepEqual(told, ["below_floor", "above_floor"]);
  });

  test("it is judged by the tenth of its orders that it still gets", async () => {
    await pass(20, 10, 2);
    assert.ok(health.isThrottled(ONE, now));
    for (let minutes = 0; minutes < 30; minutes += 2) await pass(2, 1, 0);
    assert.ok(health.isThrottled(ONE, now));
    await pass(15, 1, 1);
    assert.ok(!health.isThrottled(ONE, now));
    assert.deepEqual(told, ["below_floor", "above_floor"]);
  });

  test("an account that gets no orders any more is throttled no longer than its window", async () => {
    await pass(20, 10, 2);
    assert.ok(health.isThrottled(ONE, now));
    now = plus(now, 20 * MINUTE);
    assert.ok(!health.isThrottled(ONE, now));
    assert.deepEqual(told, ["below_floor", "above_floor"]);
  });

  test("too few orders say nothing", async () => {
    await pass(10, 1, 0);
    assert.ok(!health.isThrottled(ONE, now));
  });
});

test("calls that nobody asked the circuit for open it again, and that is told", () => {
  const fail = (startedAt: number, endedAt: number) =>
    health.call(ONE, "payment_code", { failed: true, startedAt, endedAt });
  for (let call = 0; call < 5; call += 1) fail(now.getTime(), now.getTime());
  assert.deepEqual(told, ["opened"]);
  now = plus(now, 16 * SECOND);
  fail(now.getTime(), now.getTime());
  assert.deepEqual(told, ["opened", "half_open", "opened"]);
  assert.equal(health.lines()[0]?.timesOpened, 2);
});

test("one kind of scene says nothing of another", async () => {
  for (let call = 0; call < 30; call += 1) {
    const time = now.getTime() + call;
    health.call(ONE, "payment_code", { failed: true, startedAt: time, endedAt: time });
  }
  assert.equal(health.circuit(ONE, "payment_code", now), "open");
  assert.equal(health.circuit(ONE, "qr", now), "closed");
  assert.equal(health.circuit(idOf(2), "payment_code", now), "closed");
});

describe("the cashier's beacons", () => {
  const open = (orders: number) => {
    for (let order = 0; order < orders; order += 1) health.opened(ONE, "redirect", now, newId());
  };
  const fail = (buyers: number, orderedAt = now) => {
    for (let buyer = 0; buyer < buyers; buyer += 1) health.beacon(ONE, "redirect", orderedAt);
  };

  test("an account whose page opens for nobody leaves rotation before its orders are unpaid", async () => {
    open(6);
    fail(4);
    assert.equal(health.circuit(ONE, "redirect", now), "closed");
    fail(1);
    assert.equal(health.circuit(ONE, "redirect", now), "open");
    assert.equal(told.at(-1), "opened");
    assert.equal(health.circuit(ONE, "qr", now), "closed");
  });

  test("a few buyers with phones of their own kind close no account to the others", async () => {
    open(30);
    fail(14);
    assert.equal(health.circuit(ONE, "redirect", now), "closed");
  });

  test("it returns by the first order that is paid, not by calls that succeed", async () => {
    open(6);
    fail(6);
    now = plus(now, 16 * SECOND);
    assert.equal(health.circuit(ONE, "redirect", now), "half_open");
    const call = { failed: false, startedAt: now.getTime(), endedAt: now.getTime() };
    for (let time = 0; time < 5; time += 1) health.call(ONE, "redirect", call);
    assert.notEqual(health.circuit(ONE, "redirect", now), "closed");
    payOne("redirect");
  });

  test("beacons beside no order that counts are a share of nothing", async () => {
    fail(20);
    assert.equal(health.circuit(ONE, "redirect", now), "closed");
  });

  test("the beacons of before do not open it again, those of later do", async () => {
    open(6);
    fail(6);
    now = plus(now, 16 * SECOND);
    assert.equal(health.circuit(ONE, "redirect", now), "half_open");
    payOne("redirect");
    fail(1);
    const before = plus(now, -MINUTE);
    for (let minute = 0; minute < 4; minute += 1) {
      assert.equal(health.circuit(ONE, "redirect", now), "closed");
      now = plus(now, MINUTE);
    }
    open(6);
    fail(5, before);
    assert.equal(health.circuit(ONE, "redirect", now), "closed");
    fail(5);
    assert.equal(health.circuit(ONE, "redirect", now), "open");
  });
});
