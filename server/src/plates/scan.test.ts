import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { assertInvariants } from "../../../tools/testing/invariants.ts";
import { type Json, startTestPlatform, type TestPlatform } from "../../../tools/testing/platform.ts";
import {
  ALIPAY_AGENT,
  activePlate,
  BROWSER_AGENT,
  blanks,
  fieldIn,
  ok,
  pathOf,
  phone,
  refreshIn,
  WECHAT_AGENT,
} from "./testing.ts";

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
const alipay = () => phone(platform, ALIPAY_AGENT);
const browser = () => phone(platform, BROWSER_AGENT);
const step = (plate: Json, what: string, body: object = {}): Promise<Json> =>
  ok(platform.ops("POST", `/v1/ops/plates/${plate.id}/${what}`, { version: plate.version, ...body }));

describe("a code that takes no payment says why", () => {
  const says = async (path: string, status: number, en: RegExp, zh: RegExp) => {
    const page = await alipay().open(path);
    assert.deepEqual([page.status, en.test(page.text)], [status, true], page.text);
    assert.match((await phone(platform, ALIPAY_AGENT, "zh-CN,zh;q=0.9").open(path)).text, zh);
  };

  test("unknown: of no plate, mistyped, or no code at all", async () => {
    const unknown = ["/q/0000000000000000", "/q/ABC", "/q/%E8%8C%B6", `/q/${"A".repeat(200)}`, "/q/o"];
    for (const path of unknown) await says(path, 404, /There is no such code/, /没有这个码/);
  });

  test("blank, bound, opening and disabled", async () => {
    const [blank] = await blanks(platform, 1);
    await says(pathOf(blank), 200, /This plate is not in use yet/, /还没有启用/);
    const terms = { merchant_id: platform.demo.merchant_id, currency: "CNY", subject: "Tea" };
    const bound = await step(blank, "bind", terms);
    await says(pathOf(blank), 200, /This plate is being opened/, /正在开通/);
    const opening = await step(bound, "open");
    await says(pathOf(blank), 200, /This plate is being opened/, /正在开通/);
    await step(opening, "disable");
    await says(pathOf(blank), 410, /This plate is out of service/, /已停用/);
    const sent = await alipay().send(pathOf(blank), { scan: "x", amount: "1" });
    assert.equal(sent.status, 410);
    assert.deepEqual(await paymentsOf(blank), []);
  });

  test("an amount that no account of the merchant takes any more", async () => {
    const plate = await activePlate(platform, { amount: 1880 });
    for (const id of [platform.demo.channel_account_id, platform.demo.wechat_account_id]) {
      await ok(platform.ops("POST", `/v1/ops/channel_accounts/${id}/disable`));
    }
    await says(pathOf(plate), 503, /No payments at the moment/, /暂时不能收款/);
    for (const id of [platform.demo.channel_account_id, platform.demo.wechat_account_id]) {
      await ok(platform.ops("POST", `/v1/ops/channel_accounts/${id}/enable`));
    }
  });

  test("under a policy that lets nothing else in, and kept by nobody", async () => {
    const answer = await fetch(`${platform.baseUrl}/q/0000000000000000`);
    const policy = answer.headers.get("content-security-policy") ?? "";
    for (const rule of ["default-src 'none'", "script-src 'self'", "form-action 'self'"]) {
      assert.ok(policy.includes(rule), rule);
    }
    assert.ok(!policy.includes("unsafe"));
    assert.equal(answer.headers.get("cache-control"), "no-store");
    assert.equal(answer.headers.get("referrer-policy"), "no-referrer");
    await answer.body?.cancel();
  });
});

describe("a plate with a fixed amount", () => {
  test("opens a payment in Alipay, where it is paid; the merchant sees the plate and its place", async () => {
    const url = `/v1/ops/merchants/${platform.demo.merchant_id}`;
    await ok(platform.ops("POST", `${url}/stores`, { store_no: "S-1", name: "Riverside" }));
    await ok(platform.ops("POST", `${url}/terminals`, { serial: "P-1", type: "plate", store: "S-1" }));
    const plate = await activePlate(platform, { amount: 1880, terminal: "P-1" });
    const scanned = await alipay().open(pathOf(plate));
    assert.equal(scanned.status, 303, scanned.text);
    const started = await alipay().open(scanned.location);
    const opened = await alipay().open(started.location);
    await platform.payCode(opened.location);
    const [payment, ...others] = await paymentsOf(plate);
    assert.deepEqual(others, []);
    const paid = await platform.until(payment.id, (one) => one.status === "succeeded");
    assert.deepEqual(
      [paid.amount, paid.subject, paid.method, paid.store, paid.terminal],
      [1880, "Noodles", "alipay.wap", plate.store, plate.terminal],
    );
    assert.match((await alipay().open(started.location)).text, /<h1>Paid<\/h1>/);
  });

  test("is paid in WeChat by a program's wallet that scans its address", async () => {
    const plate = await activePlate(platform);
    const wanted = { code: plate.url, wallet: "wechat" };
    const { trade } = await ok(platform.sandbox("POST", "/wallet/scan", wanted));
    assert.deepEqual([trade.channel, trade.scene, trade.amount], ["wechat", "jsapi", 1880]);
    await platform.payCode(trade.token);
    const [payment] = await paymentsOf(plate);
    await platform.until(payment.id, (one) => one.status === "succeeded");
  });

  test("one scan makes one payment, however often and however much at once it is asked for", async () => {
    const plate = await activePlate(platform);
    const { location } = await alipay().open(pathOf(plate));
    const answers = await Promise.all(Array.from({ length: 8 }, () => alipay().open(location)));
    assert.equal(new Set(answers.map((answer) => answer.location)).size, 1);
    await alipay().open(location);
    assert.equal((await paymentsOf(plate)).length, 1);
  });

  test("two scans are two payments: two buyers stand before one plate", async () => {
    const plate = await activePlate(platform);
    for (const wallet of ["alipay", "wechat"]) {
      await ok(platform.sandbox("POST", "/wallet/scan", { code: plate.url, wallet }));
    }
    assert.equal((await paymentsOf(plate)).length, 2);
  });

  test("reading the printed address makes none, so nobody's preview does", async () => {
    const plate = await activePlate(platform);
    await alipay().open(pathOf(plate));
    await browser().open(pathOf(plate));
    assert.deepEqual(await paymentsOf(plate), []);
  });

  test("a scan of before a change begins anew, and so does one of an hour ago", async () => {
    const plate = await activePlate(platform);
    const { location } = await alipay().open(pathOf(plate));
    const dearer = { version: plate.version, amount: 9900 };
    await ok(platform.ops("PATCH", `/v1/ops/plates/${plate.id}`, dearer));
    const again = await alipay().open(location);
    assert.deepEqual([again.status, again.location], [303, pathOf(plate)]);
    const late = await alipay().open(again.location);
    platform.clock.advance(3_600_000);
    assert.equal((await alipay().open(late.location)).location, pathOf(plate));
    assert.deepEqual(await paymentsOf(plate), []);
  });

  test("another browser is told which wallets can, and may pay at the cashier", async () => {
    const plate = await activePlate(platform);
    const page = await browser().open(pathOf(plate));
    assert.match(page.text, /Scan this code with WeChat or Alipay/);
    assert.match(page.text, /¥18\.80/);
    const scan = fieldIn(page.text, "scan");
    const started = await browser().send(pathOf(plate), { scan });
    assert.match(refreshIn(started.text), /^\/pay\//);
    const [payment] = await paymentsOf(plate);
    assert.equal(new URL(payment.cashier_url).pathname, refreshIn(started.text));
  });

  test("an app that cannot pay reads so by its own name", async () => {
    const plate = await activePlate(platform);
    const page = await phone(platform, "Mozilla/5.0 aweme_280400", "zh-CN").open(pathOf(plate));
    assert.match(page.text, /抖音里付不了，请用微信或支付宝扫码/);
  });
});

describe("a plate with an open amount", () => {
  const ask = async (plate: Json) => {
    const page = await alipay().open(pathOf(plate));
    assert.equal(page.status, 200);
    return fieldIn(page.text, "scan");
  };

  test("asks for it, and makes the payment of it", async () => {
    const plate = await activePlate(platform, { amount: null });
    const sent = await alipay().send(pathOf(plate), { scan: await ask(plate), amount: "６６，８" });
    assert.equal(sent.status, 200, sent.text);
    assert.match(refreshIn(sent.text), /^\/q\/o\//);
    const [payment] = await paymentsOf(plate);
    assert.equal(payment.amount, 6680);
  });

  test("is entered by a program's wallet, too", async () => {
    const plate = await activePlate(platform, { amount: null });
    const wanted = { code: plate.url, wallet: "wechat", amount: "8.80" };
    const { trade } = await ok(platform.sandbox("POST", "/wallet/scan", wanted));
    assert.equal(trade.amount, 880);
    const asked = await ok(platform.sandbox("POST", "/wallet/scan", { code: plate.url }));
    assert.match(asked.page.text, /付款金额/);
    const refused = await ok(platform.sandbox("POST", "/wallet/scan", { ...wanted, amount: "x" }));
    assert.equal(refused.page.status, 422);
  });

  for (const [typed, reason] of [
    ["", "Please enter the amount"],
    ["1.234", "too many decimals"],
    ["<b>", "Digits only"],
    ["0", "at least ¥0.01"],
    ["100000000.01", "at most ¥100,000,000.00"],
  ] as const) {
    test(`does not take ${JSON.stringify(typed)}, says why, and keeps what was typed`, async () => {
      const plate = await activePlate(platform, { amount: null });
      const scan = await ask(plate);
      const sent = await alipay().send(pathOf(plate), { scan, amount: typed });
      assert.equal(sent.status, 422);
      assert.ok(sent.text.includes(reason), sent.text);
      assert.equal(fieldIn(sent.text, "scan"), scan);
      assert.ok(!sent.text.includes("<b>"));
      assert.deepEqual(await paymentsOf(plate), []);
    });
  }

  test("sent twice makes one payment; with another amount it is said that this scan has one", async () => {
    const plate = await activePlate(platform, { amount: null });
    const scan = await ask(plate);
    const send = (amount: string) => alipay().send(pathOf(plate), { scan, amount });
    const answers = await Promise.all([send("5"), send("5.0"), send("5")]);
    assert.equal(new Set(answers.map((answer) => refreshIn(answer.text))).size, 1);
    const other = await send("6");
    assert.equal(other.status, 409);
    assert.match(other.text, /One scan makes one order/);
    assert.equal((await paymentsOf(plate)).length, 1);
  });

  test("a token that was not made for it makes none", async () => {
    const [plate, other] = [
      await activePlate(platform, { amount: null }),
      await activePlate(platform, { amount: null }),
    ];
    const wrong = ["", "x", await ask(other)];
    for (const scan of wrong) {
      const sent = await alipay().send(pathOf(plate), { scan, amount: "5" });
      assert.equal(sent.status, 409);
      assert.match(sent.text, /Start again/);
    }
    assert.deepEqual(await paymentsOf(plate), []);
  });

  test("takes a form alone, and no more of it than one needs", async () => {
    const plate = await activePlate(platform, { amount: null });
    const json = await platform.api("POST", pathOf(plate), { amount: "5" }, null);
    assert.equal(json.status, 415);
    const long = await phone(platform, WECHAT_AGENT).send(pathOf(plate), { amount: "5".repeat(3_000) });
    assert.equal(long.status, 413);
    assert.deepEqual(await paymentsOf(plate), []);
  });
});
