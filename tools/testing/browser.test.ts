import assert from "node:assert/strict";
import { test } from "node:test";
import { launchBrowser } from "./browser.ts";

test("a page is rendered with Latin and Chinese letters, on a machine that has no browser", async () => {
  const browser = await launchBrowser();
  try {
    const page = await browser.newPage({ viewport: { width: 390, height: 844 } });
    await page.setContent(
      "<meta charset=utf-8><p style='font: 40px sans-serif'><span>支</span><span>付</span></p>",
    );
    // A letter without a font is drawn as the same box whatever the letter is.
    const pictures = await Promise.all(
      (await page.locator("span").all()).map((letter) => letter.screenshot()),
    );
    assert.notDeepEqual(pictures[0], pictures[1]);
  } finally {
    await browser.close();
  }
});
