import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { createMovableClock } from "../../../tools/testing/clock.ts";
import { type Json, startTestPlatform, type TestPlatform } from "../../../tools/testing/platform.ts";
import { MINUTE, SECOND } from "../kernel/clock.ts";
import { createLog } from "../kernel/log.ts";
import type { Attempt, Payment } from "../payments/index.ts";
import { createBeacons } from "./beacons.ts";

const id = (n: number) => `0195f3a0-0000-7000-8000-${String(n).padStart(12, "0")}`;
// Only what is read of them.
const payment = (n: number) => ({ id: id(n) }) as Payment;
const attempt = (n: number) => ({ id: id(n), channelAccountId: id(900), method: "wechat.h5" }) as Attempt;

function start() {
  const lines: string[] = [];
  const noted: string[] = [];
  const clock = createMovableClock();
  const log = createLog({ level: "info", readable: false, write: (line) => void lines.push(line) });
  const beacons = createBeacons({ clock, log, noteBeacon: (account) => void noted.push(account) });
  return { clock, lines, noted, beacons };
}

describe("what browsers report", () => {
  test("is logged each time, and counts once per order for whoever routes by it", () => {
    const { beacons, lines, noted } = start();
    assert.ok(beacons.take(payment(1), attempt(11), "no_jump"));
    assert.ok(beacons.take(payment(1), attempt(11), "does_not_open"));
    assert.ok(beacons.take(payment(1), attempt(12), "no_jump"));
    assert.deepEqual(noted, [id(900), id(900)]);
    assert.equal(beacons.gauges.accounts.get(id(900)), 2);
    assert.equal(beacons.gauges.kinds.get("no_jump"), 2);
    assert.equal(lines.length, 3);
    const line = JSON.parse(lines[0] as string) as Record<string, string>;
    assert.deepEqual([line.kind, line.method], ["no_jump", "wechat.h5"]);
    assert.match(line.channel_account ?? "", /^cha_/);
  });

  test("is bounded for one payment, and for all together", () => {
    const { beacons, clock } = start();
    const told = Array.from({ length: 7 }, () => beacons.take(payment(1), attempt(11), "no_jump"));
    assert.deepEqual(told, [true, true, true, true, true, true, false]);
    clock.advance(MINUTE);
    assert.ok(beacons.take(payment(1), attempt(11), "no_jump"));
    const crowd = Array.from({ length: 200 }, (_, n) => beacons.take(payment(n + 2), attempt(n), "no_jump"));
    assert.equal(crowd.filter(Boolean).length, 99);
    clock.advance(SECOND);
    assert.ok(beacons.take(payment(999), attempt(999), "no_jump"));
    assert.equal(beacons.gauges.refused(), 102);
  });
});

describe("the beacon's address", () => {
  let platform: TestPlatform;
  before(async () => {
    platform = await startTestPlatform();
  });
  after(() => platform.stop());

  test("takes what a page says of an order of its payment, and shows it at /metrics", async () => {
    const { body: paid }: { body: Json } = await platform.pay({ method: "alipay.wap" });
    const path = `${new URL(paid.cashier_url).pathname}/beacon`;
    const say = (body: unknown) => platform.api("POST", path, body, null);
    assert.equal((await say({ attempt: 1, kind: "no_jump" })).status, 204);
    const wrong = await say({ attempt: 2, kind: "no_jump" });
    assert.deepEqual([wrong.status, wrong.body.field], [400, "attempt"]);
    assert.equal((await say({ attempt: 1, kind: "anything" })).status, 400);
    assert.equal((await say({ attempt: 1, kind: "no_jump", more: 1 })).status, 400);
    for (let n = 0; n < 5; n += 1)
      assert.equal((await say({ attempt: 1, kind: "does_not_open" })).status, 204);
    const tooMany = await say({ attempt: 1, kind: "no_jump" });
    assert.deepEqual([tooMany.status, tooMany.body.code], [429, "rate_limited"]);
    const metrics = await (await fetch(`${platform.baseUrl}/metrics`)).text();
    assert.match(metrics, /tributary_cashier_beacons\{kind="no_jump"\} 1\n/);
    assert.match(metrics, /tributary_cashier_orders_not_opened\{channel_account="cha_\w+"\} 1\n/);
  });
});
