import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { launchBrowser } from "../../../tools/testing/browser.ts";
import { look, openPage, SCREENS } from "../../../web/checkout/test/look.ts";
import { type StripeBench, startStripeBench } from "../testing/stripe.ts";

describe("the hosted page for cards", () => {
  let browser: Browser;
  let bench: StripeBench;
  let orders = 0;

  before(async () => {
    browser = await launchBrowser();
    bench = await startStripeBench({ account: { merchant_name: "Corner Teahouse 街角茶馆" } });
  });

  after(async () => {
    await browser.close();
    await bench.stop();
  });

  const newSession = () => {
    orders += 1;
    const back = {
      success_url: `${bench.url}/inbox?done={CHECKOUT_SESSION_ID}`,
      cancel_url: `${bench.url}/wallet`,
    };
    return bench.session(`CARD_${String(orders).padStart(3, "0")}`, back);
  };
  const title = (page: Page, text: RegExp) => page.getByRole("heading", { name: text }).waitFor();
  const press = (page: Page, text: RegExp) => page.getByRole("button", { name: text }).click();

  for (const screen of SCREENS) {
    const open = (url: string) => openPage(browser, screen, url);
    const shown = (page: Page, state: string) => look(page, `card-${state}-${screen.name}`);

    describe(`on a ${screen.name}`, () => {
      test("pays with a card and goes on to the shop", async () => {
        const session = await newSession();
        const page = await open(session.url!);
        await page.getByRole("button", { name: /^Pay \$12\.34/ }).waitFor();
        await shown(page, "form");
        await press(page, /^Pay/);
        await page.waitForURL(new RegExp(`/inbox\\?done=${session.id}`));
        await page.goto(session.url ?? "");
        await title(page, /^Paid/);
        await shown(page, "paid");
        await page.goto(`${bench.url}/wallet`);
        await page
          .getByRole("button", { name: /Tea 茶.*\$12\.34.*paid/ })
          .first()
          .click();
        await title(page, /^Paid/);
        await shown(page, "in-wallet");
        await page.context().close();
      });

      test("says that a card was declined, and takes another one that asks for a step", async () => {
        const session = await newSession();
        const page = await open(session.url!);
        await page.getByLabel(/not enough funds/).check();
        await press(page, /^Pay/);
        await page.getByRole("alert").waitFor();
        await shown(page, "declined");
        await page.getByLabel(/3-D Secure/).check();
        await press(page, /^Pay/);
        await title(page, /Your bank asks/);
        await shown(page, "step");
        await press(page, /^Fail authentication/);
        await page.getByText(/could not be sure/).waitFor();
        await press(page, /^Pay/);
        await press(page, /^Yes, it is me/);
        await page.waitForURL(/\/inbox\?done=/);
        const { payment_status: status } = await bench.sdk.checkout.sessions.retrieve(session.id);
        assert.equal(status, "paid");
        await page.context().close();
      });

      test("goes back to the shop unpaid, or leaves without a word", async () => {
        const session = await newSession();
        const page = await open(session.url!);
        await press(page, /^Leave/);
        await title(page, /^You left/);
        await page.goto(session.url!);
        await press(page, /^Cancel/);
        await page.waitForURL(/\/wallet$/);
        assert.equal((await bench.sdk.checkout.sessions.retrieve(session.id)).status, "open");
        await page.context().close();
      });

      test("sees that the shop has ended it, and knows nothing of other sessions", async () => {
        const session = await newSession();
        const page = await open(session.url!);
        await page.getByRole("button", { name: /^Pay/ }).waitFor();
        await bench.sdk.checkout.sessions.expire(session.id);
        await title(page, /^This payment is over/);
        await shown(page, "over");
        await page.goto(`${bench.url}/c/pay/cs_test_${"0".repeat(24)}`);
        await title(page, /^This cannot be opened/);
        await page.context().close();
      });
    });
  }
});
