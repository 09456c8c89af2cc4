import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { launchBrowser } from "../../../tools/testing/browser.ts";
import { type Harness, startHarness } from "./harness.ts";
import { openPage, SCREENS } from "./look.ts";
import { CODE, state } from "./states.ts";

const [, DESKTOP] = SCREENS;

/** A bad mobile network: half a second to any answer, 50 kB a second. */
const SLOW = { offline: false, latency: 500, downloadThroughput: 50_000, uploadThroughput: 20_000 };

describe("the cashier page and its network", { concurrency: 3 }, () => {
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
  const rarely = { poll_after_ms: 60_000 };
  const code = () => state("pay", { next_action: CODE, ...rarely });
  const done = (page: Page) => page.context().close();

  test("is told of a payment as it happens, without asking", async () => {
    harness.live("told");
    harness.says("told", code());
    const page = await openPage(browser, DESKTOP, `${harness.url}/pay/told`);
    await title(page, "Scan with Alipay");
    await harness.watched("told");
    const asked = harness.asked("told");
    harness.says("told", state("paid", rarely));
    await title(page, "Paid");
    assert.equal(harness.asked("told"), asked);
    await done(page);
  });

  test("asks by itself where live status is refused, or ends", async () => {
    harness.live("muted");
    harness.says("muted", state("pay", { next_action: CODE }));
    const page = await openPage(browser, DESKTOP, `${harness.url}/pay/muted`);
    await title(page, "Scan with Alipay");
    await harness.watched("muted");
    harness.mute("muted");
    harness.says("muted", state("paid"));
    await title(page, "Paid");
    await done(page);
  });

  test("is not led back by an older answer that comes late", async () => {
    harness.live("late");
    harness.says("late", code());
    const page = await openPage(browser, DESKTOP, `${harness.url}/pay/late`);
    await title(page, "Scan with Alipay");
    await harness.watched("late");
    harness.says("late", state("paid", rarely));
    await title(page, "Paid");
    harness.tells("late", code(), new Date(Date.now() - 60_000));
    harness.tells("late", state("expired", rarely), new Date(Date.now() + 1_000));
    await title(page, "The time to pay is over");
    await done(page);
  });

  for (const screen of SCREENS) {
    test(`works over a slow network on a ${screen.name}`, async () => {
      const token = `slow-${screen.name}`;
      const url = `${harness.url}/elsewhere`;
      const isPhone = screen.name === "phone";
      const action = isPhone ? { type: "redirect" as const, url } : CODE;
      harness.live(token);
      harness.says(token, state("choose"));
      const live = state("pay", { next_action: action });
      harness.onAttempt(token, live, live);
      const page = await openPage(browser, screen, "about:blank");
      const devtools = await page.context().newCDPSession(page);
      await devtools.send("Network.enable");
      await devtools.send("Network.emulateNetworkConditions", SLOW);
      await page.goto(`${harness.url}/pay/${token}`);
      if (isPhone) {
        await page.locator("[data-method]").first().click();
        await page.waitForURL("**/elsewhere");
      } else {
        await title(page, "Scan with Alipay");
        await harness.watched(token);
        harness.says(token, state("paid"));
        await title(page, "Paid");
      }
      assert.equal(harness.attempts(token).length, 1);
      await done(page);
    });
  }

  test("goes on by itself when the device is back, and asks at once", async () => {
    harness.says("back", code());
    const page = await openPage(browser, DESKTOP, `${harness.url}/pay/back`);
    await title(page, "Scan with Alipay");
    await page.context().setOffline(true);
    await page.getByText("You are offline").waitFor();
    harness.says("back", state("paid", rarely));
    await page.context().setOffline(false);
    await title(page, "Paid");
    assert.equal(await page.locator("#banner").textContent(), "");
    await done(page);
  });
});
