/**
 * Whose scanner opened an address, told by the user agent of its browser. What matches no rule is an ordinary
 * browser, or an app that is not known here: nothing is guessed for it.
 */

/** An app that scans. */
export type ScanningApp = {
  /** A name for programs, such as `wechat`. */
  readonly app: string;
  /** What its users call it. */
  readonly displayName: { readonly zh: string; readonly en: string };
  /**
   * The channel whose orders can be paid inside its browser; null: none is, and the address must be opened in
   * another app.
   */
  readonly channel: string | null;
  /** The methods that can be paid inside its browser, the kindest first. */
  readonly methods: readonly string[];
};

type Rule = ScanningApp & { readonly pattern: RegExp };

const WECHAT = { zh: "微信", en: "WeChat" };
const ALIPAY = { zh: "支付宝", en: "Alipay" };
const UNIONPAY = { zh: "云闪付", en: "UnionPay" };
const NOTHING = { channel: null, methods: [] };

/**
 * The first rule that matches wins, so the more specific ones stand first: WeChat before QQ, whose mark
 * WeChat's browser bears too; UnionPay before JD, whose finance app announces itself as both.
 */
const RULES: readonly Rule[] = [
  // Neither can pay: the one has no wallet, a web page in the other is not given WeChat's bridge to pay.
  { app: "wecom", displayName: { zh: "企业微信", en: "WeCom" }, ...NOTHING, pattern: /wxwork\// },
  {
    app: "wechat_mini_program",
    displayName: { zh: "微信小程序", en: "a WeChat mini program" },
    ...NOTHING,
    pattern: /MicroMessenger\/.*miniProgram/i,
  },
  {
    app: "wechat",
    displayName: WECHAT,
    channel: "wechat",
    // Its H5 page refuses to open inside WeChat itself.
    methods: ["wechat.jsapi"],
    pattern: /MicroMessenger\/[\d.]+/,
  },
  { app: "alipay_hk", displayName: { zh: "AlipayHK", en: "AlipayHK" }, ...NOTHING, pattern: /AlipayConnect/ },
  {
    app: "alipay",
    displayName: ALIPAY,
    channel: "alipay",
    methods: ["alipay.wap", "alipay.jsapi"],
    pattern: /AlipayClient\/[\d.]+|AliApp\(AP\//,
  },
  {
    app: "unionpay",
    displayName: UNIONPAY,
    channel: "unionpay",
    methods: ["unionpay.page"],
    pattern: /UnionPay\/[\d.]+ [A-Za-z0-9]+|UPApp|com\.unionpay\.mobilepay/,
  },
  {
    app: "jd",
    displayName: { zh: "京东", en: "JD" },
    ...NOTHING,
    pattern: /jdapp;|JDJR-App|JDPayClient/,
  },
  { app: "qq", displayName: { zh: "QQ", en: "QQ" }, ...NOTHING, pattern: / QQ\/[\d.]+/ },
  { app: "bestpay", displayName: { zh: "翼支付", en: "Bestpay" }, ...NOTHING, pattern: /BestPay/i },
  { app: "ecny", displayName: { zh: "数字人民币", en: "e-CNY" }, ...NOTHING, pattern: /DCEPClient/ },
  { app: "douyin", displayName: { zh: "抖音", en: "Douyin" }, ...NOTHING, pattern: /aweme/i },
  { app: "meituan", displayName: { zh: "美团", en: "Meituan" }, ...NOTHING, pattern: /TitansX|MeituanGroup/ },
];

/** The app whose browser this is; null: an ordinary browser, or an app that is not known. */
export function walletOfUserAgent(userAgent: string): ScanningApp | null {
  const found = RULES.find((rule) => rule.pattern.test(userAgent));
  if (found === undefined) return null;
  const { pattern: _, ...app } = found;
  return app;
}

/** Every app in whose browser something can be paid, in the order in which buyers are told of them. */
export function payingApps(): readonly ScanningApp[] {
  return RULES.filter((rule) => rule.channel !== null).map(({ pattern: _, ...app }) => app);
}
