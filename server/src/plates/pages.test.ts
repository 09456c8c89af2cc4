import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { AxeBuilder } from "@axe-core/playwright";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { launchBrowser } from "../../../tools/testing/browser.ts";
import { type Json, startTestPlatform, type TestPlatform } from "../../../tools/testing/platform.ts";
import { ALIPAY_AGENT, activePlate, BROWSER_AGENT, blanks, ok, pathOf, WECHAT_AGENT } from "./testing.ts";

let platform: TestPlatform;
let browser: Browser;
before(async () => {
  platform = await startTestPlatform();
  browser = await launchBrowser();
});
after(async () => {
  await browser.close();
  await platform.stop();
});

const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

/** A page of a phone; what its policy stopped or its script threw fails the test. */
async function open(options: BrowserContextOptions, use: (page: Page) => Promise<void>): Promise<void> {
  const context = await browser.newContext({ ...PHONE, locale: "en-US", ...options });
  const page = await context.newPage();
  const faults: string[] = [];
  page.on("pageerror", (error) => faults.push(error.message));
  page.on("console", (message) => {
    if (/Content Security Policy|Refused to/.test(message.text())) faults.push(message.text());
  });
  try {
    await use(page);
    assert.deepEqual(faults, []);
  } finally {
    await context.close();
  }
}

const paymentsOf = async (plate: Json): Promise<Json[]> => {
  const { body } = await platform.api("GET", "/v1/payments?limit=100");
  return body.data.filter((payment: Json) => payment.metadata.plate === plate.id);
};

describe("an open amount, on a phone without scripts", () => {
  test("is typed, refused with a reason, corrected, and paid in Alipay's own page", async () => {
    const plate = await activePlate(platform, { amount: null });
    await open({ userAgent: ALIPAY_AGENT, javaScriptEnabled: false }, async (page) => {
      await page.goto(plate.url);
      const input = page.getByLabel("Amount to pay");
      assert.equal(await input.getAttribute("inputmode"), "decimal");
      await input.fill("12.345");
      await page.getByRole("button", { name: "Pay" }).click();
      await page.getByText("too many decimals").waitFor();
      assert.equal(await input.inputValue(), "12.345");
      await input.fill("12.34");
      await page.getByRole("button", { name: "Pay" }).click();
      await page.waitForURL(/\/wallet\?trade=/);
      await platform.payCode(page.url());
    });
    const [payment, ...others] = await paymentsOf(plate);
    assert.deepEqual(others, []);
    const paid = await platform.until(payment.id, (one) => one.status === "succeeded");
    assert.equal(paid.amount, 1234);
  });

  test("tapped twice makes one payment", async () => {
    const plate = await activePlate(platform, { amount: null });
    await open({ userAgent: BROWSER_AGENT }, async (page) => {
      await page.goto(plate.url);
      await page.getByLabel("Amount to pay").fill("5");
      await page.getByRole("button", { name: "Pay in this browser" }).dblclick();
      await page.waitForURL(/\/pay\//);
      await page.goBack();
    });
    assert.equal((await paymentsOf(plate)).length, 1);
  });
});

describe("inside WeChat", () => {
  const bridge = (answer: string) => `
    window.WeixinJSBridge = {
      invoke: (name, params, done) => { window.invoked = { name, params }; done({ err_msg: "${answer}" }); },
    };`;
  const invoked = (page: Page): Promise<Json> => page.evaluate("window.invoked");

  test("the order is handed to the bridge, and a yes leads to the page that asks our server", async () => {
    const plate = await activePlate(platform);
    await open({ userAgent: WECHAT_AGENT }, async (page) => {
      await page.addInitScript(bridge("get_brand_wcpay_request:ok"));
      await page.goto(plate.url);
      await page.waitForURL(/\/done$/);
      await page.getByText("Your payment is being confirmed").waitFor();
      const [payment] = await paymentsOf(plate);
      await platform.payCode(JSON.stringify(payment.next_action.params));
      await page.getByRole("heading", { name: "Paid" }).waitFor({ timeout: 15_000 });
    });
  });

  test("a buyer who puts it away can take it up again", async () => {
    const plate = await activePlate(platform);
    await open({ userAgent: WECHAT_AGENT }, async (page) => {
      await page.addInitScript(bridge("get_brand_wcpay_request:cancel"));
      await page.goto(plate.url);
      await page.getByText("Not paid yet").waitFor();
      const first = await invoked(page);
      assert.equal(first.name, "getBrandWCPayRequest");
      assert.deepEqual(Object.keys(first.params).toSorted(), [
        "appId",
        "nonceStr",
        "package",
        "paySign",
        "signType",
        "timeStamp",
      ]);
      await page.evaluate("delete window.invoked");
      await page.getByRole("button", { name: "Pay" }).click();
      assert.deepEqual(await invoked(page), first);
    });
    assert.equal((await paymentsOf(plate)).length, 1);
  });
});

/** Every kind of page, by the address that shows it. */
async function pages(): Promise<Record<string, string>> {
  const [blank, dead] = await blanks(platform, 2);
  await ok(platform.ops("POST", `/v1/ops/plates/${dead.id}/disable`, { version: 1 }));
  const openAmount = await activePlate(platform, { amount: null });
  const payment = await ok(platform.pay({ subject: "乌龙茶 Oolong" }));
  const closed = await ok(platform.pay());
  await ok(platform.api("POST", `/v1/payments/${closed.id}/close`));
  return {
    "open-amount": pathOf(openAmount),
    "fixed-amount": pathOf(await activePlate(platform)),
    payment: new URL(payment.scan_url).pathname,
    closed: new URL(closed.scan_url).pathname,
    blank: pathOf(blank),
    disabled: pathOf(dead),
    unknown: "/q/NOTHING",
  };
}

/** With SHOTS_DIR set the pictures are kept there. */
const shots = process.env.SHOTS_DIR;

test("every page reads without a fault of access, in both languages, by day and by night", async () => {
  const all = Object.entries(await pages());
  const looks = [
    { locale: "en-US", colorScheme: "light" },
    { locale: "zh-CN", colorScheme: "dark" },
  ] as const;
  for (const look of looks) {
    for (const [name, path] of all) {
      await open({ userAgent: BROWSER_AGENT, ...look }, async (page) => {
        await page.goto(platform.baseUrl + path);
        if (shots !== undefined) await page.screenshot({ path: `${shots}/${name}-${look.locale}.png` });
        const { violations } = await new AxeBuilder({ page }).analyze();
        const faults = violations.map(({ id, nodes }) => [id, nodes.map((node) => node.html)]);
        assert.deepEqual(faults, [], `${name} ${look.locale}`);
        const widest = await page.evaluate("document.documentElement.scrollWidth");
        assert.equal(widest, PHONE.viewport.width, `${name} ${look.locale} is wider than the phone`);
      });
    }
  }
});

test("the wallet of the sandbox by hand reads a plate's page, and opens a payment's code", async () => {
  const plate = await activePlate(platform, { amount: null });
  const payment = await ok(platform.pay());
  await open({ userAgent: BROWSER_AGENT }, async (page) => {
    const scan = async (code: string) => {
      await page.goto(platform.demo.wallet_url);
      await page.getByLabel(/^Scan/).fill(code);
      await page.getByRole("button", { name: /^Open/ }).click();
    };
    await scan(plate.url);
    await page.getByText("付款金额").waitFor();
    await scan(payment.scan_url);
    await page.getByRole("button", { name: /^Pay/ }).click();
    await page.getByRole("heading", { name: /^Paid/ }).waitFor();
  });
  await platform.until(payment.id, (one) => one.status === "succeeded");
});
