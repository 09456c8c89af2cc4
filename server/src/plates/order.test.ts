import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { assertInvariants } from "../../../tools/testing/invariants.ts";
import { type Json, startTestPlatform, type TestPlatform } from "../../../tools/testing/platform.ts";
import { newRsaKey } from "../kernel/crypto.ts";
import { ALIPAY_AGENT, BROWSER_AGENT, ok, phone, WECHAT_AGENT } from "./testing.ts";

let platform: TestPlatform;
before(async () => {
  platform = await startTestPlatform();
});
after(async () => {
  await assertInvariants(platform);
  await platform.stop();
});

const create = (wanted: Record<string, unknown> = {}): Promise<Json> => ok(platform.pay(wanted));
const scan = (payment: Json, more: Record<string, unknown>): Promise<Json> =>
  ok(platform.sandbox("POST", "/wallet/scan", { code: payment.scan_url, ...more }));
const scanPath = (payment: Json) => new URL(payment.scan_url).pathname;
const read = async (payment: Json): Promise<Json> =>
  (await platform.api("GET", `/v1/payments/${payment.id}`)).body;

describe("the one address of a payment", () => {
  test("stands in the fixed folder, with nothing behind a #, for every payment", async () => {
    const payment = await create();
    assert.match(payment.scan_url, /^http:\/\/[^/]+\/q\/o\/[A-Za-z0-9_-]+$/);
  });

  test("in WeChat it learns who scans, places the order for him, and is paid", async () => {
    const payment = await create({ subject: "Oolong", return_url: "https://shop.example/back?cart=7" });
    const { trade } = await scan(payment, { wallet: "wechat", buyer: "ann" });
    assert.deepEqual([trade.channel, trade.scene, trade.amount], ["wechat", "jsapi", 1234]);
    await platform.payCode(trade.token);
    const paid = await platform.until(payment.id, (one) => one.status === "succeeded");
    assert.deepEqual([paid.method, paid.attempts.length], ["wechat.jsapi", 1]);
    const page = await phone(platform, WECHAT_AGENT).open(scanPath(payment));
    assert.match(page.text, /<h1>Paid<\/h1>/);
    // The same address that the cashier leads back to.
    const back = `https://shop.example/back?cart=7&amp;payment_id=${payment.id}&amp;status=succeeded`;
    assert.ok(page.text.includes(`href="${back}"`), page.text);
  });

  test("in WeChat a reload keeps the buyer's order, and another buyer gets his own", async () => {
    const payment = await create();
    const first = await scan(payment, { wallet: "wechat", buyer: "ann" });
    const again = await scan(payment, { wallet: "wechat", buyer: "ann" });
    assert.equal(again.trade.token, first.trade.token);
    const other = await scan(payment, { wallet: "wechat", buyer: "bob" });
    assert.notEqual(other.trade.token, first.trade.token);
    const { attempts } = await read(payment);
    assert.deepEqual(
      attempts.map((attempt: Json) => attempt.state),
      ["closed", "pending"],
    );
  });

  test("in Alipay it opens the wallet's page, once for all who scan", async () => {
    const payment = await create();
    const first = await scan(payment, { wallet: "alipay" });
    const again = await scan(payment, { wallet: "alipay" });
    assert.deepEqual([first.trade.channel, first.trade.token], ["alipay", again.trade.token]);
    await Promise.all([1, 2, 3].map(() => scan(payment, { wallet: "alipay" })));
    assert.equal((await read(payment)).attempts.length, 1);
    await platform.payCode(first.trade.token);
    await platform.until(payment.id, (one) => one.status === "succeeded");
  });

  test("in UnionPay it opens UnionPay's page by a form, and a reload keeps the order", async () => {
    const payment = await create();
    const first = await scan(payment, { wallet: "unionpay" });
    assert.deepEqual([first.trade.channel, first.trade.amount], ["unionpay", 1234]);
    const again = await scan(payment, { wallet: "unionpay" });
    assert.equal(again.trade.token, first.trade.token);
    await platform.payCode(first.trade.token);
    const paid = await platform.until(payment.id, (one) => one.status === "succeeded");
    assert.deepEqual([paid.method, paid.attempts.length], ["unionpay.page", 1]);
  });

  test("opened in one wallet and then in another, the earlier order is ended", async () => {
    const payment = await create();
    await scan(payment, { wallet: "alipay" });
    const { trade } = await scan(payment, { wallet: "wechat" });
    const { attempts, live_attempt } = await read(payment);
    assert.deepEqual(
      attempts.map((attempt: Json) => [attempt.method, attempt.id === live_attempt]),
      [
        ["alipay.wap", false],
        ["wechat.jsapi", true],
      ],
    );
    await platform.payCode(trade.token);
    await platform.until(payment.id, (one) => one.status === "succeeded");
  });

  test("any other app reads which wallets can pay, and may go to the cashier", async () => {
    const payment = await create();
    const page = await phone(platform, BROWSER_AGENT).open(scanPath(payment));
    assert.equal(page.status, 200);
    assert.match(page.text, /Scan this code with WeChat, Alipay or UnionPay/);
    assert.ok(page.text.includes(`href="${new URL(payment.cashier_url).pathname}"`));
    const qq = await phone(platform, "Mozilla/5.0 QQ/9.0.1").open(scanPath(payment));
    assert.match(qq.text, /cannot be paid inside QQ; scan it with WeChat, Alipay or UnionPay/);
    assert.deepEqual((await read(payment)).attempts, []);
  });

  test("says how a payment has ended, and that there is none", async () => {
    const payment = await create();
    await platform.api("POST", `/v1/payments/${payment.id}/close`);
    const alipay = phone(platform, ALIPAY_AGENT);
    assert.match((await alipay.open(scanPath(payment))).text, /This payment was closed/);
    const path = scanPath(payment);
    const unknown = await alipay.open(`${path.slice(0, -1)}${path.endsWith("A") ? "B" : "A"}`);
    assert.equal(unknown.status, 404);
    assert.match(unknown.text, /There is no such payment/);
  });
});

describe("between a payment's expiry and its closing by a worker", () => {
  let idle: TestPlatform;
  before(async () => {
    idle = await startTestPlatform({ config: { roles: ["api"] } });
  });
  after(() => idle.stop());

  test("the page waits, in whichever wallet it is opened", async () => {
    const payment = await ok(idle.pay({ expires_in: 60 }));
    await ok(idle.sandbox("POST", "/wallet/scan", { code: payment.scan_url, wallet: "wechat" }));
    idle.clock.advance(61_000);
    for (const agent of [ALIPAY_AGENT, WECHAT_AGENT]) {
      const page = await phone(idle, agent).open(scanPath(payment));
      assert.deepEqual([page.status, page.location], [200, ""], agent);
      assert.match(page.text, /being confirmed/);
    }
  });
});

describe("coming back from WeChat's page", () => {
  const wechat = () => phone(platform, WECHAT_AGENT);
  /** From the payment's address to where WeChat sends the browser back. */
  const sentBack = async (payment: Json): Promise<string> => {
    const { location } = await wechat().open(scanPath(payment));
    const back = await wechat().open(location);
    assert.equal(back.status, 302, back.text);
    return back.location;
  };

  /** The page to which WeChat's browser is led, with the order that it hands over. */
  const invoked = async (back: string): Promise<string> => {
    const { status, location, text } = await wechat().open(back);
    assert.equal(status, 303, text);
    const page = await wechat().open(location);
    assert.match(page.text, /data-bridge="wechat"/);
    return location;
  };

  test("twice is the same order, before and after the state has grown old", async () => {
    const payment = await create();
    const back = await sentBack(payment);
    const first = await invoked(back);
    assert.equal(await invoked(back), first);
    platform.clock.advance(6 * 60_000);
    assert.equal(await invoked(back), first);
    assert.equal((await read(payment)).attempts.length, 1);
  });

  test("twice at once is the same order, although the wallet's code is good once", async () => {
    const payment = await create();
    const back = await sentBack(payment);
    const [first, ...others] = await Promise.all([1, 2, 3].map(() => invoked(back)));
    assert.deepEqual(others, [first, first]);
    assert.equal((await read(payment)).attempts.length, 1);
  });

  test("twice keeps the order that the buyer had before he scanned again", async () => {
    const payment = await create();
    await scan(payment, { wallet: "wechat" });
    const back = await sentBack(payment);
    const first = await invoked(back);
    assert.equal(await invoked(back), first);
    assert.equal((await read(payment)).attempts.length, 1);
  });

  test("again after its order is over, the buyer is led to the payment as it is now", async () => {
    const payment = await create();
    const back = await sentBack(payment);
    await invoked(back);
    await scan(payment, { wallet: "alipay" });
    const again = await wechat().open(back);
    assert.deepEqual([again.status, again.location], [303, scanPath(payment)]);
  });

  test("with a state that was not made here, of another payment or too old, opens nothing", async () => {
    const [payment, other] = [await create(), await create()];
    const back = new URL(await sentBack(payment));
    const state = back.searchParams.get("state") ?? "";
    const theirs = new URL(await sentBack(other)).searchParams.get("state") ?? "";
    for (const wrong of ["", "x", state.replace(/^../, "00"), theirs.slice(0, 56) + state.slice(56)]) {
      back.searchParams.set("state", wrong);
      assert.equal((await wechat().open(back.href)).status, 404, wrong);
    }
    back.searchParams.set("state", state);
    platform.clock.advance(6 * 60_000);
    const late = await wechat().open(back.href);
    assert.equal(late.status, 502);
    assert.deepEqual([(await read(payment)).attempts, (await read(other)).attempts], [[], []]);
  });

  test("without a code, as a buyer who would not, it says so and offers to try again", async () => {
    const payment = await create();
    const back = new URL(await sentBack(payment));
    back.searchParams.delete("code");
    const page = await wechat().open(back.href);
    assert.equal(page.status, 502);
    assert.ok(page.text.includes(`href="${scanPath(payment)}"`));
  });
});

describe("what the merchant's contracts allow decides", () => {
  type Shop = { readonly key: string };

  /** A merchant with these methods at Alipay and, with or without the app's secret, an account at WeChat. */
  async function openShop(terms: { alipay?: string[]; wechat?: "with_secret" | "without" }): Promise<Shop> {
    const merchant = await ok(
      platform.ops("POST", "/v1/ops/merchants", {
        name: "Corner Shop",
        legal_name: "Corner Ltd.",
        fee_rate_millionths: 6_000,
        currencies: ["CNY"],
      }),
    );
    const contract = async (channel: string, gatewayUrl: string, credentials: object, more: object = {}) => {
      const account = await ok(
        platform.ops("POST", "/v1/ops/channel_accounts", {
          merchant_id: merchant.id,
          channel,
          label: channel,
          gateway_url: gatewayUrl,
          cost_rate_millionths: 6_000,
          fund_flow: "through_platform",
          credentials,
          ...more,
        }),
      );
      await ok(platform.ops("POST", `/v1/ops/channel_accounts/${account.id}/enable`));
    };
    if (terms.alipay !== undefined) {
      const pair = newRsaKey();
      const asked = { app_public_key: pair.publicKey, mode: "public_key" };
      const app = await ok(platform.sandbox("POST", "/alipay/apps", asked));
      const credentials = {
        mode: "public_key",
        app_id: app.app_id,
        seller_id: app.pid,
        private_key: pair.privateKey,
        alipay_public_key: app.alipay_public_key,
      };
      await contract("alipay", app.gateway_url, credentials, { methods: terms.alipay });
    }
    if (terms.wechat !== undefined) {
      const pair = newRsaKey();
      const shop = await ok(
        platform.sandbox("POST", "/wechat/merchants", { merchant_public_key: pair.publicKey }),
      );
      await contract("wechat", shop.gateway_url, {
        mchid: shop.mchid,
        appid: shop.appid,
        ...(terms.wechat === "with_secret" ? { app_secret: shop.app_secret } : {}),
        api_v3_key: shop.api_v3_key,
        merchant_private_key: pair.privateKey,
        merchant_serial_no: shop.merchant_serial,
        wechatpay_public_key: shop.platform_public_key,
        wechatpay_public_key_id: shop.platform_public_key_id,
      });
    }
    const key = await ok(platform.ops("POST", `/v1/ops/merchants/${merchant.id}/api_keys`, { label: "x" }));
    return { key: key.secret };
  }

  let orders = 0;
  const payAt = ({ key }: Shop): Promise<Json> => {
    orders += 1;
    const wanted = { merchant_order_no: `C-${orders}`, amount: 700, currency: "CNY", subject: "Bun" };
    return ok(platform.api("POST", "/v1/payments", wanted, key));
  };

  test("in Alipay without its page, the user is learnt and the order is made for him", async () => {
    const shop = await openShop({ alipay: ["alipay.jsapi"] });
    const payment = await payAt(shop);
    const { trade } = await scan(payment, { wallet: "alipay", buyer: "cai" });
    assert.deepEqual([trade.channel, trade.scene], ["alipay", "jsapi"]);
    const again = await scan(payment, { wallet: "alipay", buyer: "cai" });
    assert.equal(again.trade.token, trade.token);
    const page = await phone(platform, WECHAT_AGENT).open(scanPath(payment));
    assert.match(page.text, /cannot be paid inside WeChat; scan it with Alipay/);
    await platform.payCode(trade.token);
    const { body } = await platform.api("GET", `/v1/payments/${payment.id}`, undefined, shop.key);
    assert.equal(body.attempts[0].method, "alipay.jsapi");
  });

  test("in WeChat without the app's secret nobody can be told apart, and the page says so", async () => {
    const payment = await payAt(await openShop({ wechat: "without", alipay: ["alipay.wap"] }));
    const seen = await scan(payment, { wallet: "wechat" });
    assert.equal(seen.page.status, 200);
    assert.match(seen.page.text, /微信里付不了，请用支付宝扫码/);
    const alone = await payAt(await openShop({ wechat: "without" }));
    assert.match((await scan(alone, { wallet: "wechat" })).page.text, /没有可用的钱包/);
  });

  test("with the wrong secret nothing is charged, and the buyer may try again", async () => {
    const shop = await openShop({ wechat: "with_secret" });
    const payment = await payAt(shop);
    const { data } = await ok(platform.ops("GET", "/v1/ops/channel_accounts?channel=wechat&limit=1"));
    const rotation = { credentials: { app_secret: "0".repeat(32) }, keep_others: true };
    await ok(platform.ops("POST", `/v1/ops/channel_accounts/${data[0].id}/credentials`, rotation));
    const { page } = await scan(payment, { wallet: "wechat" });
    assert.deepEqual([page.status, /没能打开付款/.test(page.text)], [502, true]);
    const { body } = await platform.api("GET", `/v1/payments/${payment.id}`, undefined, shop.key);
    assert.deepEqual([body.status, body.attempts], ["created", []]);
  });
});
