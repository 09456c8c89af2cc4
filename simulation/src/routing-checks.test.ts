import assert from "node:assert/strict";
import { test } from "node:test";
import { restsAt } from "./routing.ts";
import { beyondQuotas, type Row } from "./routing-checks.ts";

const at = (time: string) => Date.parse(`2026-03-06T${time}+08:00`);

test("an account rests in its windows, over midnight too, and outside its hours", () => {
  const nightly = { windows: [{ kind: "cut_over", from: "23:50", to: "00:10" } as const] };
  const day = { trading_hours: [{ from: "09:00", to: "18:00" }] };
  const seen = ["23:49:59", "23:50:00", "00:09:59", "00:10:00"].map((time) =>
    restsAt(nightly, "alipay", at(time)),
  );
  assert.deepEqual(seen, [null, "cut_over", "cut_over", null]);
  assert.equal(restsAt(day, "alipay", at("08:59:00")), "outside trading hours");
  assert.equal(restsAt(day, "alipay", at("09:00:00")), null);
  // Stripe's day is told in UTC.
  assert.equal(restsAt(day, "stripe", at("17:00:00")), null);
  assert.equal(restsAt(day, "stripe", at("09:00:00")), "outside trading hours");
});

test("a window of instants is open from its first to before its last", () => {
  const [starts_at, ends_at] = ["2026-03-06T04:00:00.000Z", "2026-03-06T04:05:00.000Z"];
  const once = { windows: [{ kind: "maintenance", starts_at, ends_at } as const] };
  const seen = [-1, 0, 299_999, 300_000].map((ms) => restsAt(once, "wechat", Date.parse(starts_at) + ms));
  assert.deepEqual(seen, [null, "maintenance", "maintenance", null]);
});

const order = (called: string, ended: string | null, changed: Partial<Row> = {}): Row => ({
  id: called as Row["id"],
  paymentId: called as Row["id"],
  channelAccountId: "account" as Row["id"],
  method: "alipay.qr",
  state: ended === null ? "pending" : "closed",
  surplus: null,
  isSuccess: false,
  isSplit: false,
  amount: 600n,
  paidAmount: null,
  routing: "only",
  quotaDay: "2026-03-06",
  quotaMonth: null,
  createdAt: new Date(at(called)),
  finishedAt: ended === null ? null : new Date(at(ended)),
  calledAt: new Date(at(called)),
  paidAfterEnd: false,
  ...changed,
});
const beyond = (...rows: Row[]) => beyondQuotas({ accountId: "cha" }, { day_amount_max: 1_000 }, rows);

test("two orders at once beyond a quota are found, one after the other is none", () => {
  assert.equal(beyond(order("10:00:00", null), order("10:01:00", null)).length, 1);
  assert.deepEqual(beyond(order("10:00:00", "10:00:30"), order("10:01:00", null)), []);
  const paid = order("10:00:00", "10:00:30", { paidAmount: 600n });
  assert.equal(beyond(paid, order("10:01:00", null)).length, 1);
  assert.deepEqual(beyond({ ...paid, paidAfterEnd: true }, order("10:01:00", null)), []);
  assert.deepEqual(beyond(paid, order("10:01:00", null, { quotaDay: "2026-03-07" })), []);
});

test("an order of an account with a quota counts in it", () => {
  assert.equal(beyond(order("10:00:00", null, { quotaDay: null })).length, 1);
});
