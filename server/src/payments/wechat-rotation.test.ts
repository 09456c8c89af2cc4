import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertInvariants } from "../../../tools/testing/invariants.ts";
import { type Json, startTestPlatform, type TestPlatform } from "../../../tools/testing/platform.ts";
import { newPair, pem } from "../channels/alipay/testing.ts";
import { handsOn } from "./testing/hands.ts";

let platform: TestPlatform;
let account: string;
let shop: Json;
const hands = handsOn(() => platform);

/** A merchant that goes by platform certificates, as those of old do, in place of the demo's. */
before(async () => {
  platform = await startTestPlatform();
  const ours = newPair();
  const registered = await platform.sandbox("POST", "/wechat/merchants", {
    merchant_public_key: pem(ours.publicKey, "spki"),
    mode: "certificate",
  });
  shop = registered.body;
  const made = await platform.ops("POST", "/v1/ops/channel_accounts", {
    merchant_id: platform.demo.merchant_id,
    channel: "wechat",
    label: "By certificates",
    gateway_url: shop.gateway_url,
    cost_rate_millionths: 6_000,
    fund_flow: "through_platform",
    credentials: {
      mchid: shop.mchid,
      appid: shop.appid,
      api_v3_key: shop.api_v3_key,
      merchant_private_key: pem(ours.privateKey, "pkcs8"),
      merchant_serial_no: shop.merchant_serial,
      platform_certificates: [shop.platform_certificate],
    },
  });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  account = made.body.id;
  const { wechat_account_id: demos } = platform.demo;
  assert.equal((await platform.ops("POST", `/v1/ops/channel_accounts/${account}/enable`)).status, 200);
  assert.equal((await platform.ops("POST", `/v1/ops/channel_accounts/${demos}/disable`)).status, 200);
});
after(async () => {
  await assertInvariants(platform);
  await platform.stop();
});

const rotate = async () => {
  const { status } = await platform.sandbox("POST", `/wechat/merchants/${shop.mchid}/rotate-platform-key`);
  assert.equal(status, 200);
};
const create = () => hands.create({ method: "wechat.native" });
const pay = async (payment: Json) => {
  assert.equal(payment.attempts[0].channel_account, account);
  assert.equal((await platform.payCode(payment.next_action.qr_code)).status, 200);
};
const succeeded = async (payment: Json) => {
  const seen = await platform.until(payment.id, (one) => one.status === "succeeded");
  const heard = (await hands.timeline(payment.id)).map((item) => String(item.what));
  assert.ok(
    heard.some((what) => what.startsWith("The channel notified")),
    heard.join("\n"),
  );
  return seen;
};

test("a certificate that changes in the middle of traffic breaks no payment", async () => {
  const placedBefore = await Promise.all([create(), create(), create()]);
  await pay(placedBefore[0]);
  await succeeded(placedBefore[0]);
  await rotate();
  // Placed before and paid after: the first that is heard of the new certificate is a notification.
  await pay(placedBefore[1]);
  await succeeded(placedBefore[1]);
  const placedAfter = await Promise.all([create(), create()]);
  for (const payment of placedAfter) assert.equal(payment.next_action.type, "qr_code");
  await Promise.all([...placedAfter, placedBefore[2]].map(pay));
  await Promise.all([...placedAfter, placedBefore[2]].map(succeeded));
  const { body } = await hands.refund(placedBefore[0].id, { amount: 234 });
  await hands.untilRefund(body.id, (seen) => seen.state === "succeeded");
  assert.deepEqual(await hands.strays(), []);
});

test("changed once more, the first that is heard of it is an answer", async () => {
  platform.clock.advance(60_000);
  await rotate();
  const payment = await create();
  assert.equal(payment.next_action.type, "qr_code", JSON.stringify(payment));
  await pay(payment);
  await succeeded(payment);
});
