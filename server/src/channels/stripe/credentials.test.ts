import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseCredentials } from "./credentials.ts";
import { INPUT } from "./testing.ts";

const faultsOf = (raw: unknown) => {
  const parsed = parseCredentials(raw);
  return parsed.ok ? [] : parsed.faults.map(({ field }) => field);
};

describe("Stripe's credentials", () => {
  it("are read once", () => {
    const parsed = parseCredentials({
      ...INPUT,
      previous_webhook_secret: "whsec_before_that",
      currencies: ["JPY"],
    });
    assert.ok(parsed.ok);
    const { webhookSecrets, isLive, currencies, accountId } = parsed.credentials;
    assert.deepEqual(webhookSecrets, [INPUT.webhook_secret, "whsec_before_that"]);
    assert.deepEqual([isLive, currencies, accountId], [false, ["JPY"], INPUT.account_id]);
  });

  it("of the live mode, restricted, and without an account's id", () => {
    const { account_id: _, ...rest } = INPUT;
    const parsed = parseCredentials({
      ...rest,
      secret_key: "rk_live_0000000000",
      publishable_key: "pk_live_0000000000",
    });
    assert.ok(parsed.ok && parsed.credentials.isLive && parsed.credentials.accountId === null);
    assert.ok(parsed.credentials.currencies.includes("EUR"));
  });

  const faults: [title: string, changes: object, fields: string[]][] = [
    ["a publishable key for the secret one", { secret_key: INPUT.publishable_key }, ["secret_key"]],
    ["a secret key for the publishable one", { publishable_key: INPUT.secret_key }, ["publishable_key"]],
    ["keys of two modes", { publishable_key: "pk_live_0000000000" }, ["publishable_key"]],
    ["a webhook's id for its secret", { webhook_secret: "we_1Sesame" }, ["webhook_secret"]],
    ["the same secret twice", { previous_webhook_secret: INPUT.webhook_secret }, ["previous_webhook_secret"]],
    ["an account that is none", { account_id: "Tributary" }, ["account_id"]],
    ["no currency", { currencies: [] }, ["currencies"]],
    ["a currency that is not taken", { currencies: ["XTS"] }, ["currencies"]],
    ["a field too many", { api_version: "1" }, ["api_version"]],
    ["nothing", { secret_key: undefined, webhook_secret: " " }, ["secret_key", "webhook_secret"]],
  ];
  for (const [title, changes, fields] of faults) {
    it(`with ${title} are refused, naming the field`, () => {
      const found = faultsOf({ ...INPUT, ...changes });
      assert.deepEqual(found, fields);
    });
  }
  for (const raw of [null, [], "text", {}]) {
    it(`are not ${JSON.stringify(raw)}`, () => assert.notEqual(faultsOf(raw).length, 0));
  }
});
