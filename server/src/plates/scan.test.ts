import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { assertInvariants } from "../../../tools/testing/invariants.ts";
import { type Json, startTestPlatform, type TestPlatform } from "../../../tools/testing/platform.ts";
import { ALIPAY_AGENT, activePlate, pathOf, phone } from "./testing.ts";

let platform: TestPlatform;
before(async () => {
  platform = await startTestPlatform();
});
after(async () => {
  await assertInvariants(platform);
  await platform.stop();
});

const paymentsOf = async (plate: Json): Promise<Json[]> => {
  const { body } = await platform.api("GET", "/v1/payments?limit=100");
  return body.data.filter((payment: Json) => payment.metadata.plate === plate.id);
};

describe("a plate with a fixed amount", () => {
  test("opens a payment in Alipay, where it is paid", async () => {
    const plate = await activePlate(platform, { amount: 1880 });
    const alipay = phone(platform, ALIPAY_AGENT);
    const scanned = await alipay.open(pathOf(plate));
    assert.equal(scanned.status, 303, scanned.text);
    const started = await alipay.open(scanned.location);
    assert.equal(started.status, 303, started.text);
    const opened = await alipay.open(started.location);
    assert.equal(opened.status, 302, opened.text);
    await platform.payCode(opened.location);
    const [payment, ...others] = await paymentsOf(plate);
    assert.deepEqual(others, []);
    const paid = await platform.until(payment.id, (one) => one.status === "succeeded");
    assert.deepEqual([paid.amount, paid.subject, paid.method], [1880, "Noodles", "alipay.wap"]);
    const page = await alipay.open(started.location);
    assert.match(page.text, /<h1>Paid<\/h1>/);
  });
});
