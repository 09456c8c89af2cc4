import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { launchBrowser } from "../../../tools/testing/browser.ts";
import { type Harness, startHarness } from "./harness.ts";
import { openPage, SCREENS } from "./look.ts";
import { CODE, state } from "./states.ts";

const [, DESKTOP] = SCREENS;

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
  const slow = { poll_after_ms: 60_000 };
  const code = () => state("pay", { next_action: CODE, ...slow });
  const done = (page: Page) => page.context().close();

  test("is told of a payment as it happens, without asking", async () => {
    harness.live("told");
    harness.says("told", code());
    const page = await openPage(browser, DESKTOP, `${harness.url}/pay/told`);
    await title(page, "Scan with Alipay");
    await harness.watched("told");
    const asked = harness.asked("told");
    harness.says("told", state("paid", slow));
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
});
