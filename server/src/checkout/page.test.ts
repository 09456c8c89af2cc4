import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, test } from "node:test";
import { launchBrowser } from "../../../tools/testing/browser.ts";
import { type Json, startTestPlatform, type TestPlatform } from "../../../tools/testing/platform.ts";
import { sql } from "../kernel/database.ts";

const setAction = sql("test_set_form", "update attempts set next_action = $2 where channel_order_no = $1");
const WAIT_MS = 20_000;

/** The page as the platform serves it, with its own policy, in a browser. */
describe("the cashier in a browser", () => {
  let platform: TestPlatform;
  let browser: Awaited<ReturnType<typeof launchBrowser>>;
  let channel: Server;
  let channelUrl: string;

  before(async () => {
    [platform, browser] = await Promise.all([startTestPlatform(), launchBrowser()]);
    channel = createServer((request, response) => {
      let body = "";
      request.on("data", (part) => {
        body += part;
      });
      request.on("end", () => {
        const fields = new URLSearchParams(body);
        response.setHeader("content-type", "text/html; charset=utf-8");
        response.end(`<title>${request.method} ${fields.get("txnAmt")} ${fields.get("note")}</title>`);
      });
    });
    await new Promise<void>((resolve) => channel.listen(0, "127.0.0.1", resolve));
    channelUrl = `http://127.0.0.1:${(channel.address() as AddressInfo).port}`;
  });
  after(async () => {
    await browser.close();
    channel.closeAllConnections();
    channel.close();
    await platform.stop();
  });

  async function open(payment: Json) {
    const page = await browser.newPage({ locale: "en-GB" });
    page.setDefaultTimeout(WAIT_MS);
    const broken: string[] = [];
    page.on("console", (message) => {
      if (message.text().includes("Content Security Policy")) broken.push(message.text());
    });
    page.on("pageerror", (error) => broken.push(error.message));
    await page.goto(payment.cashier_url);
    return { page, broken };
  }

  test("is told of the payment over its stream, and keeps its own policy", async () => {
    const { body: payment } = await platform.pay({ method: "alipay.qr" });
    const { page, broken } = await open(payment);
    await page.getByRole("heading", { name: "Scan with Alipay" }).waitFor();
    const metric = async () => (await fetch(`${platform.baseUrl}/metrics`)).text();
    while (!/tributary_cashier_streams 1\n/.test(await metric())) await page.waitForTimeout(100);
    await platform.payCode(payment.next_action.qr_code);
    await page.getByRole("heading", { name: "Paid", exact: true }).waitFor();
    assert.deepEqual(broken, []);
    await page.close();
  });

  test("reaches a channel by a form, from a page whose policy knows that channel alone", async () => {
    const { body: payment } = await platform.pay({ method: "alipay.page" });
    const form = { txnAmt: "1234", note: 'a"b&c' };
    const action = JSON.stringify({ type: "redirect", url: `${channelUrl}/front`, form });
    const { channel_order_no: orderNo } = payment.attempts[0];
    await platform.app.cell.transact((tx) => tx.run(setAction, [orderNo, action]));
    const { page, broken } = await open(payment);
    await page.getByRole("button", { name: "Open Alipay" }).click();
    await page.waitForURL(`${channelUrl}/front`);
    assert.equal(await page.title(), 'POST 1234 a"b&c');
    assert.deepEqual(broken, []);
    await page.close();
  });
});
