import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { Webhook } from "standardwebhooks";
import { launchBrowser } from "../../../tools/testing/browser.ts";
import { look, openPage, SCREENS } from "../../../web/checkout/test/look.ts";
import { type RunningSandbox, startSandbox } from "../index.ts";
import { postJson } from "../testing/merchant.ts";

const SECRET = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
const FOREIGN = `whsec_${Buffer.alloc(32, 8).toString("base64")}`;

describe("the pages beside the wallet", () => {
  let browser: Browser;
  let sandbox: RunningSandbox;
  let messages = 0;

  before(async () => {
    browser = await launchBrowser();
    sandbox = await startSandbox({ port: 0, host: "127.0.0.1", store: { kind: "memory" } });
  });

  after(async () => {
    await browser.close();
    await sandbox.stop();
  });

  async function newShop(shop: string): Promise<string> {
    const body = JSON.stringify({ secret: SECRET });
    await fetch(`${sandbox.url}/inbox/shops/${shop}`, { method: "PUT", body });
    return shop;
  }

  interface Letter {
    id?: string;
    type?: string;
    secret?: string;
    at?: Date;
    data?: object;
  }

  async function deliver(shop: string, letter: Letter = {}): Promise<number> {
    messages += 1;
    const { id = `evt_${messages}`, type = "payment.succeeded", secret = SECRET, at = new Date() } = letter;
    const paid = { id: "pay_01jd3k4m5n6p7q8r9s0tv1wxyz", merchant_order_no: `TEA-${messages}` };
    const resource = { ...paid, amount: 2850, currency: "CNY", subject: "茉莉花茶", ...letter.data };
    const data = { [type.split(".")[0]!]: resource };
    const body = JSON.stringify({ type, timestamp: at.toISOString(), data });
    const headers = {
      "content-type": "application/json",
      "webhook-id": id,
      "webhook-timestamp": String(Math.floor(at.getTime() / 1000)),
      "webhook-signature": new Webhook(secret).sign(id, at, body),
    };
    return (await fetch(`${sandbox.url}/inbox/${shop}`, { method: "POST", headers, body })).status;
  }

  for (const screen of SCREENS) {
    const open = (path: string) => openPage(browser, screen, `${sandbox.url}${path}`);
    const shown = (page: Page, state: string) => look(page, `${state}-${screen.name}`);
    const rows = (page: Page) => page.locator("#deliveries button");

    describe(`on a ${screen.name}`, { concurrency: 3 }, () => {
      test("an empty inbox says how to fill it", async () => {
        const page = await open(`/inbox/nobody-${screen.name}`);
        await page.getByRole("heading", { name: "No webhook has arrived yet" }).waitFor();
        await shown(page, "inbox-empty");
        await page.context().close();
      });

      test("shows deliveries as they arrive, believed or refused, without reloading", async () => {
        const shop = await newShop(`tea-${screen.name}`);
        const page = await open(`/inbox/${shop}`);
        await page.getByText(/^Live/).waitFor();
        await deliver(shop, { id: "evt_same" });
        await deliver(shop, { id: "evt_same" });
        await deliver(shop, {
          type: "refund.accepted",
          data: { merchant_refund_no: "TEA-R-1", amount: 1200 },
        });
        await deliver(shop, { secret: FOREIGN });
        await deliver(shop, { type: "payment.closed", at: new Date(Date.now() - 900_000) });
        await postJson(`${sandbox.url}/inbox/${shop}/behaviour`, { status: 503, times: 2 });
        assert.equal(await deliver(shop), 503);
        await rows(page).nth(5).waitFor();
        await page.getByText("was told to answer 503, for the next delivery.").waitFor();
        assert.match((await rows(page).nth(1).textContent())!, /Refused.*payment\.closed.*too long ago.*401/);
        assert.match((await rows(page).nth(4).textContent())!, /Verified.*repeat.*¥28\.50.*204/);
        await shown(page, "inbox-list");
        await page.context().close();
      });

      test("opens a refused delivery and says why it was not believed", async () => {
        const shop = await newShop(`bakery-${screen.name}`);
        await deliver(shop, { secret: FOREIGN });
        const page = await open(`/inbox/${shop}`);
        await rows(page).first().click();
        await page.getByText("No secret of this shop signed this body").waitFor();
        await shown(page, "inbox-refused");
        await page.keyboard.press("Escape");
        await rows(page).first().waitFor();
        await page.context().close();
      });

      test("shows what a believed delivery said, and never takes its words for markup", async () => {
        const shop = await newShop(`books-${screen.name}`);
        await deliver(shop, { data: { subject: "<img src=x onerror=alert(1)>" } });
        const page = await open(`/inbox/${shop}`);
        await rows(page).first().click();
        await page.getByText('"<img src=x onerror=alert(1)>"').waitFor();
        assert.equal(await page.locator("main img").count(), 0);
        await shown(page, "inbox-opened");
        await page.context().close();
      });

      test("filters by verdict and by word, and clears a shop", async () => {
        const shop = await newShop(`flowers-${screen.name}`);
        await deliver(shop, { type: "refund.succeeded" });
        await deliver(shop, { secret: FOREIGN });
        const page = await open(`/inbox/${shop}`);
        await rows(page).nth(1).waitFor();
        await page.getByRole("radio", { name: "Refused" }).check();
        await page.getByText("the signature is wrong").waitFor();
        await rows(page).nth(1).waitFor({ state: "detached" });
        await page.getByRole("radio", { name: "All" }).check();
        await page.getByLabel("Find in the deliveries shown").fill("refund.succeeded");
        await page.getByText("the signature is wrong").waitFor({ state: "detached" });
        await page.getByLabel("Find in the deliveries shown").fill("nothing like it");
        await page.getByRole("heading", { name: "Nothing here fits" }).waitFor();
        await shown(page, "inbox-nothing-fits");
        await page.getByLabel("Find in the deliveries shown").fill("");
        await page.getByRole("button", { name: "Clear" }).click();
        await page.getByRole("heading", { name: "No webhook has arrived yet" }).waitFor();
        await page.context().close();
      });

      test("the front page leads to both, and explains every fault the sandbox knows", async () => {
        const armed = { kind: "notification_lost", match: { out_trade_no: "TEA_1" }, rate: 0.5, count: 3 };
        await postJson(`${sandbox.url}/faults`, armed);
        const page = await open("/");
        const { data } = (await (await fetch(`${sandbox.url}/faults/kinds`)).json()) as { data: object[] };
        await page
          .locator("#kinds dt")
          .nth(data.length - 1)
          .waitFor();
        await page.getByText("for TEA_1, 50 % of the time, 3 left").first().waitFor();
        await shown(page, "index");
        await page.getByRole("link", { name: /^Shop inbox/ }).click();
        await page.waitForURL("**/inbox");
        await page.context().close();
      });
    });
  }
});
