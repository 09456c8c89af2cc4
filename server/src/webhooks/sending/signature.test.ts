import assert from "node:assert/strict";
import { createSecretKey } from "node:crypto";
import { test } from "node:test";
import { Webhook } from "standardwebhooks";
import { plus, systemClock, systemRandom } from "../../kernel/clock.ts";
import { newKey, sign, writeSecret } from "./signature.ts";

const message = { webhookId: "evt_01jzz", payload: '{"id":"evt_01jzz","data":{"subject":"三杯美式 ☕"}}' };

test("the standard's own library believes a signed request", () => {
  const key = newKey(systemRandom);
  const headers = sign(message, [{ key: createSecretKey(key), expiresAt: null }], systemClock.now());
  const payload = new Webhook(writeSecret(key)).verify(message.payload, { ...headers });
  assert.deepEqual(payload, JSON.parse(message.payload));
});

test("the standard's own library refuses a body that was altered", () => {
  const key = newKey(systemRandom);
  const headers = sign(message, [{ key: createSecretKey(key), expiresAt: null }], systemClock.now());
  assert.throws(() => new Webhook(writeSecret(key)).verify(`${message.payload} `, { ...headers }));
});

test("while a rotation overlaps, either secret verifies; afterwards only the new one", () => {
  const now = systemClock.now();
  const [present, previous] = [newKey(systemRandom), newKey(systemRandom)];
  const during = sign(
    message,
    [
      { key: createSecretKey(present), expiresAt: null },
      { key: createSecretKey(previous), expiresAt: plus(now, 1) },
    ],
    now,
  );
  for (const key of [present, previous]) {
    new Webhook(writeSecret(key)).verify(message.payload, { ...during });
  }
  const afterwards = sign(
    message,
    [
      { key: createSecretKey(present), expiresAt: null },
      { key: createSecretKey(previous), expiresAt: now },
    ],
    now,
  );
  new Webhook(writeSecret(present)).verify(message.payload, { ...afterwards });
  assert.throws(() => new Webhook(writeSecret(previous)).verify(message.payload, { ...afterwards }));
});

test("the standard's published example signs as published", () => {
  const key = Buffer.from("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "base64");
  const example = { webhookId: "msg_p5jXN8AQM9LWM0D4loKWxJek", payload: '{"test": 2432232314}' };
  const headers = sign(
    example,
    [{ key: createSecretKey(key), expiresAt: null }],
    new Date(1_614_265_330_000),
  );
  assert.equal(headers["webhook-signature"], "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
});
