import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type Json, startTestPlatform, type TestPlatform } from "../../../tools/testing/platform.ts";
import { ok } from "./testing.ts";

let platform: TestPlatform;
before(async () => {
  platform = await startTestPlatform();
});
after(() => platform.stop());

const SHOP = {
  initiation: "dynamic",
  accounts: [{ tag: "15", value: "0102030401020304898310148160001" }],
  category: "5812",
  currency: "CNY",
  amount: 1234,
  country: "CN",
  merchant_name: "TEST SHOP",
  merchant_city: "SHENZHEN",
  additional: { "01": "T20261120001", "07": "00000001" },
};
const write = (wanted: Json) => platform.api("POST", "/v1/codes/emvco", wanted);

describe("an EMVCo code", () => {
  test("is written, character for character", async () => {
    const { code } = await ok(write(SHOP));
    assert.equal(
      code,
      "00020101021215310102030401020304898310148160001520458125303156540512.345802CN5909TEST SHOP" +
        "6008SHENZHEN62280112T2026112000107080000000163046939",
    );
  });

  test("is read again as it was written, with all that it can hold", async () => {
    const wanted = {
      ...SHOP,
      accounts: [{ tag: "26", fields: { "00": "com.example", "01": "42" } }],
      tip: { kind: "fixed", amount: 50 },
      postal_code: "518000",
      language: { code: "zh", name: "测试茶馆", city: "深圳" },
      templates: [{ tag: "80", fields: { "00": "com.example", "05": "x" } }],
    };
    const { code } = await ok(write(wanted));
    const { kind, emvco } = await ok(platform.api("POST", "/v1/codes/recognise", { code }));
    const accounts = [{ ...wanted.accounts[0], value: null }];
    assert.deepEqual([kind, emvco], ["emvco_merchant", { ...wanted, accounts }]);
  });

  const refused: [string, Json, string][] = [
    ["UnionPay's account of another length", { accounts: [{ tag: "15", value: "1" }] }, "accounts.0"],
    ["a template given as a value", { accounts: [{ tag: "26", value: "1" }] }, "accounts.0.value"],
    [
      "a value given as a template",
      { accounts: [{ tag: "02", fields: { "00": "x" } }] },
      "accounts.0.fields",
    ],
    ["a template of nobody", { accounts: [{ tag: "26", fields: { "01": "x" } }] }, "accounts.0.fields.00"],
    [
      "one tag twice",
      {
        accounts: [
          { tag: "02", value: "1" },
          { tag: "02", value: "2" },
        ],
      },
      "accounts.1",
    ],
    ["a field that is too long", { additional: { "09": "AMEX" } }, "additional.09"],
    ["a percentage without one", { tip: { kind: "percentage" } }, "tip.percent"],
    ["an amount of a tip that is asked for", { tip: { kind: "asked", amount: 5 } }, "tip.amount"],
    ["a name in another script", { merchant_name: "茶馆" }, "merchant_name"],
    ["an amount beyond 13 characters", { amount: 1_000_000_000_000_00 }, "amount"],
    ["a field of no name", { colour: "red" }, "colour"],
  ];
  for (const [title, changes, field] of refused) {
    test(`${title} is refused, naming ${field}`, async () => {
      const { status, body } = await write({ ...SHOP, ...changes });
      assert.deepEqual(
        [status, body.code, body.field],
        [400, "invalid_request", field],
        JSON.stringify(body),
      );
    });
  }

  test("in a currency that is not known is refused, and so is whoever has no key", async () => {
    const unknown = await write({ ...SHOP, currency: "XXX" });
    assert.deepEqual([unknown.body.code, unknown.body.field], ["currency_not_supported", "currency"]);
    assert.equal((await platform.api("POST", "/v1/codes/emvco", SHOP, null)).status, 401);
  });
});
