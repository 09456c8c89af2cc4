import assert from "node:assert/strict";
import { test } from "node:test";
import { sideOf as alipay } from "./alipay/sides.ts";
import { sideOf as wechat } from "./wechat/sides.ts";

const cases: [string, { readonly side?: string }, string | undefined][] = [
  ["Alipay: the app's authorisation has ended", alipay("20001", "aop.invalid-app-auth-token"), "channel"],
  ["Alipay: the app may not call this", alipay("40006", "isv.insufficient-isv-permissions"), "channel"],
  ["Alipay: our signature", alipay("40002", "isv.invalid-signature"), "channel"],
  ["Alipay: no such product in the contract", alipay("40004", "ACQ.ACCESS_FORBIDDEN"), "channel"],
  ["Alipay: the buyer's money", alipay("40004", "ACQ.BUYER_BALANCE_NOT_ENOUGH"), "buyer"],
  ["Alipay: what was asked", alipay("40004", "ACQ.INVALID_PARAMETER"), undefined],
  ["Alipay: an order that is there", alipay("40004", "ACQ.CONTEXT_INCONSISTENT"), undefined],
  ["Alipay: a code that nobody knows", alipay("40004", null), undefined],
  ["WeChat Pay: our signature", wechat("SIGN_ERROR"), "channel"],
  ["WeChat Pay: no right to the product", wechat("NO_AUTH"), "channel"],
  ["WeChat Pay: the buyer's account", wechat("ACCOUNT_ERROR"), "buyer"],
  ["WeChat Pay: what was asked", wechat("PARAM_ERROR"), undefined],
  ["WeChat Pay: an order that is there", wechat("INVALID_REQUEST"), undefined],
];

for (const [title, { side }, expected] of cases) {
  test(`${title}: ${expected ?? "the order's side, so no other account is tried"}`, () => {
    assert.equal(side, expected);
  });
}
