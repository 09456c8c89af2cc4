import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { state } from "../test/states.ts";
import { formatMoney } from "./money.ts";
import { delayUntilNext } from "./polling.ts";
import { deviceOf, methodsFor, remaining, screenOf, startsByItself, webAddress } from "./screen.ts";
import { tongueFor, walletOf } from "./texts.ts";

describe("money on the cashier page", () => {
  const cases: [number | bigint, string, string, string][] = [
    [2850, "CNY", "zh-CN", "¥28.50"],
    [5, "CNY", "en", "¥0.05"],
    [0, "USD", "en", "$0.00"],
    [-1234, "EUR", "en", "-€12.34"],
    [1500, "JPY", "en", "¥1,500"],
    [1234567, "KWD", "en", "KWD 1,234.567"],
    [Number.MAX_SAFE_INTEGER, "CNY", "en", "¥90,071,992,547,409.91"],
    [123456789012345678901n, "CNY", "en", "¥1,234,567,890,123,456,789.01"],
  ];
  for (const [amount, currency, locale, written] of cases) {
    test(`writes ${amount} ${currency} for ${locale} as ${written}`, () => {
      assert.equal(formatMoney(amount, currency, locale).replaceAll("\u00a0", " "), written);
    });
  }

  test("no digit is ever lost or changed", () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 10n ** 24n }),
        fc.constantFrom("CNY", "JPY", "KWD"),
        (amount, code) => {
          assert.equal(BigInt(formatMoney(amount, code, "en").replace(/\D/g, "")), amount);
        },
      ),
    );
  });
});

describe("what is shown where", () => {
  const names = (device: "phone" | "desktop") =>
    methodsFor(state("choose").methods, device).map((method) => method.method);

  test("a phone is offered its app first and never the computer's page", () => {
    assert.deepEqual(names("phone"), ["alipay.wap", "alipay.qr"]);
  });

  test("a computer is offered the code first and never the phone's page", () => {
    assert.deepEqual(names("desktop"), ["alipay.qr", "alipay.page"]);
  });

  test("a code is shown unasked only where it is the only one", () => {
    const choose = (...names: string[]) =>
      screenOf(
        state("choose", { methods: names.map((method) => ({ method, label: "", hint: "" })) }),
        "desktop",
      );
    assert.equal(startsByItself(choose("alipay.page", "alipay.qr"), "desktop"), "alipay.qr");
    assert.equal(startsByItself(choose("alipay.qr", "wechat.native"), "desktop"), null);
  });

  test("whoever looks at one way to pay is offered all the others", () => {
    const methods = ["alipay.qr", "wechat.native", "alipay.page"].map((method) => ({
      method,
      label: "",
      hint: "",
    }));
    const action = { type: "qr_code", qr_code: "weixin://wxpay/bizpayurl?pr=x" } as const;
    const screen = screenOf(
      state("pay", { methods, method: "wechat.native", next_action: action }),
      "desktop",
    );
    assert.ok(screen.kind === "scan");
    assert.deepEqual(
      screen.others.map(({ method }) => method),
      ["alipay.qr", "alipay.page"],
    );
  });

  test("a payment with one way to pay offers it on any device", () => {
    const only = [{ method: "alipay.wap", label: "Alipay", hint: "" }];
    assert.deepEqual(methodsFor(only, "desktop"), only);
  });

  test("a view that a newer server invents is shown as being confirmed, never as paid", () => {
    assert.equal(screenOf(state("held" as "paid"), "phone").kind, "confirming");
  });

  test("a redirect to anything but the web is not offered", () => {
    const action = { type: "redirect", url: "javascript:alert(1)" } as const;
    assert.equal(screenOf(state("pay", { next_action: action }), "phone").kind, "choose");
    assert.equal(webAddress("data:text/html,x"), null);
    assert.equal(webAddress("https://shop.example/order"), "https://shop.example/order");
  });

  test("a phone is known by its name or by its small touch screen", () => {
    assert.equal(deviceOf("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0)", true, 390), "phone");
    assert.equal(deviceOf("Mozilla/5.0 (X11; Linux x86_64)", false, 500), "desktop");
    assert.equal(deviceOf("Mozilla/5.0 (X11; Linux x86_64)", true, 500), "phone");
  });

  test("time left is counted to the second, and a far day is told as a date", () => {
    assert.deepEqual([0, 999, 61_000, 3_600_000, 86_400_000].map(remaining), [
      "0:00",
      "0:01",
      "1:01",
      "1:00:00",
      null,
    ]);
  });

  test("the browser's first language that the page speaks wins, with its region", () => {
    assert.equal(tongueFor(["fr-FR", "zh-TW", "en"]).locale, "zh-TW");
    assert.equal(tongueFor(["fr-FR"]).locale, "en");
    assert.equal(tongueFor(["en-US@posix"]).locale, "en");
    assert.equal(tongueFor(["zh_CN.UTF-8"]).locale, "zh");
  });

  test("a wallet is named only where it can be no other", () => {
    const { texts } = tongueFor(["en"]);
    assert.equal(walletOf(null, ["alipay.qr", "wechat.native"], texts), null);
    assert.equal(walletOf("alipay.qr", ["alipay.qr", "wechat.native"], texts), "Alipay");
    assert.equal(walletOf(null, ["wechat.native", "wechat.h5"], texts), "WeChat");
  });
});

describe("when the page asks again", () => {
  test("as the server wishes, within bounds", () => {
    assert.equal(delayUntilNext({ pollAfterMs: 2_000, failures: 0, hidden: false }), 2_000);
    assert.equal(delayUntilNext({ pollAfterMs: 1, failures: 0, hidden: false }), 500);
    assert.equal(delayUntilNext({ pollAfterMs: null, failures: 0, hidden: false }), null);
  });

  test("to be sure, no more, where the server tells by itself, and as before where that fails", () => {
    const waiting = { pollAfterMs: 2_000, failures: 0, hidden: false };
    assert.equal(delayUntilNext({ ...waiting, live: true }), 30_000);
    assert.equal(delayUntilNext({ ...waiting, live: false }), 2_000);
    assert.equal(delayUntilNext({ ...waiting, failures: 1, live: true }), 1_000);
  });

  test("rarely while nobody looks, slower and slower while nobody answers, but always", () => {
    assert.equal(delayUntilNext({ pollAfterMs: 2_000, failures: 0, hidden: true }), 10_000);
    const waits = [1, 2, 3, 50].map((failures) =>
      delayUntilNext({ pollAfterMs: null, failures, hidden: false }),
    );
    assert.deepEqual(waits, [1_000, 2_000, 4_000, 15_000]);
  });
});
