import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { type Json, startTestPlatform, type TestPlatform } from "../../../tools/testing/platform.ts";
import { HOUR, SECOND } from "../kernel/clock.ts";
import { daysOn } from "./testing/days.ts";

let platform: TestPlatform;
before(async () => {
  platform = await startTestPlatform({ config: { closeAt: null } });
});
after(() => platform.stop());
const days = daysOn(() => platform);

const alarms = async (): Promise<Json[]> => {
  // Metrics are remembered for some seconds.
  platform.clock.advance(10 * SECOND);
  const { body } = await platform.ops("GET", "/v1/ops/close_alarms");
  const metrics = await (await fetch(`${platform.baseUrl}/metrics`)).text();
  assert.match(
    metrics,
    new RegExp(`^tributary_close_alarms\\{what="not_begun"\\} ${body.data.length}$`, "m"),
  );
  return body.data;
};

it("operators see a close that nobody began, beside its date and among the alarms", async () => {
  const date = await days.next();
  assert.deepEqual(await alarms(), []);
  platform.clock.advance(14 * HOUR);
  const [alarm, ...more] = await alarms();
  assert.deepEqual(more, []);
  assert.deepEqual([alarm.accounting_date, alarm.what, alarm.step], [date, "not_begun", null]);
  assert.match(alarm.remedy, new RegExp(date));
  const shown = await days.shown(date);
  assert.deepEqual([shown.late, shown.alarms], [true, [alarm]]);
  const run = await days.close(date);
  assert.deepEqual(run.alarms, []);
  assert.deepEqual(await alarms(), []);
  assert.equal((await days.shown(date)).late, false);
  assert.equal((await platform.api("GET", "/v1/ops/close_alarms")).status, 401);
});

it("the list of alarms is read page by page", async () => {
  const [one, other] = [await days.next(), await days.next()];
  platform.clock.advance(14 * HOUR);
  const path = "/v1/ops/close_alarms?limit=1";
  const { body: first } = await platform.ops("GET", path);
  const { body: second } = await platform.ops("GET", `${path}&cursor=${first.next_cursor}`);
  const dates = [...first.data, ...second.data].map(({ accounting_date }: Json) => accounting_date);
  assert.deepEqual([dates, second.next_cursor], [[other, one], null]);
  const { status, body } = await platform.ops("GET", `${path}&cursor=x`);
  assert.deepEqual([status, body.code], [400, "cursor_invalid"]);
});
