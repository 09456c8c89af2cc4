import assert from "node:assert/strict";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { launchBrowser } from "../../../tools/testing/browser.ts";
import { type Harness, type Reply, startHarness } from "./harness.ts";
import { look, openPage, SCREENS } from "./look.ts";
import { CODE, method, payment, state } from "./states.ts";

const PAGE = method("alipay.page");
const WALLETS = ["alipay.qr", "alipay.wap", "wechat.native", "wechat.h5"].map((name) => method(name));

const BRAND = { colour: "#0b5d3c", logo: 3 };

/** All files as they are, before any compression: markup, styles and scripts. */
const SIZE_MAX = 60_000;

describe("the cashier page", () => {
  let browser: Browser;
  let harness: Harness;

  before(async () => {
    [browser, harness] = await Promise.all([launchBrowser(), startHarness()]);
  });

  after(async () => {
    await browser.close();
    await harness.stop();
  });

  test("weighs less than 60 kB, all of it", async () => {
    let size = 0;
    for (const file of await readdir(harness.folder)) size += (await stat(join(harness.folder, file))).size;
    assert.ok(size < SIZE_MAX, `${size} bytes`);
  });

  const title = (page: Page, text: string) =>
    page.getByRole("heading", { name: text, exact: true }).waitFor();
  const shop = () => `${harness.url}/elsewhere`;
  const withReturn = () => ({ payment: payment({ return_url: shop() }) });

  for (const screen of SCREENS) {
    const isPhone = screen.name === "phone";

    async function open(token: string, said: Reply, options: BrowserContextOptions = {}): Promise<Page> {
      const own = `${token}-${screen.name}`;
      harness.says(own, said);
      return openPage(browser, screen, `${harness.url}/pay/${own}`, options);
    }
    const shown = (page: Page, name: string) => look(page, `cashier-${name}-${screen.name}`);
    const done = (page: Page) => page.context().close();

    describe(`on a ${screen.name}`, { concurrency: 3 }, () => {
      const still: [string, string, () => Reply][] = [
        ["scan", "Scan with Alipay", () => state("pay", { next_action: CODE })],
        [
          "scan-wechat",
          "Scan with WeChat",
          () => state("pay", { methods: WALLETS, method: "wechat.native", next_action: CODE }),
        ],
        ["choose-wallet", "How would you like to pay?", () => state("choose", { methods: WALLETS })],
        ["go", "Continue in Alipay", () => state("pay", { next_action: { type: "redirect", url: shop() } })],
        ["choose-page", "How would you like to pay?", () => state("choose", { methods: [PAGE] })],
        ["choose-none", "There is no way to pay this here", () => state("choose", { methods: [] })],
        [
          "choose-many",
          "How would you like to pay?",
          () => state("choose", { methods: [...WALLETS, method("unionpay.page"), method("card")] }),
        ],
        [
          "go-card",
          "Continue to pay",
          () => state("pay", { method: "card", next_action: { type: "redirect", url: shop() } }),
        ],
        ["brand", "Scan with Alipay", () => state("pay", { next_action: CODE, brand: BRAND })],
        ["brand-paid", "Paid", () => state("paid", { ...withReturn(), brand: BRAND })],
        [
          "brand-pale",
          "How would you like to pay?",
          () => state("choose", { methods: WALLETS, brand: { colour: "#ffe08a", logo: null } }),
        ],
        [
          "yen",
          "Scan with UnionPay",
          () =>
            state("pay", {
              methods: [method("unionpay.qr"), method("card")],
              method: "unionpay.qr",
              next_action: CODE,
              payment: payment({ amount: 128_000, currency: "JPY" }),
            }),
        ],
        [
          "dinar",
          "Scan with Alipay",
          () => state("pay", { next_action: CODE, payment: payment({ amount: 12_345, currency: "KWD" }) }),
        ],
        ["preparing", "Preparing your payment…", () => state("pay")],
        ["confirming", "Your payment is being confirmed", () => state("confirming")],
        ["paid", "Paid", () => state("paid", withReturn())],
        ["paid-without-shop", "Paid", () => state("paid")],
        ["expired", "The time to pay is over", () => state("expired", withReturn())],
        ["closed", "This payment was closed", () => state("closed")],
        ["failed", "This payment could not be made", () => state("failed", withReturn())],
      ];
      for (const [name, heading, said] of still) {
        test(`shows ${name}, in both languages`, async () => {
          const page = await open(name, said());
          await title(page, heading);
          await shown(page, name);
          await page.locator("#tongue").click();
          assert.equal(await page.locator("html").getAttribute("lang"), "zh-CN");
          await shown(page, `zh-${name}`);
          await done(page);
        });
      }

      test("shows that it loads, and says so when no such payment exists", async () => {
        const loading = await open("loading", "silence");
        await title(loading, "Loading your payment…");
        await shown(loading, "loading");
        await done(loading);
        const unknown = await openPage(browser, screen, `${harness.url}/pay/nobody`);
        await title(unknown, "There is no such payment");
        await shown(unknown, "unknown");
        await done(unknown);
      });

      test("a computer shows its code at once, a phone opens the wallet at a tap", async () => {
        const token = `choose-${screen.name}`;
        const url = `${harness.url}/elsewhere`;
        const live = state("pay", { next_action: isPhone ? { type: "redirect", url } : CODE });
        harness.onAttempt(token, live, live);
        const page = await open("choose", state("choose"));
        if (isPhone) {
          await title(page, "How would you like to pay?");
          assert.equal(await page.locator("[data-method]").first().getAttribute("data-method"), "alipay.wap");
          await shown(page, "choose");
          await page.locator("[data-method]").first().click();
          await page.waitForURL("**/elsewhere");
          assert.deepEqual(harness.attempts(token), [{ method: "alipay.wap", device: "phone" }]);
          await page.goBack();
          await title(page, "Continue in Alipay");
        } else {
          await title(page, "Scan with Alipay");
          assert.deepEqual(harness.attempts(token), [{ method: "alipay.qr", device: "desktop" }]);
          await page.getByRole("button", { name: "Alipay, on this computer" }).waitFor();
        }
        await done(page);
      });

      test("turns paid without reloading, tells a screen reader, and goes back to the shop", async () => {
        const token = `turns-${screen.name}`;
        const page = await open("turns", state("pay", { next_action: CODE, ...withReturn() }));
        await title(page, "Scan with Alipay");
        harness.says(token, state("paid", { ...withReturn(), poll_after_ms: null }));
        await title(page, "Paid");
        assert.equal(await page.locator("#heard").textContent(), "Paid");
        await page.getByText("Returning to the shop in").waitFor();
        await shown(page, "turned-paid");
        await page.waitForURL("**/elsewhere");
        await done(page);
      });

      test("stays when the buyer wants to stay, and never sends one away who only looks", async () => {
        const token = `stays-${screen.name}`;
        const page = await open("stays", state("pay", { next_action: CODE, ...withReturn() }));
        await title(page, "Scan with Alipay");
        harness.says(token, state("paid", withReturn()));
        await page.getByRole("button", { name: "Stay here" }).click();
        await page.getByText("Returning to the shop").waitFor({ state: "detached" });
        await page.reload();
        await title(page, "Paid");
        assert.equal(await page.getByText("Returning to the shop").count(), 0);
        await done(page);
      });

      test("says what it does while the buyer changes the wallet", async () => {
        const token = `change-${screen.name}`;
        harness.onAttempt(token, "silence");
        const page = await open("change", state("pay", { methods: WALLETS, next_action: CODE }));
        await title(page, "Scan with Alipay");
        await page.locator(`[data-method="wechat.${isPhone ? "h5" : "native"}"]`).click();
        await title(page, isPhone ? "Taking you to WeChat…" : "Preparing your payment…");
        await done(page);
      });

      test("says why a method cannot start, and lets the buyer choose again", async () => {
        const token = `problem-${screen.name}`;
        harness.onAttempt(token, { code: "payment_confirming", title: "Conflict", detail: "…" });
        const page = await open("problem", state("choose"));
        if (isPhone) await page.locator("[data-method]").first().click();
        await page.getByRole("alert").getByText("An earlier attempt is still being confirmed").waitFor();
        await title(page, "How would you like to pay?");
        await shown(page, "problem");
        await done(page);
      });

      test("keeps trying while the server is away, and says so", async () => {
        const page = await open("away", state("pay", { next_action: CODE }));
        await title(page, "Scan with Alipay");
        harness.says(`away-${screen.name}`, "cut");
        await page.getByText("No connection. Reconnecting…").waitFor();
        await shown(page, "reconnecting");
        harness.says(`away-${screen.name}`, state("paid"));
        await title(page, "Paid");
        assert.equal(await page.locator("#banner").textContent(), "");
        await done(page);
      });

      test("tells a buyer whose device is offline, but not one who has paid", async () => {
        const page = await open("offline", state("pay", { next_action: CODE }));
        await title(page, "Scan with Alipay");
        await page.context().setOffline(true);
        await page.getByText("You are offline").waitFor();
        await shown(page, "offline");
        const paid = payment({ status: "succeeded", status_final: true });
        harness.says(`offline-${screen.name}`, state("paid", { payment: paid }));
        await page.context().setOffline(false);
        await title(page, "Paid");
        await page.context().setOffline(true);
        assert.equal(await page.locator("#banner").textContent(), "");
        await done(page);
      });

      test("hurries the buyer in the last minute, and asks the server when the time is over", async () => {
        const soon = new Date(Date.now() + 1_500).toISOString();
        const late = { poll_after_ms: 60_000, payment: payment({ expires_at: soon }) };
        const page = await open("hurry", state("pay", { next_action: CODE, ...late }));
        await page.locator(".timer.hurry").waitFor();
        harness.says(`hurry-${screen.name}`, state("expired"));
        await title(page, "The time to pay is over");
        await done(page);
      });

      test("speaks Chinese to a Chinese browser", async () => {
        const page = await open("zh", state("pay", { next_action: CODE }), { locale: "zh-CN" });
        await title(page, "请用支付宝扫码");
        await shown(page, "zh-scan");
        assert.equal(await page.locator("html").getAttribute("lang"), "zh-CN");
        harness.says(`zh-${screen.name}`, state("paid", withReturn()));
        await title(page, "支付成功");
        await shown(page, "zh-paid");
        await done(page);
      });

      test("changes its language at a tap, and stays where it is", async () => {
        const page = await open("tongue", state("choose", { methods: WALLETS }));
        await title(page, "How would you like to pay?");
        await page.getByRole("button", { name: "中文" }).click();
        await title(page, "请选择支付方式");
        assert.equal(await page.locator("html").getAttribute("lang"), "zh-CN");
        await page.getByRole("button", { name: "English" }).click();
        await title(page, "How would you like to pay?");
        await done(page);
      });

      test("reads from the right as well as from the left", async () => {
        const page = await open("rtl", state("choose", { methods: WALLETS, brand: BRAND }));
        await title(page, "How would you like to pay?");
        await page.evaluate("document.documentElement.dir = 'rtl'");
        await shown(page, "rtl-choose");
        const words = await page.locator(".method .words").first().boundingBox();
        const arrow = await page.locator(".method .arrow").first().boundingBox();
        assert.ok(words !== null && arrow !== null && words.x > arrow.x, "the words begin at the right");
        harness.says(`rtl-${screen.name}`, state("pay", { next_action: CODE, brand: BRAND }));
        await title(page, "Scan with Alipay");
        await shown(page, "rtl-scan");
        await done(page);
      });

      test("can be used with the keys alone, in the order that the eye takes", async () => {
        const token = `keys-${screen.name}`;
        const second = isPhone ? "wechat.h5" : "wechat.native";
        const action = isPhone ? { type: "redirect" as const, url: shop() } : CODE;
        const live = state("pay", { methods: WALLETS, method: second, next_action: action });
        harness.onAttempt(token, live, live);
        const page = await open("keys", state("choose", { methods: WALLETS }));
        await title(page, "How would you like to pay?");
        const focused = () => page.evaluate<string>("document.activeElement?.dataset?.method ?? ''");
        await page.keyboard.press("Tab");
        assert.equal(await focused(), isPhone ? "alipay.wap" : "alipay.qr");
        await page.keyboard.press("Tab");
        assert.equal(await focused(), second);
        await page.keyboard.press("Enter");
        if (isPhone) await page.waitForURL("**/elsewhere");
        else {
          await title(page, "Scan with WeChat");
          assert.equal(await page.evaluate("document.activeElement.id"), "title");
          await page.keyboard.press("Tab");
          assert.equal(await focused(), "alipay.qr");
        }
        await done(page);
      });

      test("keeps its colours apart in the dark", async () => {
        const page = await open("dark", state("pay", { next_action: CODE }), { colorScheme: "dark" });
        await title(page, "Scan with Alipay");
        await shown(page, "dark-scan");
        harness.says(`dark-${screen.name}`, state("choose", { methods: WALLETS, brand: BRAND }));
        await title(page, "How would you like to pay?");
        await shown(page, "dark-brand");
        harness.says(`dark-${screen.name}`, state("expired", withReturn()));
        await title(page, "The time to pay is over");
        await shown(page, "dark-expired");
        await done(page);
      });

      test("holds long names and the largest amount, to the last cent", async () => {
        const long = payment({
          amount: Number.MAX_SAFE_INTEGER,
          merchant_name: "The Honourable Association of Extraordinarily Long Merchant Names of Pudong",
          subject: `Invoice-${"ABCDEFGHIJKLMNOPQRSTUVWXYZ".repeat(2)} for consulting`,
          expires_at: new Date(Date.now() + 3 * 86_400_000).toISOString(),
        });
        const page = await open("long", state("pay", { next_action: CODE, payment: long }));
        await page.getByText("¥90,071,992,547,409.91").waitFor();
        await shown(page, "long");
        await done(page);
      });

      test("keeps nothing of what a wallet added to the address", async () => {
        const own = `back-${screen.name}`;
        harness.says(own, state("paid"));
        const page = await openPage(browser, screen, `${harness.url}/pay/${own}?trade_no=1&sign=x`);
        await title(page, "Paid");
        assert.equal(page.url(), `${harness.url}/pay/${own}`);
        await done(page);
      });

      test("follows no address that is not the web's", async () => {
        const evil = payment({ return_url: "javascript:alert(1)" });
        const page = await open("evil", state("paid", { payment: evil }));
        await title(page, "Paid");
        assert.equal(await page.locator("a").count(), 0);
        await done(page);
      });
    });
  }
});
