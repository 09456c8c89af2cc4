// What every picture of a page is held to, on a phone and on a computer. With SHOTS_DIR set the pictures are
// kept there.

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { AxeBuilder } from "@axe-core/playwright";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";

/** The two screens on which every state of every page is looked at. */
export const SCREENS = [
  {
    name: "phone",
    viewport: { width: 390, height: 844 },
    userAgent: "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/130.0 Mobile Safari/537.36",
  },
  { name: "desktop", viewport: { width: 1280, height: 800 } },
] as const;

// Pages ask every two seconds; one that shows nothing new in this time will not, however busy the machine.
const TIMEOUT_MS = 30_000;

export type Screen = (typeof SCREENS)[number];

/** A page in a context of its own, whose script errors fail the test that closes it. */
export async function openPage(
  browser: Browser,
  { name: _name, ...screen }: Screen,
  url: string,
  options: BrowserContextOptions = {},
): Promise<Page> {
  const context = await browser.newContext({ locale: "en-GB", ...screen, ...options });
  context.setDefaultTimeout(TIMEOUT_MS);
  const page = await context.newPage();
  page.on("pageerror", (error) => assert.fail(`a script of ${url} failed: ${error.message}`));
  page.on("console", (message) => {
    const refused = message.text().includes("Content Security Policy");
    if (refused) assert.fail(`${url} breaks its own policy: ${message.text()}`);
  });
  await page.goto(url);
  return page;
}

/** Fails when a page scrolls sideways or axe finds anything wrong with it; keeps its picture. */
export async function look(page: Page, name: string): Promise<void> {
  const folder = process.env.SHOTS_DIR;
  if (folder !== undefined) {
    mkdirSync(folder, { recursive: true });
    await page.screenshot({ path: join(folder, `${name}.png`) });
  }
  const beyond = await page.evaluate<number>(
    "document.documentElement.scrollWidth - document.documentElement.clientWidth",
  );
  assert.equal(beyond, 0, `${name} is ${beyond} pixels wider than its window`);
  const { violations } = await new AxeBuilder({ page }).analyze();
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" ")}`);
  assert.deepEqual(found, [], `axe on ${name}`);
}
