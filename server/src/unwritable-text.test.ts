import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startTestPlatform, type TestPlatform } from "../../tools/testing/platform.ts";

let platform: TestPlatform;
before(async () => {
  platform = await startTestPlatform();
});
after(() => platform.stop());

const order = { merchant_order_no: "NUL-1", amount: 1234, currency: "CNY", subject: "Tea" };
const cases: readonly [method: string, path: string, body: unknown, field: string][] = [
  ["POST", "/v1/payments", { ...order, method: "alipay.jsapi", buyer: "a\0b" }, "buyer"],
  ["POST", "/v1/payments", { ...order, store: "\0" }, "store"],
  ["POST", "/v1/payments", { ...order, subject: "half a pair \ud83d" }, "subject"],
  ["POST", "/v1/payments", { ...order, metadata: { note: "\0" } }, "metadata.note"],
  ["POST", "/v1/webhook_endpoints", { url: "https://shop.example/hooks", description: "\0" }, "description"],
  ["GET", "/v1/payments?number=%00", undefined, "query.number"],
];

describe("a character that cannot be kept is refused by name and changes nothing", () => {
  for (const [method, path, body, field] of cases) {
    test(`${field} of ${method} ${path}`, async () => {
      const answer = await platform.api(method, path, body);
      const { status, code } = answer.body;
      assert.deepEqual([status, code, answer.body.field], [400, "invalid_request", field]);
    });
  }

  test("whole characters of every kind are kept", async () => {
    const { status, body } = await platform.api("POST", "/v1/payments", { ...order, subject: "茶 🍵" });
    assert.deepEqual([status, body.subject], [201, "茶 🍵"]);
  });
});
