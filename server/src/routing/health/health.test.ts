import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";
import { MINUTE, plus, SECOND } from "../../kernel/clock.ts";
import type { Id } from "../../kernel/ids.ts";
import { DEFAULT_SETTINGS, type Settings } from "../model.ts";
import { AT, idOf } from "../testing/world.ts";
import { createHealth, type Health, type HealthEvent } from "./health.ts";

const ONE = idOf(1);
let now: Date;
let health: Health;
let told: string[];
let settings: Settings;

beforeEach(() => {
  now = AT;
  told = [];
  settings = DEFAULT_SETTINGS;
  health = createHealth({
    clock: { now: () => now },
    settingsOf: () => settings,
    onEvent: (_id: Id, _kind, event: HealthEvent) => told.push(event.event),
  });
});

/** Each minute so many orders are opened, of which so many are paid 20 s later. */
function pass(minutes: number, opened: number, paid: number): void {
  for (let minute = 0; minute < minutes; minute += 1) {
    for (let order = 0; order < opened; order += 1) {
      health.opened(ONE, "qr", now);
      if (order < paid) health.paid(ONE, "qr", now);
    }
    now = plus(now, MINUTE);
    health.circuit(ONE, "qr", now);
  }
}

describe("codes and pages", () => {
  test("an account whose buyers can no longer pay leaves rotation, by its own baseline", () => {
    pass(60, 10, 4);
    assert.equal(health.circuit(ONE, "qr", now), "closed");
    pass(20, 10, 0);
    assert.equal(told[0], "opened");
    assert.ok(!told.includes("closed"));
  });

  test("a share that is low but the account's own trips nothing", () => {
    pass(80, 10, 1);
    assert.deepEqual(told, []);
  });

  test("buyers who still decide count for nothing yet", () => {
    pass(60, 10, 5);
    for (let order = 0; order < 500; order += 1) health.opened(ONE, "qr", now);
    now = plus(now, 2 * MINUTE);
    assert.equal(health.circuit(ONE, "qr", now), "closed");
  });

  test("calls that succeed do not bring it back; the first order that is paid does", () => {
    pass(60, 10, 5);
    while (!told.includes("opened")) pass(1, 10, 0);
    now = plus(now, 16 * SECOND);
    assert.equal(health.circuit(ONE, "qr", now), "half_open");
    const [startedAt, endedAt] = [now.getTime(), now.getTime()];
    for (let call = 0; call < 5; call += 1) health.call(ONE, "qr", { failed: false, startedAt, endedAt });
    assert.equal(health.circuit(ONE, "qr", now), "half_open");
    health.opened(ONE, "qr", now);
    health.paid(ONE, "qr", now);
    assert.equal(health.circuit(ONE, "qr", now), "closed");
  });

  test("probes of which nobody pays send it out of rotation again", () => {
    pass(60, 10, 5);
    while (!told.includes("opened")) pass(1, 10, 0);
    now = plus(now, 16 * SECOND);
    health.circuit(ONE, "qr", now);
    pass(6, 5, 0);
    assert.ok(told.filter((event) => event === "opened").length > 1, told.join());
  });
});

describe("the success floor", () => {
  beforeEach(() => {
    settings = {
      ...DEFAULT_SETTINGS,
      successFloor: { rateMillionths: 300_000, windowMinutes: 10, attemptsMin: 20 },
    };
  });

  test("below it the account is throttled and operators are told once; above it again, too", () => {
    pass(20, 10, 2);
    assert.ok(health.isThrottled(ONE, now));
    now = plus(now, 2 * SECOND);
    assert.ok(health.isThrottled(ONE, now));
    pass(20, 10, 6);
    assert.ok(!health.isThrottled(ONE, now));
    assert.deepEqual(told, ["below_floor", "above_floor"]);
  });

  test("too few orders say nothing", () => {
    pass(10, 1, 0);
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

test("one kind of scene says nothing of another", () => {
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
    for (let order = 0; order < orders; order += 1) health.opened(ONE, "redirect", now);
  };
  const fail = (buyers: number) => {
    for (let buyer = 0; buyer < buyers; buyer += 1) health.beacon(ONE, "redirect");
  };

  test("an account whose page opens for nobody leaves rotation before its orders count as unpaid", () => {
    open(6);
    fail(4);
    assert.equal(health.circuit(ONE, "redirect", now), "closed");
    fail(1);
    assert.equal(health.circuit(ONE, "redirect", now), "open");
    assert.equal(told.at(-1), "opened");
    assert.equal(health.circuit(ONE, "qr", now), "closed");
  });

  test("a few buyers with phones of their own kind close no account to the others", () => {
    open(30);
    fail(14);
    assert.equal(health.circuit(ONE, "redirect", now), "closed");
  });

  test("it returns by the first order that is paid, not by calls that succeed", () => {
    open(6);
    fail(6);
    now = plus(now, 16 * SECOND);
    assert.equal(health.circuit(ONE, "redirect", now), "half_open");
    const call = { failed: false, startedAt: now.getTime(), endedAt: now.getTime() };
    for (let time = 0; time < 5; time += 1) health.call(ONE, "redirect", call);
    assert.notEqual(health.circuit(ONE, "redirect", now), "closed");
    health.opened(ONE, "redirect", now);
    health.paid(ONE, "redirect", now);
    assert.equal(health.circuit(ONE, "redirect", now), "closed");
  });
});
