import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Json, startTestPlatform, type TestPlatform } from "../../../../tools/testing/platform.ts";
import { handsOn } from "../testing/hands.ts";

let platform: TestPlatform;
const hands = handsOn(() => platform);
before(async () => {
  platform = await startTestPlatform();
});
after(() => platform.stop());

const list = (query = "") => platform.ops("GET", `/v1/ops/contradictions${query}`);

async function contradicted(): Promise<Json> {
  const payment = await hands.create({ method: "alipay.qr" });
  await hands.fault("notification_wrong_amount", { out_trade_no: hands.order(payment) }, { delta: 100 });
  await platform.payCode(payment.next_action.qr_code);
  return platform.until(payment.id, (seen) => seen.status === "succeeded");
}

test("what a channel said against what was known is found without knowing the payment", async () => {
  assert.deepEqual((await list()).body, { data: [], next_cursor: null });
  const first = await contradicted();
  const second = await contradicted();
  await hands.paid();
  const { status, body } = await list("?limit=1");
  assert.equal(status, 200, JSON.stringify(body));
  const [newest] = body.data;
  assert.deepEqual(
    [newest.payment, newest.attempt, newest.operation, newest.outcome],
    [second.id, second.attempts[0].id, "notification", "paid"],
  );
  assert.match(newest.request, /13\.34/);
  const older = (await list(`?limit=1&cursor=${body.next_cursor}`)).body;
  assert.deepEqual([older.data[0].payment, older.next_cursor], [first.id, null]);
  assert.equal((await platform.api("GET", "/v1/ops/contradictions")).status, 401);
});
