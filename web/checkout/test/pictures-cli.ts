// Takes the pictures of docs/cashier.md: `npm run pictures`.

import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { launchBrowser } from "../../../tools/testing/browser.ts";
import { type Harness, startHarness } from "./harness.ts";
import { look, openPage, SCREENS } from "./look.ts";
import { withPalette } from "./palette.ts";
import { filesOf, LANGUAGES, PICTURES, type Picture } from "./pictures.ts";

const docs = join(import.meta.dirname, "../../../docs");
const folder = join(docs, "pictures/cashier");
const BEGIN = "<!-- pictures: begin, by npm run pictures -->";
const END = "<!-- pictures: end -->";

type Screen = (typeof SCREENS)[number];

async function take(browser: Browser, harness: Harness, picture: Picture, screen: Screen, locale: string) {
  const token = `${picture.name}-${screen.name}-${locale}`;
  const said = picture.says(screen.name, `${harness.url}/elsewhere`);
  // An unknown payment is one that the server was told nothing of.
  if (typeof said === "string" || !("code" in said)) harness.says(token, said);
  if (picture.befalls === "keeps failing")
    harness.onAttempt(token, { code: "conflict", title: "", detail: "" });
  const page = await openPage(browser, screen, `${harness.url}/pay/${token}`, {
    locale,
    colorScheme: picture.dark === true ? "dark" : "light",
  });
  await page
    .locator(picture.name === "loading" ? ".card.loading .title" : ".card:not(.loading) .title")
    .waitFor();
  if (picture.befalls === "offline") {
    await page.context().setOffline(true);
    await page.locator("#banner:not(:empty)").waitFor();
  }
  if (picture.befalls === "trouble") {
    await page.locator(".button + .link").click();
    await page.getByRole("alert").waitFor();
  }
  if (picture.befalls === "keeps failing") await page.locator(".card.renew").waitFor();
  await look(page, token);
  const png = await page.screenshot({ animations: "disabled" });
  await writeFile(join(folder, `${token}.png`), withPalette(png));
  await page.context().close();
}

function gallery(): string {
  const sections = PICTURES.map((picture) => {
    const images = filesOf(picture).map((file) => {
      const [width, alt] = [
        file.includes("-phone-") ? 160 : 340,
        file.replace(".png", "").replaceAll("-", " "),
      ];
      return `<img src="pictures/cashier/${file}" width="${width}" alt="${alt}">`;
    });
    return `### ${picture.name}\n\n${picture.words}\n\n${images.join("\n")}\n`;
  });
  return sections.join("\n");
}

await rm(folder, { recursive: true, force: true });
await mkdir(folder, { recursive: true });
const [browser, harness] = await Promise.all([launchBrowser(), startHarness()]);
const wanted = PICTURES.flatMap((picture) =>
  SCREENS.filter(({ name }) => picture.only === undefined || picture.only === name).flatMap((screen) =>
    LANGUAGES.map((locale) => ({ picture, screen, locale })),
  ),
);
const worker = async () => {
  for (let next = wanted.pop(); next !== undefined; next = wanted.pop()) {
    await take(browser, harness, next.picture, next.screen, next.locale);
  }
};
await Promise.all(Array.from({ length: 3 }, worker));
await browser.close();
await harness.stop();
const file = join(docs, "cashier.md");
const text = await readFile(file, "utf8");
const [before, after] = [text.slice(0, text.indexOf(BEGIN)), text.slice(text.indexOf(END))];
await writeFile(file, `${before}${BEGIN}\n\n${gallery()}\n${after}`);
