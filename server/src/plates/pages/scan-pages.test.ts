import assert from "node:assert/strict";
import { test } from "node:test";
import { payingApps, walletOfUserAgent } from "../../codes/index.ts";
import { elsewhere } from "./scan-pages.ts";

const WECOM = walletOfUserAgent("Mozilla/5.0 (Linux; Android 14) MicroMessenger/8.0.49 wxwork/4.1.0");

test("a browser is told which wallets can pay, and of none that are missing: it has the cashier", () => {
  assert.match(elsewhere("en", null, payingApps())?.html ?? "", /Scan this code with WeChat, Alipay/);
  assert.equal(elsewhere("en", null, []), null);
});

test("an app that cannot pay is told so, whether others can or not", () => {
  assert.match(elsewhere("en", WECOM, payingApps())?.html ?? "", /cannot be paid inside WeCom; scan it with/);
  assert.match(elsewhere("en", WECOM, [])?.html ?? "", /No wallet can pay here/);
});
