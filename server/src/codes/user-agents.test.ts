import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { payingApps, walletOfUserAgent } from "./user-agents.ts";

const PHONE = "Mozilla/5.0 (Linux; Android 14; V2309A) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0";

describe("the app that opened an address", () => {
  const cases: readonly [title: string, userAgent: string, app: string | null, channel: string | null][] = [
    ["WeChat", `${PHONE} MMWEBID/9 MicroMessenger/8.0.49.2600(0x28) NetType/WIFI`, "wechat", "wechat"],
    [
      "WeChat, whose browser names QQ's too",
      `${PHONE} MQQBrowser/6.2 QQ/9.0 MicroMessenger/8.0`,
      "wechat",
      "wechat",
    ],
    ["WeCom, which bears WeChat's mark", `${PHONE} MicroMessenger/7.0.1 wxwork/4.1.0`, "wecom", null],
    [
      "a mini program's web page",
      `${PHONE} MicroMessenger/8.0.49 miniProgram/wx12`,
      "wechat_mini_program",
      null,
    ],
    ["Alipay", `${PHONE} UCBS/3.22 NebulaSDK/1.8 AlipayDefined AlipayClient/10.6.0`, "alipay", "alipay"],
    ["Alipay by its older mark", `${PHONE} AliApp(AP/10.1.2)`, "alipay", "alipay"],
    ["Alipay's twin in Hong Kong", `${PHONE} AliApp(AP/1) AlipayConnect AlipayClient/1`, "alipay_hk", null],
    ["UnionPay", `${PHONE} (com.unionpay.chsp) UnionPay/1.0 CloudPay`, "unionpay", "unionpay"],
    ["a bank's app of UnionPay's family", `${PHONE} UnionPay/1.0 CCBLoongPay`, "unionpay", "unionpay"],
    ["JD's finance app, which is both", `${PHONE} JDJR-App UnionPay/1.0 JDJR`, "unionpay", "unionpay"],
    ["UnionPay by its older mark", `${PHONE} UPApp/5`, "unionpay", "unionpay"],
    ["JD", `jdapp;android;12.1.0 ${PHONE}`, "jd", null],
    ["QQ", `${PHONE} MQQBrowser/6.2 QQ/9.0.60`, "qq", null],
    ["QQ's browser, which is no wallet", `${PHONE} MQQBrowser/15.2`, null, null],
    ["Bestpay", `${PHONE} BestPay/10`, "bestpay", null],
    ["the digital RMB", `${PHONE} DCEPClient/1.1`, "ecny", null],
    ["Douyin", `${PHONE} aweme_280400`, "douyin", null],
    ["Meituan", `${PHONE} TitansX/12 MeituanGroup/12.1`, "meituan", null],
    ["a phone's browser", `${PHONE} Chrome/130.0 Mobile Safari/537.36`, null, null],
    ["something that only talks of a wallet", "curl/8 (MicroMessenger)", null, null],
    ["nothing", "", null, null],
  ];
  for (const [title, userAgent, app, channel] of cases) {
    it(title, () => {
      const found = walletOfUserAgent(userAgent);
      assert.deepEqual([found?.app ?? null, found?.channel ?? null], [app, channel]);
    });
  }

  it("can pay by a method of its own channel, or is told to buyers as none that can", () => {
    assert.deepEqual(
      payingApps().map(({ app }) => app),
      ["wechat", "alipay", "unionpay"],
    );
    for (const { channel, methods } of payingApps()) {
      assert.ok(methods.length > 0 && methods.every((method) => method.startsWith(`${channel}.`)));
    }
  });
});
