import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertInvariants } from "../../../../tools/testing/invariants.ts";
import { type Json, startTestPlatform, type TestPlatform } from "../../../../tools/testing/platform.ts";
import { MINUTE } from "../../kernel/clock.ts";
import { newRsaKey } from "../../kernel/crypto.ts";
import { sharingHandsOn } from "../testing/sharing.ts";

let platform: TestPlatform;
const hands = sharingHandsOn(() => platform);
let receiver: Json;
before(async () => {
  platform = await startTestPlatform({ config: { mayHoldShares: true } });
  const { channel_account_id: alipay, wechat_account_id: wechat } = platform.demo;
  await hands.contract(alipay, { mode: "books" });
  await hands.contract(wechat as string);
  receiver = await hands.receiver([
    { channel_account: alipay, type: "userId", account: "2088000000000001" },
    { channel_account: wechat, type: "MERCHANT_ID", account: "1900000001" },
  ]);
});
after(async () => {
  await assertInvariants(platform);
  await platform.stop();
});

const { goingOn } = hands;

test("where we may hold the money, our own books split it at once, and a refund takes it back", async () => {
  const [pending, receivers] = (await hands.balances("merchant_pending", "receiver_pending")) as [
    number,
    number,
  ];
  const payment = await hands.paid({ profit_sharing: "later", amount: 1_000 });
  // Nobody freezes it, and no maximum but what settles less the fee of 0.08.
  const made = await hands.share(payment.id, [{ receiver: receiver.id, amount: 800 }]);
  assert.deepEqual([made.status, made.body.data[0].state], [201, "succeeded"], JSON.stringify(made.body));
  assert.deepEqual(await hands.balances("merchant_pending", "receiver_pending"), [
    pending + 1_000 - 8 - 800,
    receivers + 800,
  ]);
  const calls = (await hands.timeline(payment.id)).filter(({ detail }) =>
    String(detail.operation).startsWith("share"),
  );
  assert.deepEqual(calls, []);
  const refund = await hands.refund(payment.id, { amount: 500 });
  assert.notEqual(refund.body.state, "created");
  const [, left] = await hands.balances("merchant_pending", "receiver_pending");
  assert.equal(left, receivers + 400);
  const told = (await hands.events(payment.id)).filter((type) => type.startsWith("share."));
  assert.deepEqual(told.toSorted(), ["share.returned", "share.succeeded"]);
  const beyond = await hands.share(payment.id, [{ receiver: receiver.id, amount: 100 }]);
  assert.deepEqual([beyond.status, beyond.body.code], [422, "share_exceeds_payment"]);
  const ended = await platform.api("POST", `/v1/payments/${payment.id}/shares/finish`);
  assert.deepEqual([ended.status, ended.body.state], [200, "finished"], JSON.stringify(ended.body));
});

test("the way a contract splits never changes under the orders that were placed by it", async () => {
  const path = `/v1/ops/channel_accounts/${platform.demo.channel_account_id}/sharing`;
  const other = await platform.ops("PUT", path, { mode: "channel" });
  assert.deepEqual([other.status, other.body.code], [409, "conflict"]);
  const { body } = await platform.ops("GET", path);
  assert.deepEqual([body.mode, body.max_millionths, body.is_open], ["books", 1_000_000, true]);
  await hands.contract(platform.demo.channel_account_id, { mode: "books", is_open: false });
  const refused = await platform.pay({ method: "alipay.qr", profit_sharing: "later" });
  assert.deepEqual([refused.status, refused.body.code], [422, "sharing_not_available"]);
});

test("money that never passes us is split by the channel, and no payable of ours comes of it", async () => {
  const own = await directAccount();
  const supplier = await hands.receiver([
    { channel_account: own, type: "MERCHANT_ID", account: "1900000002" },
  ]);
  const look = async () => [
    ...(await hands.balances("receiver_pending", "merchant_pending")),
    await memorandum(),
  ];
  const before = (await look()) as [number, number, number];
  const payment = await hands.wechatPaid({ amount: 1_000 });
  platform.clock.advance(2 * MINUTE);
  await hands.share(payment.id, [{ receiver: supplier.id, amount: 300 }], { finish: true });
  await hands.untilShared(
    payment.id,
    goingOn((seen) => seen.state === "finished"),
  );
  // The memorandum keeps what the channel settles; who got what of it is in the shares' rows.
  assert.deepEqual(await look(), [before[0], before[1], before[2] + 1_000]);
  const refund = await hands.refund(payment.id);
  await hands.untilRefund(
    refund.body.id,
    goingOn((seen) => seen.state === "succeeded"),
  );
  assert.equal((await hands.shared(payment.id)).data[0].amount_returned, 300);
  assert.deepEqual(await look(), before);
});

/** What the memorandum says of money that is settled past us. */
async function memorandum(): Promise<number> {
  const text =
    "select coalesce(sum(-balance), 0)::bigint as owed from accounts where code = 'memo_merchant_pending'";
  const row = await platform.app.cell.db.one<{ owed: bigint }>({ name: "test_memorandum", text });
  return Number(row?.owed);
}

/** A contract by which WeChat pays the merchant itself; it takes the orders from now on. */
async function directAccount(): Promise<string> {
  const { publicKey, privateKey } = newRsaKey();
  const { body: shop } = await platform.sandbox("POST", "/wechat/merchants", {
    merchant_public_key: publicKey,
  });
  const made = await platform.ops("POST", "/v1/ops/channel_accounts", {
    merchant_id: platform.demo.merchant_id,
    channel: "wechat",
    label: "Direct",
    gateway_url: shop.gateway_url,
    cost_rate_millionths: 6_000,
    fund_flow: "direct_to_merchant",
    credentials: {
      mchid: shop.mchid,
      appid: shop.appid,
      api_v3_key: shop.api_v3_key,
      merchant_private_key: privateKey,
      merchant_serial_no: shop.merchant_serial,
      wechatpay_public_key: shop.platform_public_key,
      wechatpay_public_key_id: shop.platform_public_key_id,
    },
  });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  const accounts = "/v1/ops/channel_accounts";
  assert.equal((await platform.ops("POST", `${accounts}/${made.body.id}/enable`)).status, 200);
  assert.equal(
    (await platform.ops("POST", `${accounts}/${platform.demo.wechat_account_id}/disable`)).status,
    200,
  );
  await hands.contract(made.body.id);
  return made.body.id;
}
