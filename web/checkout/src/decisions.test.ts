import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { INSIDE, method, state } from "../test/states.ts";
import type { NextAction } from "./api.ts";
import { brandColours, contrast, rgb } from "./brand.ts";
import { formatMoney } from "./money.ts";
import type { Place } from "./place.ts";
import { deviceOf, methodsFor } from "./place.ts";
import { delayUntilNext } from "./polling.ts";
import { remaining, screenOf, startsByItself, webAddress } from "./screen.ts";
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

const DESKTOP: Place = { device: "desktop", inside: null };
const PHONE: Place = { device: "phone", inside: null };
const NOW = Date.parse("2026-03-01T12:00:00Z");

describe("what is shown where", () => {
  const every = [
    "alipay.qr",
    "alipay.page",
    "alipay.wap",
    "wechat.native",
    "wechat.h5",
    "unionpay.page",
    "card",
  ].map((name) => method(name, name === "unionpay.page" ? { devices: ["desktop", "phone"] } : {}));
  const names = (place: Place, methods = every) => methodsFor(methods, place).map((one) => one.method);

  const places: [string, Place, string[]][] = [
    [
      "a computer: codes first, never a phone's page",
      DESKTOP,
      ["alipay.qr", "wechat.native", "alipay.page", "unionpay.page", "card"],
    ],
    [
      "a phone: the wallets first, then codes for another phone",
      PHONE,
      ["alipay.wap", "wechat.h5", "unionpay.page", "card", "alipay.qr", "wechat.native"],
    ],
    [
      "inside Alipay: Alipay, and no other wallet's page",
      { device: "phone", inside: INSIDE.alipay },
      ["alipay.qr", "alipay.wap", "card", "wechat.native"],
    ],
    [
      "inside WeChat: no page of a wallet opens there, not even its own",
      { device: "phone", inside: INSIDE.wechat },
      ["wechat.native", "card", "alipay.qr"],
    ],
    [
      "inside UnionPay: its page first",
      { device: "phone", inside: INSIDE.unionpay },
      ["unionpay.page", "card", "alipay.qr", "wechat.native"],
    ],
    [
      "inside an app without a wallet: codes for another phone, and no wallet's page",
      { device: "phone", inside: INSIDE.wecom },
      ["card", "alipay.qr", "wechat.native"],
    ],
  ];
  for (const [title, place, expected] of places) {
    test(title, () => assert.deepEqual(names(place), expected));
  }

  test("the merchant's order comes before the usual one, and what it left out follows", () => {
    const ordered = every.map((one) => {
      const order = ["card", "alipay.page"].indexOf(one.method);
      return { ...one, order: order === -1 ? null : order };
    });
    assert.deepEqual(names(DESKTOP, ordered).slice(0, 3), ["card", "alipay.page", "alipay.qr"]);
  });

  test("what waits in an app is said, and not ended unasked", () => {
    const one = { methods: [method("alipay.qr")] };
    const waiting = screenOf(state("choose", { ...one, open_in_app: true }), DESKTOP, NOW);
    assert.ok(waiting.kind === "choose" && waiting.inApp);
    assert.equal(startsByItself(waiting, DESKTOP), null);
    assert.equal(startsByItself(screenOf(state("choose", one), DESKTOP, NOW), DESKTOP), "alipay.qr");
  });

  test("who is inside a wallet that blocks something is told so", () => {
    const screen = screenOf(state("choose"), { device: "phone", inside: INSIDE.wechat }, NOW);
    assert.ok(screen.kind === "choose" && screen.blocked);
    // A computer's page would not have been offered on this phone anyway.
    const alipay = screenOf(state("choose"), { device: "phone", inside: INSIDE.alipay }, NOW);
    assert.ok(alipay.kind === "choose" && !alipay.blocked);
    const outside = screenOf(state("choose"), PHONE, NOW);
    assert.ok(outside.kind === "choose" && !outside.blocked);
  });

  test("a code is shown unasked only where it is the only one", () => {
    const choose = (...wanted: string[]) =>
      screenOf(state("choose", { methods: wanted.map((name) => method(name)) }), DESKTOP, NOW);
    assert.equal(startsByItself(choose("alipay.page", "alipay.qr"), DESKTOP), "alipay.qr");
    assert.equal(startsByItself(choose("alipay.qr"), PHONE), null);
    assert.equal(startsByItself(choose("alipay.qr", "wechat.native"), DESKTOP), null);
  });

  test("whoever looks at one way to pay is offered all the others", () => {
    const methods = ["alipay.qr", "wechat.native", "alipay.page"].map((name) => method(name));
    const action = { type: "qr_code", qr_code: "weixin://wxpay/bizpayurl?pr=x" } as const;
    const live = state("pay", { methods, method: "wechat.native", next_action: action });
    const screen = screenOf(live, DESKTOP, NOW);
    assert.ok(screen.kind === "scan");
    assert.deepEqual(
      screen.others.map((one) => one.method),
      ["alipay.qr", "alipay.page"],
    );
  });

  test("a payment with one way to pay offers it on any device", () => {
    const only = [method("alipay.wap")];
    assert.deepEqual(methodsFor(only, DESKTOP), only);
  });

  test("a code that is dead is not shown, and a dead link keeps its button", () => {
    const dying = (action: NextAction) =>
      state("pay", { next_action: action, renew_at: new Date(NOW).toISOString() });
    const code = { type: "qr_code", qr_code: "x" } as const;
    assert.equal(screenOf(dying(code), DESKTOP, NOW - 1).kind, "scan");
    assert.equal(screenOf(dying(code), DESKTOP, NOW).kind, "renew");
    assert.equal(screenOf(dying({ type: "redirect", url: "https://x.example" }), PHONE, NOW).kind, "go");
  });

  test("a view that a newer server invents is shown as being confirmed, never as paid", () => {
    assert.equal(screenOf(state("held" as "paid"), PHONE, NOW).kind, "confirming");
  });

  test("a redirect to anything but the web is not offered", () => {
    const action = { type: "redirect", url: "javascript:alert(1)" } as const;
    assert.equal(screenOf(state("pay", { next_action: action }), PHONE, NOW).kind, "choose");
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

describe("the merchant's colour", () => {
  const colour = fc.integer({ min: 0, max: 0xffffff }).map((n) => `#${n.toString(16).padStart(6, "0")}`);

  test("can be read on and read in, whatever it is, by day and in the dark", () => {
    fc.assert(
      fc.property(colour, fc.constantFrom("#eef1f5", "#1f2a36"), (own, paper) => {
        const { brand, ink, text } = brandColours(own, paper);
        assert.equal(brand, own);
        assert.ok(contrast(rgb(brand), rgb(ink)) >= 4.5);
        assert.ok(contrast(rgb(text), rgb(paper)) >= 4.5);
      }),
    );
  });

  test("stays as it is where it can be read", () => {
    assert.equal(brandColours("#0b5d1e", "#ffffff").text, "#0b5d1e");
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

describe("why a way to pay did not work", () => {
  const [english, chinese] = [tongueFor(["en"]).texts.problems, tongueFor(["zh-CN"]).texts.problems];

  test("is said in both languages, and for no buyer in the words that a merchant's programmers read", () => {
    assert.deepEqual(Object.keys(chinese), Object.keys(english));
    for (const code of [
      "method_not_available",
      "no_account_available",
      "amount_out_of_range",
      "order_refused",
    ]) {
      assert.match(english[code] ?? "", /choose another/, code);
    }
  });
});
