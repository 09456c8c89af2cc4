import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { launchBrowser } from "../../../../tools/testing/browser.ts";
import { look, openPage, SCREENS } from "../../../../web/checkout/test/look.ts";
import { type Form, startUnionpayBench, type UnionpayBench } from "../../testing/unionpay.ts";
import { escaped } from "./html.ts";

let bench: UnionpayBench;
const front = "/gateway/api/frontTransReq.do";
const merchant_name = '<b>Tea & "Co"</b> 茶';

before(async () => {
  bench = await startUnionpayBench({ merchant: { merchant_name } });
});
after(() => bench.stop());

async function send(form: Form): Promise<{ html: string; policy: string }> {
  const answer = await fetch(`${bench.url}${front}`, { method: "POST", body: new URLSearchParams(form) });
  assert.equal(answer.status, 200);
  assert.match(answer.headers.get("content-type")!, /^text\/html/);
  return { html: await answer.text(), policy: answer.headers.get("content-security-policy")! };
}

const formText = (form: Form): string => new URLSearchParams(form).toString();

void describe("the cashier's page, as a program sees it", () => {
  void test("shows a signed order under a strict policy, with what comes from outside escaped", async () => {
    const { html, policy } = await send(bench.front("FRONT00001"));
    assert.ok(html.includes(escaped(merchant_name)) && !html.includes(merchant_name));
    assert.ok(html.includes("CNY 12.34") && html.includes("FRONT00001"));
    assert.match(policy, /default-src 'none'; script-src 'self'.*form-action 'self'; frame-ancestors 'none'/);
    assert.ok(!/<script(?! type="module" src="\/assets)|style=|onclick/.test(html));
    assert.equal((await bench.query("FRONT00001")).respCode, "34");
  });

  void test("says why it shows nothing", async () => {
    const form = bench.front("FRONT00002");
    assert.match((await send({ ...form, txnAmt: "1" })).html, /<h2>11<\/h2>/);
    assert.match((await send(bench.front("FRONT00002", { frontUrl: "" }))).html, /\[frontUrl\]/);
    assert.match((await send(bench.front("FRONT00002", { bizType: "000000" }))).html, /\[bizType\]/);
  });

  void test("shows the same order to the same form, and refuses another under its number", async () => {
    const tokenOf = (html: string): string => /cashier\/([^/"]+)\/pay/.exec(html)![1]!;
    const first = await send(bench.front("FRONT00003"));
    const again = await send(bench.front("FRONT00003"));
    assert.equal(tokenOf(first.html), tokenOf(again.html));
    assert.match((await send(bench.front("FRONT00003", { txnAmt: "1" }))).html, /<h2>12<\/h2>/);
    await bench.applyQr("FRONT00004");
    assert.match((await send(bench.front("FRONT00004"))).html, /<h2>12<\/h2>/);
  });

  void test("is opened and paid by the wallet's routes, from the form alone", async () => {
    const code = formText(bench.front("FRONT00005", { channelType: "08" }));
    const scanned = (await bench.post("/wallet/scan", { code })).body.trade as Record<string, unknown>;
    assert.deepEqual([scanned.channel, scanned.scene, scanned.status], ["unionpay", "front", "UNPAID"]);
    const { body } = await bench.post("/wallet/pay", { code });
    const back = body.redirect_url as string;
    assert.match(back, /\/unionpay\/return\//);
    const page = await fetch(back);
    const html = await page.text();
    assert.ok(html.includes(`<form method="post" action="${bench.backUrl}/return"`));
    const inputs = html.matchAll(/<input type="hidden" name="(.*?)" value="([^"]*)">/gs);
    const form = Object.fromEntries([...inputs].map(([, name, value]) => [name!, value!]));
    assert.equal(bench.doubts(form), null);
    assert.deepEqual([form.orderId, form.respCode, form.txnAmt], ["FRONT00005", "00", "1234"]);
    assert.equal((await bench.query("FRONT00005")).origRespCode, "00");
    const twice = await bench.post("/wallet/pay", { code });
    assert.equal((twice.body.error as { code: string }).code, "ORDERPAID");
  });

  void test("fails, stays open, and is 05 until it is paid", async () => {
    const code = formText(bench.front("FRONT00006"));
    const failed = (await bench.post("/wallet/fail", { code })).body.trade as Record<string, unknown>;
    assert.deepEqual([failed.status, failed.last_failure], ["UNPAID", "卡上的余额不足"]);
    assert.equal((await bench.query("FRONT00006")).origRespCode, "05");
    await bench.post("/wallet/abandon", { code });
    assert.equal((await bench.post("/wallet/pay", { code })).status, 200);
  });

  void test("takes no form that it was not signed for, from the wallet either", async () => {
    const code = formText({ ...bench.front("FRONT00007"), txnAmt: "1" });
    const { status, body } = await bench.post("/wallet/pay", { code });
    assert.deepEqual([status, (body.error as { code: string }).code], [409, "UNIONPAY_11"]);
  });
});

void describe("the cashier's page, as a buyer sees it", () => {
  let browser: Browser;
  before(async () => {
    browser = await launchBrowser();
  });
  after(() => browser.close());

  const press = (page: Page, text: RegExp) => page.getByRole("button", { name: text }).click();

  for (const screen of SCREENS) {
    const shown = (page: Page, state: string) => look(page, `cashier-${state}-${screen.name}`);
    /** The shop's page, whose form the buyer's browser sends off by itself. */
    const arrive = async (orderId: string): Promise<Page> => {
      const page = await openPage(browser, screen, `${bench.url}/`);
      await page.route("**/shop", (route) => {
        const inputs = Object.entries(bench.front(orderId)).map(
          ([name, value]) => `<input name="${name}" value="${escaped(value)}">`,
        );
        const action = `${bench.url}${front}`;
        const body = `<form method="post" action="${action}">${inputs.join("")}<button>Go</button>`;
        return route.fulfill({ contentType: "text/html", body });
      });
      await page.goto(`${bench.url}/shop`);
      await press(page, /^Go/);
      await page.getByRole("heading", { name: /^UnionPay/ }).waitFor();
      return page;
    };

    void test(`pays and is sent back to the shop by a signed form, on a ${screen.name}`, async () => {
      const orderId = `PAYS${screen.name}`.padEnd(12, "0");
      const page = await arrive(orderId);
      await shown(page, "order");
      await press(page, /^Pay/);
      await page.waitForURL(`${bench.backUrl}/return`);
      const forms = await bench.hear(orderId, 2);
      assert.deepEqual(
        forms.map((form) => [bench.doubts(form), form.respCode, form.queryId]),
        [0, 1].map(() => [null, "00", forms[0]!.queryId]),
      );
      await page.context().close();
    });

    void test(`fails and walks away, and nobody is told, on a ${screen.name}`, async () => {
      const orderId = `FAILS${screen.name}`.padEnd(12, "0");
      const page = await arrive(orderId);
      await press(page, /^Fail/);
      await page.getByText("The last try failed").waitFor();
      await shown(page, "failed");
      await press(page, /^Walk away/);
      await page.getByRole("heading", { name: /^You walked away/ }).waitFor();
      await shown(page, "left");
      await page.getByRole("link", { name: /^Open it again/ }).click();
      await page.getByText("You had left").waitFor();
      assert.equal((await bench.query(orderId)).origRespCode, "05");
      assert.equal(bench.heard.filter((form) => form.orderId === orderId).length, 0);
      await page.context().close();
    });
  }
});
