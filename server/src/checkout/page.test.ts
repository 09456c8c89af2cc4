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

  async function open(payment: Json, more: { userAgent?: string; viewport?: object } = {}) {
    const page = await browser.newPage({ locale: "en-GB", ...(more as object) });
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

  const PHONE = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/130.0 Mobile Safari/537.36";
  const apps: [string, string, string[], string | null][] = [
    ["WeChat", "MicroMessenger/8.0.50", ["wechat.native", "alipay.qr", "unionpay.qr"], "Inside WeChat only"],
    ["WeCom", "MicroMessenger/7.0.1 wxwork/4.1", [], "Inside WeCom only"],
    ["a mini program", "MicroMessenger/8.0.50 miniProgram", [], "Inside a WeChat mini program only"],
    ["AlipayHK", "AlipayClient/10.3 AlipayConnect", [], "Inside AlipayHK only"],
    ["Alipay by its older name", "AliApp(AP/10.6.0)", ["alipay.qr", "alipay.wap"], "Inside Alipay only"],
    ["UnionPay's app", "com.unionpay.mobilepay", ["unionpay.page", "unionpay.qr"], "Inside UnionPay only"],
    ["no app", "", ["alipay.wap"], null],
  ];
  for (const [title, agent, first, advice] of apps) {
    test(`inside ${title} it offers what opens there, as the scan page does`, async () => {
      const { body: payment } = await platform.pay();
      const { page } = await open(payment, {
        userAgent: `${PHONE} ${agent}`.trim(),
        viewport: { width: 390, height: 844 },
      });
      await page.locator("[data-method]").first().waitFor();
      const offered = await page
        .locator("[data-method]")
        .evaluateAll((all) => all.map((one) => one.getAttribute("data-method") ?? ""));
      const pages = offered.filter((method) => !/\.(qr|native)$/.test(method));
      assert.deepEqual(first.length === 0 ? pages : offered.slice(0, first.length), first);
      assert.equal(await page.getByText("some ways to pay work").count(), advice === null ? 0 : 1);
      if (advice !== null) await page.getByText(advice).waitFor();
      await page.close();
    });
  }

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
