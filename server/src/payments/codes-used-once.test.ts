import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { assertInvariants } from "../../../tools/testing/invariants.ts";
import { startTestPlatform, type TestPlatform } from "../../../tools/testing/platform.ts";
import { HOUR, MINUTE } from "../kernel/clock.ts";
import { sql } from "../kernel/database.ts";
import { aNumber, handsOn } from "./testing/hands.ts";

let platform: TestPlatform;
const hands = handsOn(() => platform);
before(async () => {
  platform = await startTestPlatform();
});
after(async () => {
  await assertInvariants(platform);
  await platform.stop();
});

const payWith = (code: string, more: object = {}) => platform.pay({ payment_code: code, ...more });
const another = (id: string, body: object) => platform.api("POST", `/v1/payments/${id}/attempts`, body);
const listed = async (number: string) =>
  (await platform.api("GET", `/v1/payments?number=${number}`)).body.data;

describe("a payment code that was scanned before", () => {
  for (const behaviour of ["pays", "insufficient_balance"] as const) {
    test(`pays no other order (${behaviour}), and the other order is not written`, async () => {
      const code = await hands.paymentCode(behaviour);
      const first = await payWith(code);
      assert.equal(first.status, 201);
      const number = aNumber("again");
      const again = await payWith(code, { merchant_order_no: number });
      assert.deepEqual(
        [again.status, again.body.code, again.body.field],
        [409, "payment_code_used", "payment_code"],
      );
      assert.match(again.body.remedy, /fresh/);
      assert.deepEqual(await listed(number), []);
      const fresh = await payWith(await hands.paymentCode(), { merchant_order_no: number });
      assert.equal(fresh.body.status, "succeeded");
    });
  }

  test("still answers the order that it was scanned for", async () => {
    const code = await hands.paymentCode();
    const wanted = { merchant_order_no: aNumber() };
    const first = await payWith(code, wanted);
    const again = await payWith(code, wanted);
    assert.deepEqual([again.status, again.body.id], [200, first.body.id]);
  });

  test("by forty tills at once pays one order of the forty", async () => {
    const code = await hands.paymentCode();
    const answers = await Promise.all(Array.from({ length: 40 }, () => payWith(code)));
    const paid = answers.filter(({ status }) => status === 201);
    assert.equal(paid.length, 1);
    for (const { status, body } of answers) assert.ok(status === 201 || body.code === "payment_code_used");
    assert.equal(paid[0]?.body.status, "succeeded");
  });

  test("is refused as a second try of its own order too, and the order takes a fresh one", async () => {
    const code = await hands.paymentCode("insufficient_balance");
    const { body: payment } = await payWith(code);
    const again = await another(payment.id, { payment_code: code });
    assert.deepEqual([again.status, again.body.code], [409, "payment_code_used"]);
    const { body } = await another(payment.id, { payment_code: await hands.paymentCode() });
    assert.equal(body.status, "succeeded");
    assert.equal(body.attempts.length, 2);
  });

  test("ends no live order of the payment that it is refused for", async () => {
    const code = await hands.paymentCode();
    await payWith(code);
    const waiting = await hands.create({ method: "alipay.qr" });
    const refused = await another(waiting.id, { payment_code: code });
    assert.equal(refused.body.code, "payment_code_used");
    const { body } = await platform.api("GET", `/v1/payments/${waiting.id}`);
    assert.deepEqual([body.status, body.live_attempt], ["processing", waiting.live_attempt]);
  });

  test("is as good as before where the order was refused before it was sent", async () => {
    const code = await hands.paymentCode();
    const waiting = await hands.create({ method: "alipay.qr" });
    await hands.fault("notification_lost", { out_trade_no: hands.order(waiting) });
    await platform.payCode(waiting.next_action.qr_code);
    // The first order turns out to be paid when it is to be closed.
    const meanwhile = await another(waiting.id, { payment_code: code });
    assert.deepEqual([meanwhile.body.status, meanwhile.body.attempts.length], ["succeeded", 1]);
    const { body } = await payWith(code);
    assert.equal(body.status, "succeeded");
  });

  test("is forgotten when its digits may come again, row and all", async () => {
    const code = await hands.paymentCode("insufficient_balance");
    await payWith(code);
    platform.clock.advance(9 * MINUTE);
    assert.equal((await payWith(code)).body.code, "payment_code_used");
    platform.clock.advance(2 * MINUTE);
    assert.notEqual((await payWith(code)).body.code, "payment_code_used");
    const count = sql("test_used_codes", "select count(*) as rows from used_payment_codes");
    // A run that is under way while the clock jumps reckons its next from after the jump.
    await hands.eventually(
      () => {
        platform.clock.advance(HOUR);
        return platform.app.cell.db.one<{ rows: bigint }>(count, []);
      },
      (seen) => seen?.rows === 0n,
    );
  });
});
