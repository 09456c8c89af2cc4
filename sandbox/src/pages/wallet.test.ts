import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { launchBrowser } from "../../../tools/testing/browser.ts";
import { look, openPage, SCREENS } from "../../../web/checkout/test/look.ts";
import { type RunningSandbox, startSandbox } from "../index.ts";
import { postJson, startMerchant, type TestMerchant } from "../testing/merchant.ts";
import { startWechatBench } from "../testing/wechat.ts";

describe("the wallet's page", () => {
  let browser: Browser;
  let sandbox: RunningSandbox;
  let merchant: TestMerchant;
  let orders = 0;

  before(async () => {
    browser = await launchBrowser();
    sandbox = await startSandbox({ port: 0, host: "127.0.0.1", store: { kind: "memory" } });
    merchant = await startMerchant(sandbox.url, { merchant_name: "Corner Teahouse 街角茶馆" });
  });

  after(async () => {
    await browser.close();
    await merchant.stop();
    await sandbox.stop();
  });

  async function newCode(more: object = {}): Promise<{ code: string; outTradeNo: string }> {
    orders += 1;
    const outTradeNo = `TEA_2026_${String(orders).padStart(4, "0")}`;
    const order = {
      out_trade_no: outTradeNo,
      total_amount: "28.50",
      subject: "Two jasmine teas 茉莉花茶",
      ...more,
    };
    const made = await merchant.exec("alipay.trade.precreate", order);
    return { code: made.qr_code!, outTradeNo };
  }

  const statusOf = async (outTradeNo: string) =>
    (await merchant.exec("alipay.trade.query", { out_trade_no: outTradeNo })).trade_status;

  const title = (page: Page, text: RegExp) => page.getByRole("heading", { name: text }).waitFor();
  const press = (page: Page, text: RegExp) => page.getByRole("button", { name: text }).click();

  for (const screen of SCREENS) {
    const open = (path: string) => openPage(browser, screen, `${sandbox.url}${path}`);
    const shown = (page: Page, state: string) => look(page, `wallet-${state}-${screen.name}`);

    describe(`on a ${screen.name}`, () => {
      test("scans a code, shows the order and pays it", async () => {
        const { code, outTradeNo } = await newCode();
        const page = await open("/wallet");
        await page.getByLabel(/^Scan/).fill(code);
        await press(page, /^Open/);
        await press(page, /^Pay/);
        await title(page, /^Paid/);
        await shown(page, "paid");
        assert.equal(await statusOf(outTradeNo), "TRADE_SUCCESS");
        await press(page, /^Done/);
        await page
          .getByRole("button", { name: /Two jasmine teas.*paid/ })
          .first()
          .waitFor();
        await shown(page, "home");
        await page.context().close();
      });

      test("opens a WeChat Pay order from its code and pays it", async () => {
        const wechat = await startWechatBench();
        const code = await wechat.place("WECHAT1");
        const path = `/wallet?code=${encodeURIComponent(code)}`;
        const page = await openPage(browser, screen, `${wechat.url}${path}`);
        await press(page, /^Pay/);
        await title(page, /^Paid/);
        await shown(page, "wechat-paid");
        assert.equal((await wechat.query("WECHAT1")).data.trade_state, "SUCCESS");
        await page.context().close();
        await wechat.stop();
      });

      test("opens an order from a link with its code, and pays with a voucher", async () => {
        const { code } = await newCode();
        const page = await open(`/wallet?code=${encodeURIComponent(code)}`);
        await page.getByText("Use a shop's voucher").click();
        await page.getByLabel("CNY").fill("nonsense");
        await press(page, /^Pay/);
        await page.getByRole("alert").waitFor();
        await shown(page, "order");
        await page.getByLabel("CNY").fill("3.5");
        await press(page, /^Pay/);
        await title(page, /^Paid/);
        await page.getByText("− ¥3.50").waitFor();
        await shown(page, "paid-voucher");
        await page.context().close();
      });

      test("a payment that fails leaves the order open, and walking away tells nobody", async () => {
        const { code, outTradeNo } = await newCode();
        const page = await open(`/wallet?code=${encodeURIComponent(code)}`);
        await press(page, /^Fail/);
        await title(page, /^Payment failed/);
        await shown(page, "failed");
        await press(page, /^Try again/);
        await page.getByText("The last try failed").waitFor();
        await shown(page, "order-after-failure");
        await press(page, /^Walk away/);
        await title(page, /^You walked away/);
        await shown(page, "walked-away");
        assert.equal(await statusOf(outTradeNo), "WAIT_BUYER_PAY");
        await page.context().close();
      });

      test("follows the shop: an order closed meanwhile is shown closed", async () => {
        const { code, outTradeNo } = await newCode();
        const page = await open(`/wallet?code=${encodeURIComponent(code)}`);
        await page.getByRole("button", { name: /^Pay/ }).waitFor();
        await merchant.exec("alipay.trade.close", { out_trade_no: outTradeNo });
        await title(page, /^Closed/);
        await shown(page, "closed");
        await page.context().close();
      });

      test("shows an order whose time is over, and a code that nobody knows", async () => {
        const page = await open("/wallet?code=https%3A%2F%2Fqr.alipay.com%2Fbaxnone");
        await title(page, /^This cannot be opened/);
        await shown(page, "error");
        const { code, outTradeNo } = await newCode();
        await postJson(`${sandbox.url}/wallet/scan`, { code });
        // Without moving a clock: what the wallet would be told an hour later.
        await page.route("**/wallet/trades/*", async (route) => {
          const answer = await route.fetch();
          const body = (await answer.json()) as { trade: Record<string, unknown> };
          body.trade.expires_at = "2020-01-01T00:00:00.000Z";
          await route.fulfill({ response: answer, json: body });
        });
        const list = await (await fetch(`${sandbox.url}/wallet/trades`)).json();
        const { token } = (list as { data: { out_trade_no: string; token: string }[] }).data.find(
          (trade) => trade.out_trade_no === outTradeNo,
        )!;
        await page.goto(`${sandbox.url}/wallet?trade=${token}`);
        await title(page, /^Too late/);
        await shown(page, "expired");
        await page.context().close();
      });

      test("goes back to the shop's page after paying on the web", async () => {
        orders += 1;
        const bizContent = {
          out_trade_no: `WEB_${orders}`,
          total_amount: "1288.00",
          subject: "A tea set",
          product_code: "FAST_INSTANT_TRADE_PAY",
        };
        const returnUrl = `${sandbox.url}/inbox`;
        const link = merchant.sdk.pageExecute("alipay.trade.page.pay", "GET", { bizContent, returnUrl });
        const page = await open(link.slice(sandbox.url.length));
        await press(page, /^Pay/);
        await title(page, /^Paid/);
        await shown(page, "paid-with-return");
        await page.getByRole("link", { name: /^Back to the shop/ }).click();
        await page.waitForURL(/\/inbox\?.*out_trade_no=WEB_/);
        await page.context().close();
      });

      test("shows a code of another wallet, with the same behaviour", async () => {
        const page = await open("/wallet?show=code");
        await page.getByText(/^Asks for the password/).click();
        await page.locator('[value="asks_password"]:checked').waitFor({ state: "attached" });
        await page.getByText(/^UnionPay/).click();
        await page.locator("#digits", { hasText: /^62/ }).waitFor();
        assert.ok(await page.locator('[value="asks_password"]').isChecked());
        assert.match((await page.locator("#digits").textContent())!, /^62\d\d( \d{4}){3} \d{3}$/);
        await shown(page, "payment-code-unionpay");
        await page.context().close();
      });

      test("shows a payment code and, once it is scanned, how that ended", async () => {
        const page = await open("/wallet");
        await press(page, /^Payment code/);
        await page.locator("#digits").waitFor();
        await shown(page, "payment-code");
        await scanAtTheTill(page);
        await title(page, /^Paid/);
        await page.context().close();
      });

      test("asks for the password the moment the shop's scanner wants one", async () => {
        const page = await open("/wallet?show=code");
        await chooseBehaviour(page, /^Asks for the password/);
        const trade = await scanAtTheTill(page);
        assert.equal(trade.code, "10003");
        const sheet = page.getByRole("dialog");
        await sheet.waitFor();
        await shown(page, "password");
        await sheet.getByLabel(/six digits/).fill("135790");
        await sheet.getByRole("button", { name: /^Pay/ }).click();
        await title(page, /^Paid/);
        await page.context().close();
      });

      test("a payment code without enough balance ends closed", async () => {
        const page = await open("/wallet?show=code");
        await chooseBehaviour(page, /^Not enough balance/);
        await scanAtTheTill(page);
        await title(page, /^Closed/);
        await page.getByText("not enough balance").waitFor();
        await shown(page, "closed-no-balance");
        await page.context().close();
      });

      test("says so when the sandbox does not answer, and goes on when it does", async () => {
        const page = await open("/wallet");
        await page.getByRole("heading", { name: /^Recent/ }).waitFor();
        await page.context().setOffline(true);
        await page.getByText("No answer from the sandbox").waitFor();
        await shown(page, "offline");
        await page.context().setOffline(false);
        await page.getByText("No answer from the sandbox").waitFor({ state: "hidden" });
        await page.context().close();
      });
    });
  }

  const shownDigits = async (page: Page) => (await page.locator("#digits").textContent()) ?? "";

  /** Chooses what the next code does, and waits until the page shows a new one. */
  async function chooseBehaviour(page: Page, label: RegExp): Promise<void> {
    const before = await shownDigits(page);
    await page.getByLabel(label).check();
    await page.locator("#digits").filter({ hasNotText: before }).waitFor();
  }

  async function scanAtTheTill(page: Page): Promise<Record<string, string>> {
    const code = (await shownDigits(page)).replaceAll(" ", "");
    orders += 1;
    const order = { out_trade_no: `TILL_${orders}`, total_amount: "28.50", subject: "Two jasmine teas" };
    return merchant.exec("alipay.trade.pay", { ...order, scene: "bar_code", auth_code: code });
  }
});
