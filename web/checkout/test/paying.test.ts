import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { launchBrowser } from "../../../tools/testing/browser.ts";
import type { State } from "../src/api.ts";
import { type Harness, type Reply, startHarness } from "./harness.ts";
import { look, openPage, SCREENS } from "./look.ts";
import { CODE, INSIDE, method, state } from "./states.ts";

const [PHONE, DESKTOP] = SCREENS;
const OTHER_CODE = { type: "qr_code", qr_code: "https://qr.alipay.com/another" } as const;
const LIFE_MS = 4_000;

const soon = (ms: number) => new Date(Date.now() + ms).toISOString();

describe("what a buyer meets on the way", { concurrency: 3 }, () => {
  let browser: Browser;
  let harness: Harness;

  before(async () => {
    [browser, harness] = await Promise.all([launchBrowser(), startHarness()]);
  });
  after(async () => {
    await browser.close();
    await harness.stop();
  });

  const title = (page: Page, text: string) =>
    page.getByRole("heading", { name: text, exact: true }).waitFor();
  const done = (page: Page) => page.context().close();
  const open = (
    screen: (typeof SCREENS)[number],
    token: string,
    said: Reply,
    options: BrowserContextOptions = {},
  ): Promise<Page> => {
    harness.says(token, said);
    return openPage(browser, screen, `${harness.url}/pay/${token}`, options);
  };
  const path = (page: Page) => page.locator(".qr path").getAttribute("d");

  describe("a code that dies before its payment", () => {
    const dying = (changes: Partial<State> = {}) =>
      state("pay", { next_action: CODE, attempt: 1, ...changes });

    test("is replaced unasked where somebody looks at it", async () => {
      const fresh = state("pay", { next_action: OTHER_CODE, attempt: 2 });
      harness.onAttempt("dies", fresh, fresh);
      const other = await open(DESKTOP, "lives", fresh);
      await title(other, "Scan with Alipay");
      const renewed = await path(other);
      await done(other);
      const page = await open(DESKTOP, "dies", dying({ renew_at: soon(LIFE_MS) }));
      await page.locator(`.qr path[d="${renewed}"]`).waitFor({ state: "attached" });
      await title(page, "Scan with Alipay");
      assert.deepEqual(harness.attempts("dies"), [{ method: "alipay.qr", device: "desktop", renews: 1 }]);
      await done(page);
    });

    for (const screen of SCREENS) {
      test(`is not shown any more when it cannot be replaced, on a ${screen.name}`, async () => {
        const token = `dead-${screen.name}`;
        harness.onAttempt(token, { code: "payment_confirming", title: "Conflict", detail: "…" });
        const page = await open(screen, token, dying({ renew_at: soon(-1) }));
        await title(page, "This code has run out");
        await look(page, `cashier-renew-${screen.name}`);
        assert.equal(await page.locator(".qr").count(), 0);
        assert.equal(harness.attempts(token).length, 1);
        const fresh = state("pay", { next_action: OTHER_CODE, attempt: 2 });
        harness.onAttempt(token, fresh, fresh);
        await page.getByRole("button", { name: "Get a new code" }).click();
        await title(page, "Scan with Alipay");
        assert.equal(harness.attempts(token).length, 2);
        await done(page);
      });
    }

    test("that was paid at the last moment shows that it was", async () => {
      const paid = state("paid");
      harness.onAttempt("dies-paid", paid, paid);
      const page = await open(DESKTOP, "dies-paid", dying({ renew_at: soon(-1) }));
      await title(page, "Paid");
      await done(page);
    });

    test("a dead link is replaced by the tap that wants to follow it", async () => {
      const wap = { method: "wechat.h5", methods: [method("wechat.h5")] };
      const dead = { type: "redirect", url: `${harness.url}/nowhere` } as const;
      const fresh = { type: "redirect", url: `${harness.url}/elsewhere` } as const;
      const next = state("pay", { ...wap, next_action: fresh, attempt: 2 });
      harness.onAttempt("link", next, next);
      const page = await open(PHONE, "link", state("pay", { ...wap, next_action: dead, renew_at: soon(-1) }));
      await page.getByRole("button", { name: "Open WeChat" }).click();
      await page.waitForURL("**/elsewhere");
      assert.deepEqual(harness.attempts("link"), [{ method: "wechat.h5", device: "phone", renews: 1 }]);
      await done(page);
    });
  });

  describe("a wallet that does not open", () => {
    const going = (url: string) =>
      state("pay", {
        method: "alipay.wap",
        methods: [method("alipay.wap"), method("wechat.h5")],
        next_action: { type: "redirect", url },
        attempt: 3,
      });

    test("is reported when the page is still here after a while, and the buyer is helped", async () => {
      const page = await open(PHONE, "stuck", going(harness.nowhere));
      await page.getByRole("button", { name: "Open Alipay" }).click({ noWaitAfter: true });
      await page.getByRole("alert").getByText("If nothing opens").waitFor({ timeout: 20_000 });
      assert.deepEqual(harness.beacons("stuck"), [{ attempt: 3, kind: "no_jump" }]);
      await done(page);
    });

    test("is reported when the buyer says so", async () => {
      const page = await open(PHONE, "says", going(harness.nowhere));
      await page.getByRole("button", { name: "It does not open?" }).click();
      await page.getByRole("alert").getByText("choose another way below").waitFor();
      await look(page, "cashier-trouble-phone");
      assert.deepEqual(harness.beacons("says"), [{ attempt: 3, kind: "does_not_open" }]);
      await done(page);
    });

    test("is reported when its address is none that a browser may take", async () => {
      const page = await open(PHONE, "evil", going("javascript:alert(1)"));
      while (harness.beacons("evil").length === 0) await page.waitForTimeout(50);
      await title(page, "How would you like to pay?");
      assert.deepEqual(harness.beacons("evil"), [{ attempt: 3, kind: "redirect_failed" }]);
      await done(page);
    });
  });

  test("a channel that is reached by a form is reached by the page between", async () => {
    const card = { method: "unionpay.page", methods: [method("unionpay.page"), method("alipay.qr")] };
    const page = await open(DESKTOP, "form", state("pay", { ...card, next_action: { type: "form" } }));
    await title(page, "Continue in UnionPay");
    await look(page, "cashier-form-desktop");
    await page.getByRole("button", { name: "Open UnionPay" }).click();
    await page.waitForURL("**/pay/form/go");
    await done(page);
  });

  test("an order that waits in an app is said to, beside the ways that there are here", async () => {
    const methods = ["alipay.qr", "alipay.wap"].map((name) => method(name));
    for (const screen of [PHONE, DESKTOP]) {
      const page = await open(screen, `app-${screen.name}`, state("choose", { methods, open_in_app: true }));
      await title(page, "How would you like to pay?");
      await page.getByText("This payment is open in the app you came from").waitFor();
      await look(page, `cashier-in-app-${screen.name}`);
      await done(page);
    }
  });

  test("inside a wallet's browser only what works there is offered, and the way out is told", async () => {
    const methods = ["alipay.qr", "alipay.wap", "wechat.native", "wechat.h5"].map((name) => method(name));
    const page = await open(PHONE, "inside", state("choose", { methods, inside: INSIDE.wechat }));
    await title(page, "How would you like to pay?");
    await page.getByText("Inside WeChat only some ways to pay work").waitFor();
    const offered = await page
      .locator("[data-method]")
      .evaluateAll((all) => all.map((one) => one.getAttribute("data-method")));
    assert.deepEqual(offered, ["wechat.native", "alipay.qr"]);
    await look(page, "cashier-inside-phone");
    await done(page);
  });

  test("wears the merchant's picture and colour, and its words can be read on it", async () => {
    const brand = { colour: "#ffe08a", logo: 7 };
    const page = await open(PHONE, "brand", state("choose", { brand }));
    await title(page, "How would you like to pay?");
    const logo = page.locator(".logo");
    assert.equal(await logo.getAttribute("src"), "/pay/brand/logo?v=7");
    // A page is there before its pictures are.
    await page.evaluate("document.querySelector('.logo').decode()");
    assert.equal(await page.evaluate("document.querySelector('.logo').naturalWidth"), 96);
    const style = "getComputedStyle(document.querySelector('.method.main'))";
    assert.equal(await page.evaluate(`${style}.backgroundColor`), "rgb(255, 224, 138)");
    assert.equal(await page.evaluate(`${style}.color`), "rgb(0, 0, 0)");
    await done(page);
  });
});
